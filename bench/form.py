"""How heavy the client's form is, and how soon it stands on a slow phone.

    python bench/form.py

Bytes on the wire with a cold cache, and the first paint on a phone with a
processor four times slower than this one: without a brake, and as slow 4G
(1.6 Mbit/s down, 0.75 up, 150 ms there and back). Medians of several visits.
"""

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.chdir(sys.path[0])

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.browser import launch  # noqa: E402
from tests.demo_server import ask_afresh, running_demo  # noqa: E402

VISITS = 9
NETWORKS = {"no brake": None, "slow 4G": (1.6e6, 0.75e6, 150)}
PAINT = """
() => Math.round(performance.getEntriesByName("first-contentful-paint")[0].startTime)
"""


def main():
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(folder) as demo,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        for measure in ("session", "session-short"):
            form = f"{demo.base}/r/{demo.shell(ask_afresh(measure))}/"
            sizes = weigh(browser, form)
            print(f"{measure}: {sum(sizes.values()):,} bytes on the wire, cold")
            for name, size in sizes.items():
                print(f"    {size:>7,}  {name}")
            for name, network in NETWORKS.items():
                times = [paint(browser, form, network) for _visit in range(VISITS)]
                print(f"    first paint, {name}: {median(times)} ms ({min(times)}–{max(times)})")
        browser.close()


def visit(browser):
    """Open a phone that has never been here."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    return context, context.new_page()


def weigh(browser, form):
    """Return the bytes of each answer, headers included."""
    context, page = visit(browser)
    done = []
    page.on("requestfinished", lambda request: done.append(request))
    page.goto(form, wait_until="networkidle")
    sizes = {}
    for request in done:
        size = request.sizes()
        name = request.url.rsplit("/static/", 1)[-1] if "/static/" in request.url else "the page"
        sizes[name] = size["responseBodySize"] + size["responseHeadersSize"]
    context.close()
    return sizes


def paint(browser, form, network):
    context, page = visit(browser)
    devtools = context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    if network:
        down, up, latency = network
        devtools.send("Network.enable")
        devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": latency,
                "downloadThroughput": down / 8,
                "uploadThroughput": up / 8,
            },
        )
    page.goto(form, wait_until="load")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    took = page.evaluate(PAINT)
    context.close()
    return took


if __name__ == "__main__":
    main()

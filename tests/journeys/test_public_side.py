"""The clients' pages served alone by the real server, before real browsers and scanners."""

import http.server
import re
import threading
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.demo_server import served_alone
from tests.journeys.conftest import look_over, use_buttons
from tests.public_paths import FRESH, answer_to, fuzz

FOLLOW = """link => {
  const way = Object.assign(document.createElement("a"), {href: link});
  document.body.append(way);
  way.click();
}"""
BLOCKED = "document.body.append(Object.assign(new Image(), {src: 'https://evil.example/x'}))"
PLACES = ("/", "/caseload/", "/sign-in/", "/sign-in", "/hand-over/", "/demo/x/", "/static/", "/r/")


@pytest.fixture(scope="module")
def alone(demo):
    """Serve the clients' pages of the demonstration alone; return where, and the log."""
    with served_alone(demo) as (base, log):
        yield base, log


@pytest.fixture
def secret(demo):
    return demo.shell(FRESH)


def port(base):
    return int(base.rpartition(":")[2])


def test_the_form_is_answered_where_nothing_else_is_served(alone, secret, open_page):
    base, _log = alone
    page = open_page("phone")
    page.goto(f"{base}/r/{secret}/")
    look_over(page)
    use_buttons(page)
    page.locator("fieldset").first.locator("input[value='4']").check()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    look_over(page)
    assert page.context.cookies() == []
    for place in PLACES:
        assert page.goto(base + place).status == 404
        expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    page.wrong.clear()  # The browser notes each 404 itself.
    look_over(page)


def test_fifty_looks_by_scanners_and_headless_browsers_leave_the_link_usable(
    demo, alone, secret, open_page
):
    for base in (demo.base, alone[0]):
        address = f"/r/{secret}/".encode()
        for method in (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"TRACE") * 3:
            status, body = answer_to(port(base), method, address)
            assert status == (200 if method in {b"GET", b"HEAD"} else 405)
            assert (body == b"") == (method != b"GET")
        for agent in ("curl/8.5", "Mozilla/5.0 SafeLinks", "python-requests/2"):
            asked = urllib.request.Request(base + address.decode(), headers={"User-Agent": agent})
            assert urllib.request.urlopen(asked).status == 200
        for script in (True, False):
            page = open_page("phone", java_script_enabled=script)
            for _time in range(3):
                assert page.goto(base + address.decode()).status == 200
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def test_a_few_hundred_bent_addresses_find_nothing(alone, secret):
    statuses, wrong = fuzz(port(alone[0]), secret, 400)
    assert wrong == []
    assert sum(statuses.values()) == 400
    assert statuses[404] > 300
    assert statuses[200] > 0, "the good one is among them"


def test_the_secret_is_told_to_nobody_by_referer(alone, secret, open_page):
    """Neither to our own style sheets, whose fetches a proxy may log, nor to another origin."""
    base, _log = alone
    heard = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(dict(self.headers))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args):
            """Say nothing."""

    elsewhere = http.server.HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    page, asked = open_page("phone"), []
    page.on("request", lambda request: asked.append(request))
    for address in (f"{base}/r/{secret}/", f"{base}/r/{secret[::-1]}/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        link = f"http://127.0.0.1:{elsewhere.server_port}/"
        page.evaluate(FOLLOW, link)
        page.wait_for_timeout(300)
    page.goto(f"{base}/r/{secret}/")
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    elsewhere.shutdown()
    elsewhere.server_close()
    assert len(heard) == 2
    assert len([request for request in asked if "/static/" in request.url]) >= 4
    told = [headers.get("Referer", "") for headers in heard]
    told += [request.all_headers().get("referer", "") for request in asked]
    assert set(told) <= {"", f"{base}/"}
    assert f"{base}/" in told, "that a browser says where it comes from is seen at all"


def test_the_server_writes_no_secret_and_names_no_version(demo, alone, secret):
    base, log = alone
    for path in (f"/r/{secret}/", f"/r/{secret}", f"/nowhere/r/{secret}/", f"//r/{secret}/"):
        for method in (b"GET", b"POST", b"PUT"):
            answer_to(port(base), method, path.encode())
    answer_to(port(base), b"GET", f"/r/{secret}/ bad".encode())
    answer_to(port(base), b"GET", f"/r/{secret}{'x' * 5000}".encode())
    written = log.read_text()
    assert "/r/***" in written
    assert secret not in written
    with urllib.request.urlopen(f"{base}/healthz") as answer:
        assert not re.search(r"\d", answer.headers["Server"])
    dump = demo.shell(
        "from django.core.management import call_command; call_command('dumpdata', verbosity=0)"
    )
    assert len(dump) > 100_000
    assert secret not in dump


def test_what_the_policy_blocks_is_reported_without_the_address_of_the_page(
    alone, secret, open_page
):
    base, log = alone
    page = open_page("phone")
    page.goto(f"{base}/r/{secret}/")
    with page.expect_request("**/policy-report/") as reported:
        page.evaluate(BLOCKED)
    assert secret in reported.value.post_data, "the browser tells the page; it is not kept"
    for _try in range(50):
        page.wait_for_timeout(100)
        if "img-src" in log.read_text():
            break
    assert "The policy blocked img-src from https://evil.example\n" in log.read_text()
    assert secret not in log.read_text()
    page.wrong.clear()

"""A real browser before the real server, and the eyes that watch every page of a journey."""

import os
from contextlib import nullcontext

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.browser import launch
from tests.conftest import PASSWORD
from tests.demo_server import behind_the_wall, running_demo

WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
WCAG = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"target-size": {"enabled": True}},
}
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""
PASSWORDS = f"""
from sessions_app.access.models import User
for name in ("theo", "nadia", "sue", "olga"):
    user = User.objects.get(email=f"{{name}}@demo.example")
    user.set_password({PASSWORD!r})
    user.save()
"""


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demonstration, with passwords for those who sign in by hand.

    On PostgreSQL its server works in a role that the second wall holds back.
    """
    engine = os.environ.get("JOURNEY_DATABASE_URL", "")
    with running_demo(tmp_path_factory.mktemp("var"), DATABASE_URL=engine) as running:
        running.shell(PASSWORDS)
        with behind_the_wall(running) if engine else nullcontext(running) as served:
            yield served


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open pages as a person with a device of this width and theme would."""
    contexts = []

    def opened(device="desk", theme="light", **options):
        width, height = WIDTHS.get(device) or device
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            has_touch=width < 600,
            **options,
        )
        context.set_default_timeout(10_000)
        context.add_init_script(WATCH)
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on(
            "console",
            lambda said: page.wrong.append(said.text) if said.type == "error" else None,
        )
        return page

    yield opened
    for context in contexts:
        context.close()


def look_over(page):
    """Check a page as it stands: accessible, within its policy, no wider than the screen."""
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.violations") == []
    assert page.wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate(
        "document.documentElement.clientWidth"
    ), page.url
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def use_buttons(page):
    """Answer on buttons from here on, as whoever would rather not touch a line."""
    page.get_by_role("button", name="Use buttons, not a line").click()


def comment_box(page):
    """Return where a comment is written, unfolded."""
    page.locator("details.comment").wait_for()
    folded = page.locator("details.comment:not([open]) > summary")
    if folded.count():
        folded.click()
    return page.get_by_role("textbox")


def sign_in(page, demo, name):
    """Sign in by e-mail and password, as on any day."""
    page.goto(f"{demo.base}/")
    page.get_by_label("Email").fill(f"{name}@demo.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()

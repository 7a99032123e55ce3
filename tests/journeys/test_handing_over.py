"""The therapist's own phone in the client's hand: one form, and nothing of staff."""

import json
import time
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.browser import launch
from tests.conftest import PASSWORD
from tests.journeys.conftest import comment_box, look_over, sign_in, use_buttons

# A session to rate in the episode of Theo's client, and a comment that is his alone to read.
FRESH = """
from datetime import timedelta
from django.utils import timezone
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import log_session
episode = Episode.objects.open().get(client__code="D-162")
at = timezone.now() - timedelta(minutes=episode.sessions.count())
print(log_session(episode=episode, starts_at=at, by=episode.therapist.user).pk)
"""
# Every address of the project, with the ids of what Theo may read wherever an id stands.
ADDRESSES = """
import json, re
from itertools import product
from django.urls import get_resolver
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode
episode = Episode.objects.open().get(client__code="D-162")
FITTING = {
    "uuid": [episode.pk, episode.client_id, episode.sessions.held().last().pk],
    "int": [episode.therapist_id, episode.therapist.practice_id],
    "str": ["x", "trend"], "slug": ["x"], "path": ["x"],
}
def routes(patterns, before=""):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route
def addresses():
    for route in routes(get_resolver().url_patterns):
        plain = re.sub(r"\\(\\?P<\\w+>.*?\\)", "<str:x>", route.replace("\\\\Z", "")).strip("^$")
        parts = re.split(r"<(\\w+):\\w+>", plain)
        for chosen in product(*(FITTING[kind] for kind in parts[1::2])):
            filled = [str(thing) for pair in zip(parts[::2], [*chosen, ""]) for thing in pair]
            yield "/" + "".join(filled)
print(json.dumps(sorted(set(addresses()))))
"""
STATE = """
from alliance.ratings.models import RatingRequest
asked = RatingRequest.objects.filter(channel="device", respondent="client").latest("asked_at")
print(asked.closing or "open", asked.strays)
"""
FETCHED = """async (address) => {
  const answer = await fetch(address, {redirect: "manual"});
  return [answer.status, await answer.text()];
}"""
# What of staff must never be seen on the device: codes, names, words of their pages.
STAFF = ("D-162", "K-231", "Theo", "Your clients", "Sign out", "Supervision", "Ask your client")
BESIDE_THE_FORM = {"/healthz", "/policy-report/", "/hand-over/back/"}


@pytest.fixture
def handed(demo, open_page):
    """Sign Theo in on a phone, have him hand it over, and return the page with the form."""
    page = open_page("phone")
    sign_in(page, demo, "theo")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")
    hand_over(page, demo)
    return page


def hand_over(page, demo):
    page.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    page.get_by_role("button", name="Hand over this device").tap()
    expect(page.get_by_role("button", name="Send my answers")).to_be_visible()


def answer(page, comment="Only for Theo."):
    use_buttons(page)
    for statement in page.locator("form > fieldset").all():
        statement.locator("label", has_text="7").first.tap()
    comment_box(page).fill(comment)
    page.get_by_role("button", name="Send my answers").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def nothing_of_staff(page):
    shown = page.title() + page.content()
    assert not [word for word in STAFF if word in shown], page.url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_is_handed_over_answered_on_and_handed_back(demo, open_page, theme):
    page = open_page("phone", theme)
    sign_in(page, demo, "theo")
    page.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    page.get_by_text("What happens when you hand it over").tap()
    expect(page.get_by_text("You are signed out here")).to_be_visible()
    look_over(page)

    # One touch: the form, at an address that tells nothing, and no session any more.
    page.get_by_role("button", name="Hand over this device").tap()
    expect(page.get_by_role("button", name="Send my answers")).to_be_visible()
    assert page.url == f"{demo.base}/hand-over/"
    assert {cookie["name"] for cookie in page.context.cookies()} <= {"hand-over", "csrftoken"}
    nothing_of_staff(page)
    page.get_by_text("For staff").tap()
    expect(page.get_by_text("Marks that were not sent are lost.")).to_be_visible()
    look_over(page)
    page.get_by_text("For staff").tap()

    # The client answers, and is thanked without data.
    answer(page)
    assert page.url == f"{demo.base}/hand-over/"
    assert not any(character.isdigit() for character in page.locator("main").inner_text())
    expect(page.get_by_text("Please hand the device back.")).to_be_visible()
    nothing_of_staff(page)
    look_over(page)

    # Back to staff is a full sign-in.
    page.get_by_role("button", name="Back to staff").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert not [cookie for cookie in page.context.cookies() if cookie["name"] == "hand-over"]
    page.goto(f"{demo.base}/caseload/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("Email").fill("theo@demo.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")


def test_with_the_cookie_no_address_of_the_project_gives_a_byte_of_staff(demo, handed):
    addresses = json.loads(demo.shell(ADDRESSES))
    assert len(addresses) > 30
    assert sum(address.startswith("/episodes/") for address in addresses) >= 3
    nowhere = handed.evaluate(FETCHED, "/nowhere/")
    assert nowhere[0] == 404
    for address in addresses:
        if address in BESIDE_THE_FORM:
            continue
        assert handed.evaluate(FETCHED, address) == nowhere, address
        # Typed into the address bar it would count; asked for from outside it does not.
        away = handed.request.get(demo.base + address, headers={"sec-fetch-mode": "cors"})
        assert [away.status, away.text()] == nowhere, address
    assert demo.shell(STATE) == "open 0"
    handed.wrong.clear()  # The browser notes each 404 itself.


def test_back_forward_reload_and_history_show_nothing_of_staff(demo, handed):
    for step in (handed.go_back, handed.go_forward, handed.reload):
        step()
        nothing_of_staff(handed)
    answer(handed)
    for step in (handed.go_back, handed.go_forward, handed.reload, handed.go_back):
        step()
        nothing_of_staff(handed)
        assert "Only for Theo." not in handed.content()
        assert handed.locator("textarea, input:checked").count() == 0
    while handed.go_back():
        nothing_of_staff(handed)
    handed.wrong.clear()


def test_the_browser_keeps_no_page_of_staff_in_memory_for_the_way_back(demo, chromium):
    """Playwright switches that memory off; here it is on, and shown to work."""
    browser = launch(
        SimpleNamespace(chromium=chromium.browser_type),
        ignore_default_args=["--disable-back-forward-cache"],
    )
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(10_000)
    page = context.new_page()

    def leave_and_come_back(onward, there):
        page.evaluate("window.wasLeft = true")
        onward()
        expect(page.get_by_text(there, exact=True).first).to_be_visible()
        page.go_back(wait_until="commit")
        page.wait_for_function("document.readyState === 'complete'")
        return page.evaluate("window.wasLeft === true")

    page.goto(f"{demo.base}/static/vendor/README.md")
    control = leave_and_come_back(lambda: page.goto(f"{demo.base}/healthz"), "ok")
    assert control, "what may be kept is kept"
    sign_in(page, demo, "theo")
    page.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    hand = page.get_by_role("button", name="Hand over this device")
    assert not leave_and_come_back(hand.tap, "Send my answers")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    page.go_forward(wait_until="commit")
    comment_box(page).fill("Only for Theo.")
    send = page.get_by_role("button", name="Send my answers")
    assert not leave_and_come_back(send.tap, "Thank you")
    assert "Only for Theo." not in page.content()
    browser.close()


def test_should_the_browser_keep_the_form_it_is_loaded_anew(handed):
    comment_box(handed).fill("Only for Theo.")
    handed.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(handed.locator("textarea")).to_have_value("")


def test_pages_of_staff_in_other_tabs_go_when_the_phone_is_handed_over(demo, open_page):
    page = open_page("phone")
    sign_in(page, demo, "theo")
    other = page.context.new_page()
    other.goto(f"{demo.base}/caseload/")
    expect(other.get_by_role("heading", level=1)).to_have_text("Your clients")
    hand_over(page, demo)
    other.wait_for_url("about:blank")
    assert demo.shell(STATE) == "open 0", "their going is held against nobody"


def test_twenty_seconds_after_the_thanks_the_page_is_blank_but_for_the_way_back(handed):
    handed.clock.install()
    answer(handed)
    handed.clock.run_for(19_000)
    expect(handed.get_by_text("Your answers have arrived.")).to_be_visible()
    handed.clock.run_for(2_000)
    expect(handed.locator("main, footer, h1")).to_have_count(0)
    assert handed.locator("body").inner_text().strip() == "Back to staff"
    handed.get_by_role("button", name="Back to staff").tap()
    expect(handed.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_form_that_nobody_sends_does_not_stay_in_sight(demo, open_page):
    page = open_page("phone")
    sign_in(page, demo, "theo")
    page.clock.install()
    hand_over(page, demo)
    comment_box(page).fill("Only for Theo.")
    page.clock.run_for(15 * 60 * 1000)
    expect(page.locator("textarea")).to_have_value("")  # Loaded anew.
    assert "Only for Theo." not in page.content()


def test_the_third_try_at_another_address_ends_the_form(demo, handed):
    for address in ("/", "/caseload/", "/sign-in/"):
        handed.goto(demo.base + address)
        expect(handed.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    assert demo.shell(STATE) == "ended 3"
    assert handed.goto(f"{demo.base}/hand-over/").status == 404
    # The grant is gone with that, and the phone is like any other.
    handed.goto(demo.base)
    expect(handed.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_handing_over_and_back_work_without_script(demo, open_page):
    page = open_page("phone", java_script_enabled=False)
    sign_in(page, demo, "theo")
    hand_over(page, demo)
    page.get_by_text("For staff").tap()
    page.get_by_role("button", name="Back to staff").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert demo.shell(STATE) == "ended 0"


def test_handing_over_takes_no_longer_than_a_breath(demo, open_page):
    """Clearing the browser's cache can be slow; it must not keep two people waiting."""
    page = open_page("phone")
    sign_in(page, demo, "theo")
    page.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    begun = time.monotonic()
    page.get_by_role("button", name="Hand over this device").tap()
    expect(page.get_by_role("button", name="Send my answers")).to_be_visible()
    assert time.monotonic() - begun < 3

"""A therapist's day, from signing in to reading what a client said, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in, use_buttons

PLANNED = """
from datetime import timedelta
from django.utils import timezone
from sessions_app.access.models import User
from sessions_app.clients.actions import add_client
from sessions_app.sessions.planning_actions import plan_sessions
theo = User.objects.get(email="theo@demo.example")
episode = add_client(therapist=theo.memberships.get(), code="{code}", by=theo)
at = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=50)
plan_sessions(episode=episode, starts_at=at, times=3, by=theo)
"""
# Counted in the browser's tab itself, over all pages: what a hand does, however it does it.
COUNT = """
for (const kind of ["click", "keydown"]) {
  addEventListener(kind, (event) => {
    if (!event.isTrusted) return;
    const done = Number(sessionStorage.getItem("done") || 0);
    sessionStorage.setItem("done", done + 1);
  }, true);
}
"""


def deeds(page):
    return page.evaluate("Number(sessionStorage.getItem('done') || 0)")


def row_of(page, section, code):
    return page.get_by_role("region", name=section).get_by_role("listitem").filter(has_text=code)


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_from_home_to_a_rating_that_is_asked_and_read(demo, open_page, device, theme):
    code = f"DAY-{device}"
    demo.shell(PLANNED.format(code=code))
    theo = open_page(device, theme)
    theo.add_init_script(COUNT)

    # Theo signs in and sees his day: the session that has just ended waits for a word.
    sign_in(theo, demo, "theo")
    expect(row_of(theo, "Your day", code)).to_be_visible()
    look_over(theo)
    begun = deeds(theo)

    # One tap says that it was held, and opens the page on which the rating is asked.
    row_of(theo, "Your day", code).get_by_role("button", name="Held").click()
    expect(theo.get_by_role("heading", name="Ask your client for a rating")).to_be_visible()
    theo.get_by_role("button", name="Show a QR code or link").click()
    address = theo.get_by_label("Or give them this link").input_value()
    assert deeds(theo) - begun == 2 <= 6, "taps and keystrokes from home to the rating asked"

    # The client answers on a phone.
    client = open_page("phone", theme)
    client.goto(address)
    use_buttons(client)
    for statement in client.locator("form > fieldset").all():
        statement.locator("input[value='7']").check()
    client.get_by_role("button", name="Send my answers").click()
    expect(client.get_by_role("heading", level=1)).to_have_text("Thank you")

    # Theo's home says so, with one thing to do; the session waits no more.
    theo.goto(f"{demo.base}/caseload/")
    line = row_of(theo, "Since you last looked", code)
    expect(line).to_contain_text("Session 1 is rated.")
    expect(row_of(theo, "Your day", code).get_by_role("button")).to_have_count(0)
    look_over(theo)
    line.get_by_role("link", name="Read it").click()
    expect(theo.get_by_role("heading", level=1)).to_have_text(code)
    expect(theo.get_by_text("Planned:")).to_be_visible()
    look_over(theo)

    # Once it was read, it is gone from there; the client stays in the list.
    theo.get_by_role("link", name="Your clients").first.click()
    expect(row_of(theo, "Since you last looked", code)).to_have_count(0)
    expect(theo.get_by_role("link", name=code)).to_be_visible()


def test_the_keyboard_finds_a_client_in_the_list(demo, open_page):
    theo = open_page("desk")
    sign_in(theo, demo, "theo")
    rows = theo.locator("#list tbody tr")
    everybody = rows.count()
    theo.keyboard.press("/")
    theo.keyboard.type("k-231")
    expect(rows.filter(visible=True)).to_have_count(1)
    expect(theo.get_by_role("status").filter(has_text="One client is shown.")).to_be_attached()
    look_over(theo)
    theo.keyboard.press("Escape")
    expect(rows.filter(visible=True)).to_have_count(everybody)

    # Enter asks the server, and the code stays out of the address.
    theo.keyboard.type("k-23")
    theo.keyboard.press("Enter")
    expect(theo.get_by_role("link", name="Show all")).to_be_visible()
    expect(rows).to_have_count(1)
    assert "k-23" not in theo.url.lower()
    theo.get_by_role("link", name="Show all").click()
    theo.get_by_label("What stands out").select_option("sliding")
    theo.get_by_role("button", name="Narrow it").click()
    expect(theo.get_by_role("link", name="Show all")).to_be_visible()
    look_over(theo)


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_a_series_is_planned_moved_and_taken_out_of_the_plan(demo, open_page, device):
    theo = open_page(device, "dark" if device == "desk" else "light")
    sign_in(theo, demo, "theo")
    theo.get_by_role("link", name="R-450").click()
    theo.get_by_role("link", name="Plan sessions").click()
    look_over(theo)
    theo.get_by_label("How many times?").fill("")
    theo.get_by_role("button", name="Plan it").click()
    expect(theo.get_by_text("Say how many times, or until which day.")).to_be_visible()
    look_over(theo)
    theo.get_by_label("How many times?").fill("3")
    theo.get_by_role("button", name="Plan it").click()
    expect(theo.get_by_text("3 sessions are planned.")).to_be_visible()
    look_over(theo)

    # It is moved with all that follow, and then taken out with them.
    first = theo.locator(".ahead a.day").last
    first.click()
    look_over(theo)
    theo.get_by_label("Minutes").fill("80")
    theo.locator("#id_with_rest").check()
    theo.get_by_role("button", name="Move it").click()
    expect(theo.get_by_text("The plan is changed.")).to_be_visible()
    theo.locator(".ahead a.day").last.click()
    theo.locator("#drop-rest").check()
    theo.get_by_role("button", name="Take it out").click()
    expect(theo.get_by_text("out of the plan.")).to_be_visible()


def test_a_calendar_program_gets_an_address_of_its_own(demo, open_page):
    theo = open_page("phone")
    sign_in(theo, demo, "theo")
    theo.get_by_role("link", name="In your calendar program").click()
    look_over(theo)
    theo.get_by_role("button", name="Make").first.click()
    address = theo.get_by_label("Add it in your calendar program").input_value()
    look_over(theo)
    fetched = theo.request.get(address)
    assert fetched.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:M-104" in fetched.text()
    theo.get_by_role("button", name="End it").click()
    expect(theo.get_by_role("heading", name="There is no address yet")).to_be_visible()
    assert theo.request.get(address).status == 404

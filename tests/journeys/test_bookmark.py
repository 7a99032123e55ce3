"""A client's own bookmark: made at the desk, opened on a phone, behind a PIN."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in
from tests.journeys.test_handing_over import FRESH

PIN = "4071"
NOTHING = "There is nothing to fill in right now."
LATER = """
from django.utils import timezone
from alliance.asking.standing_models import StandingLink
StandingLink.objects.filter(locked_until__isnull=False).update(locked_until=timezone.now())
"""
CLOSED = """
from django.utils import timezone
from alliance.ratings.models import RatingRequest
from sessions_app.clients.models import Client
asked = RatingRequest.objects.filter(session__episode__client__code="D-162", closed_at=None)
asked.update(closed_at=timezone.now(), closing="ended")
"""


def give(page, pin, again=None):
    page.get_by_label("PIN").first.fill(pin)
    if again:
        page.get_by_label("The same PIN again").fill(again)
    page.get_by_role("button", name="Go on").click()


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_a_client_keeps_one_address_and_answers_there_each_time(demo, open_page, device, theme):
    desk = open_page(device, theme)
    sign_in(desk, demo, "theo")
    desk.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    demo.shell(CLOSED)
    ask = desk.url
    desk.get_by_role("link", name="The client’s own bookmark").click()
    bookmark = desk.url
    look_over(desk)
    desk.get_by_role("button", name="Make a").click()
    look_over(desk)
    address = desk.get_by_label("Or give them this link").input_value()

    phone = open_page(device, theme)
    phone.goto(address)
    look_over(phone)
    give(phone, "1234", "1234")
    expect(phone.get_by_text("That PIN is easy to guess.")).to_be_visible()
    phone.wrong.clear()  # To the browser's console a form that is refused is an error.
    look_over(phone)
    give(phone, PIN, PIN)
    expect(phone.get_by_role("heading", level=1)).to_have_text(NOTHING)
    look_over(phone)

    desk.goto(ask)
    desk.get_by_role("button", name="Put it behind their bookmark").click()
    expect(desk.get_by_text("The form waits behind your client’s bookmark")).to_be_visible()

    # Another day: the bookmark, the PIN, the form.
    again = open_page(device, theme)
    again.goto(address)
    look_over(again)
    give(again, "9182")
    expect(again.get_by_text("That was not the right PIN.")).to_be_visible()
    again.wrong.clear()
    give(again, PIN)
    expect(again.get_by_role("button", name="Send my answers")).to_be_visible()
    look_over(again)
    # The PIN was too long ago: nothing is lost, and it is sent once the PIN was given anew.
    again.context.clear_cookies()
    again.get_by_role("button", name="Send my answers").click()
    expect(again.locator("#not-sent")).to_contain_text("Still not sent")
    beside = again.context.new_page()
    beside.goto(address)
    give(beside, PIN)
    expect(beside.get_by_role("button", name="Send my answers")).to_be_visible()
    beside.close()
    again.get_by_role("button", name="Send my answers").click()
    expect(again.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert again.url.startswith(address)
    look_over(again)
    again.goto(address)
    expect(again.get_by_role("heading", level=1)).to_have_text(NOTHING)

    # Somebody else finds the address, and tries.
    other = open_page(device, theme)
    other.goto(address)
    for _try in range(5):
        give(other, "9182")
    expect(other.get_by_role("heading", level=1)).to_have_text("Please wait a little")
    other.wrong.clear()
    look_over(other)
    demo.shell(LATER)
    desk.goto(bookmark)
    desk.get_by_role("button", name="End it").click()
    expect(desk.get_by_text("The old bookmark opens nothing any more.")).to_be_visible()
    look_over(desk)
    assert open_page(device, theme).goto(address).status == 404

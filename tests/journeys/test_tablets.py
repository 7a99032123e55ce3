"""A tablet in a room: paired by its code, a form from the therapist's desk, and blank again."""

import json

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import comment_box, look_over, sign_in, use_buttons
from tests.journeys.test_handing_over import ADDRESSES, FETCHED, FRESH, answer, nothing_of_staff

NOTHING = "There is nothing to fill in right now."
BESIDE_THE_FORM = {"/healthz", "/policy-report/"}
STATE = """
from alliance.ratings.models import RatingRequest
print(RatingRequest.objects.filter(channel="tablet").latest("asked_at").closing or "open")
"""
LATER = """
from datetime import timedelta
from sessions_app.tablets.models import Tablet
tablet = Tablet.objects.standing().get(name={name!r})
tablet.form_until -= timedelta(seconds={seconds})
tablet.save()
"""
CODE = """
from alliance.demo import stories
from alliance.demo.actions import demo_user
from sessions_app.tablets.actions import invite_tablet
manager = demo_user(stories.MANAGER)
practice = manager.memberships.get().practice
print(invite_tablet(practice=practice, name={name!r}, by=manager)[1])
"""


@pytest.fixture
def pair(demo, open_page):
    """Pair a browser with a tablet of some name; it is blank then."""

    def paired(name, device="desk", theme="light", **options):
        page = open_page(device, theme, **options)
        page.goto(f"{demo.base}/pair/{demo.shell(CODE.format(name=name))}/")
        page.get_by_role("button", name="Pair this device").click()
        expect(page.get_by_text(NOTHING)).to_be_visible()
        return page

    return paired


@pytest.fixture
def desk(demo, open_page):
    page = open_page("desk")
    sign_in(page, demo, "theo")
    return page


def send(desk, demo, name):
    desk.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    desk.get_by_role("button", name=f"Send to {name}").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(f"Sent to {name}")


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_a_tablet_is_paired_shows_a_form_that_is_answered_and_is_blank_again(
    demo, open_page, device, theme
):
    name = f"Room {device}"
    mara = open_page(device, theme)
    mara.goto(demo.manager())
    mara.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    mara.get_by_role("link", name="Tablets").click()
    look_over(mara)
    mara.get_by_role("link", name="Add a tablet").click()
    mara.get_by_role("button", name="Show the code that pairs it").click()
    look_over(mara)
    mara.get_by_label("What is it called?").fill(name)
    mara.get_by_role("button", name="Show the code that pairs it").click()
    expect(mara.get_by_role("img", name="QR code")).to_be_visible()
    look_over(mara)
    address = mara.get_by_label("Or open this address on it").input_value()

    # On the tablet: one button, and then nothing but a blank page that waits.
    tablet = open_page(device, theme)
    tablet.goto(address)
    look_over(tablet)
    tablet.get_by_role("button", name="Pair this device").click()
    expect(tablet.get_by_text(NOTHING)).to_be_visible()
    assert {cookie["name"] for cookie in tablet.context.cookies()} <= {"tablet", "csrftoken"}
    look_over(tablet)
    assert open_page(device, theme).goto(address).status == 404

    # Theo sends a form there from his own computer, and stays signed in.
    theo = open_page(device, theme)
    sign_in(theo, demo, "theo")
    theo.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    look_over(theo)
    theo.get_by_role("button", name=f"Send to {name}").click()
    expect(theo.get_by_role("heading", level=1)).to_have_text(f"Sent to {name}")
    look_over(theo)
    theo.get_by_role("link", name="Done").click()
    expect(theo.get_by_role("heading", level=1)).to_contain_text("D-162")

    # It comes up by itself, is answered, and thanked for without data.
    expect(tablet.get_by_role("button", name="Send my answers")).to_be_visible()
    assert tablet.url == f"{demo.base}/tablet/"
    nothing_of_staff(tablet)
    tablet.get_by_text("Close this form").click()
    look_over(tablet)
    tablet.get_by_text("Close this form").click()
    use_buttons(tablet)
    for statement in tablet.locator("form > fieldset").all():
        statement.locator("label", has_text="7").first.click()
    comment_box(tablet).fill("Only for Theo.")
    tablet.get_by_role("button", name="Send my answers").click()
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert not any(character.isdigit() for character in tablet.locator("main").inner_text())
    nothing_of_staff(tablet)
    look_over(tablet)
    tablet.get_by_role("button", name="Close").click()
    expect(tablet.get_by_text(NOTHING)).to_be_visible()
    assert demo.shell(STATE) == "answered"

    # Mara revokes it: the tablet finds out by itself.
    mara.get_by_role("link", name="Done").click()
    expect(mara.get_by_text("last heard of on").first).to_be_visible()
    look_over(mara)
    mara.get_by_role("listitem").filter(has_text=name).get_by_role("button").click()
    expect(mara.get_by_text("This tablet shows nothing of ours any more.")).to_be_visible()
    expect(tablet.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    assert not [cookie for cookie in tablet.context.cookies() if cookie["name"] == "tablet"]
    tablet.goto(demo.base)
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_on_a_tablet_no_address_of_the_project_gives_a_byte_of_staff(demo, pair):
    tablet = pair("Fort")
    addresses = json.loads(demo.shell(ADDRESSES))
    nowhere = tablet.evaluate(FETCHED, "/nowhere/")
    assert nowhere[0] == 404
    assert len(addresses) > 30
    for address in set(addresses) - BESIDE_THE_FORM:
        assert tablet.evaluate(FETCHED, address) == nowhere, address
    assert tablet.goto(f"{demo.base}/caseload/").status == 404
    assert tablet.goto(f"{demo.base}/tablet/").status == 200
    expect(tablet.get_by_text(NOTHING)).to_be_visible()
    assert tablet.evaluate("window.violations") == []


def test_back_forward_and_reload_show_no_answer(demo, pair, desk):
    tablet = pair("Back", "phone")
    send(desk, demo, "Back")
    answer(tablet)
    for step in (tablet.go_back, tablet.go_forward, tablet.reload, tablet.go_back):
        step()
        nothing_of_staff(tablet)
        assert "Only for Theo." not in tablet.content()
        assert tablet.locator("textarea, input:checked").count() == 0
    assert tablet.evaluate("window.violations") == []


def test_should_the_browser_keep_the_form_it_is_loaded_anew(demo, pair, desk):
    tablet = pair("Kept")
    send(desk, demo, "Kept")
    comment_box(tablet).fill("Only for Theo.")
    tablet.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(tablet.locator("textarea")).to_have_value("")


def test_twenty_seconds_after_the_thanks_it_is_blank_by_itself(demo, pair, desk):
    tablet = pair("Thanks", "phone")
    send(desk, demo, "Thanks")
    expect(tablet.get_by_role("button", name="Send my answers")).to_be_visible()
    tablet.clock.install()
    answer(tablet)
    tablet.clock.run_for(19_000)
    expect(tablet.get_by_text("Your answers have arrived.")).to_be_visible()
    tablet.clock.run_for(2_000)
    expect(tablet.get_by_text(NOTHING)).to_be_visible()


def test_a_form_that_nobody_touches_for_five_minutes_closes(demo, pair, desk):
    tablet = pair("Idle", "phone")
    tablet.clock.install()
    send(desk, demo, "Idle")
    tablet.clock.run_for(3_000)
    comment_box(tablet).fill("Only for Theo.")
    tablet.clock.run_for(4 * 60_000)
    use_buttons(tablet)
    tablet.locator("label", has_text="7").first.tap()
    tablet.clock.run_for(4 * 60_000)
    expect(comment_box(tablet)).to_have_value("Only for Theo.")
    tablet.clock.run_for(61_000)
    expect(tablet.get_by_text(NOTHING)).to_be_visible()
    assert "Only for Theo." not in tablet.content()
    assert demo.shell(STATE) == "ended"


def test_a_form_whose_time_is_over_goes_by_itself(demo, pair, desk):
    tablet = pair("Over")
    send(desk, demo, "Over")
    comment_box(tablet).fill("Only for Theo.")
    demo.shell(LATER.format(name="Over", seconds=15 * 60))
    expect(tablet.get_by_text(NOTHING)).to_be_visible()
    assert "Only for Theo." not in tablet.content()


def test_what_is_sent_next_takes_its_place(demo, pair, desk):
    tablet = pair("Next")
    send(desk, demo, "Next")
    comment_box(tablet).fill("Only for Theo.")
    send(desk, demo, "Next")
    expect(tablet.locator("textarea")).to_have_value("")
    expect(tablet.get_by_role("button", name="Send my answers")).to_be_visible()


def test_without_network_it_stays_and_goes_on_afterwards(demo, pair, desk):
    tablet = pair("Dark")
    send(desk, demo, "Dark")
    tablet.get_by_role("button", name="Send my answers").wait_for()
    tablet.clock.install()
    tablet.reload()
    tablet.context.set_offline(True)
    comment_box(tablet).fill("Only for Theo.")
    tablet.clock.run_for(5 * 60_000 + 1_000)
    expect(tablet.get_by_role("textbox")).to_have_count(0)
    assert tablet.url == f"{demo.base}/tablet/"
    assert "Only for Theo." not in tablet.content()
    tablet.context.set_offline(False)
    demo.shell(LATER.format(name="Dark", seconds=15 * 60))
    tablet.clock.run_for(6_000)
    expect(tablet.get_by_text(NOTHING)).to_be_visible()


def test_a_tablet_works_without_script(demo, pair, desk):
    tablet = pair("Plain", java_script_enabled=False)
    assert tablet.locator("noscript").count() == 1
    send(desk, demo, "Plain")
    expect(tablet.get_by_role("button", name="Send my answers")).to_be_visible()  # By itself.
    tablet.get_by_role("button", name="Send my answers").click()
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Thank you")
    tablet.get_by_role("button", name="Close").click()
    expect(tablet.get_by_text(NOTHING)).to_be_visible()
    send(desk, demo, "Plain")
    expect(tablet.get_by_text("Close this form")).to_be_visible()
    tablet.get_by_text("Close this form").click()
    tablet.get_by_role("button", name="Close").click()
    expect(tablet.get_by_text(NOTHING)).to_be_visible()
    assert demo.shell(STATE) == "ended"

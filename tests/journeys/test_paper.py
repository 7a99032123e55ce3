"""A sheet of paper from the printer to the trend, at the therapist's desk and at reception."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in
from tests.journeys.test_handing_over import FRESH

RECEPTION = """
from alliance.demo import stories
from alliance.demo.actions import demo_user
from sessions_app.access.actions import join_practice
from sessions_app.access.models import User
practice = demo_user(stories.MANAGER).memberships.get().practice
user = User.objects.filter(email="desk@demo.example").first()
if user is None:
    user = join_practice(
        practice=practice, email="desk@demo.example", name="Desk", is_reception=True
    ).user
user.set_password("correct horse battery staple")
user.save()
"""


@pytest.fixture(params=[("phone", "dark"), ("desk", "light")], ids="-".join)
def theo(demo, open_page, request):
    page = open_page(*request.param)
    sign_in(page, demo, "theo")
    page.goto(f"{demo.base}/sessions/{demo.shell(FRESH)}/ask/")
    return page


def test_a_sheet_is_printed_found_by_its_code_and_typed_in(demo, theo):
    ask = theo.url
    look_over(theo)
    theo.get_by_role("button", name="Print a sheet").click()
    expect(theo.get_by_role("button", name="Print", exact=True)).to_be_visible()
    expect(theo.get_by_role("img", name="QR code of this form")).to_be_visible()
    look_over(theo)
    code = theo.locator(".code p").inner_text()
    assert re.fullmatch(r"\w{4}-\w{4}", code)
    printed = theo.locator("main.paper").inner_text()
    assert "D-162" not in printed
    theo.emulate_media(media="print")
    expect(theo.get_by_role("button", name="Print", exact=True)).to_be_hidden()
    theo.emulate_media(media="screen")
    # The browser's own downloads are not shown headless: the PDF is asked for beside the page.
    pdf = theo.request.post(
        theo.url,
        form={
            name: theo.locator(f"input[name={name}]").input_value()
            for name in ("csrfmiddlewaretoken", "secret")
        },
        headers={"Referer": theo.url},
    )
    assert pdf.body().startswith(b"%PDF-")
    theo.get_by_role("link", name="Done").click()
    assert theo.url == ask

    # Days later it comes back: its code leads to the form, which is filled in by keyboard alone.
    theo.goto(f"{demo.base}/sheets/")
    theo.get_by_label("The code under the square").fill("0000-0000")
    theo.get_by_role("button", name="Type in this sheet").click()
    expect(theo.get_by_text("There is no sheet with this code for you.")).to_be_visible()
    look_over(theo)
    theo.get_by_label("The code under the square").fill(code.lower())
    theo.keyboard.press("Enter")
    expect(theo.get_by_role("heading", level=1)).to_have_text("Type in a sheet")
    look_over(theo)
    theo.locator("input.mm").first.focus()
    for place in ("72", "101", "55", "", "88", "64"):
        theo.keyboard.type(place)
        theo.keyboard.press("Enter")
    theo.keyboard.type("A little slower.")
    theo.get_by_role("button", name="Store it").click()
    expect(theo.get_by_text("The line is not that long.").first).to_be_visible()
    look_over(theo)
    expect(theo.locator("input.mm").first).to_have_value("72")
    theo.locator("input.mm").nth(1).fill("100")
    theo.get_by_label("My therapist, only after our next session").check()
    theo.get_by_role("button", name="Store it").click()
    expect(theo.get_by_text("marked as typed in from paper by you")).to_be_visible()
    expect(theo.get_by_text("Answered on paper, typed in by").first).to_be_visible()


def test_it_is_read_aloud(demo, theo):
    theo.get_by_role("button", name="Read it aloud").click()
    expect(theo.get_by_role("heading", level=1)).to_have_text("You read, the client chooses")
    look_over(theo)
    for statement in theo.locator("fieldset.spoken").all():
        statement.locator("label", has_text="7").first.click()
    look_over(theo)
    theo.get_by_role("button", name="Store it").click()
    expect(theo.get_by_text("Stored, marked as read aloud by you.")).to_be_visible()
    expect(theo.get_by_text("Read aloud, typed in by").first).to_be_visible()


def test_a_rating_is_moved_to_the_session_that_it_is_of(demo, theo):
    theo.get_by_role("button", name="Read it aloud").click()
    theo.locator("fieldset.spoken").first.locator("label", has_text="7").first.click()
    theo.get_by_role("button", name="Store it").click()
    theo.get_by_text("A rating is in the wrong place").click()
    theo.locator(".misfiled a").first.click()
    look_over(theo)
    theo.get_by_role("button", name="See what will change").click()
    look_over(theo)
    choice = theo.get_by_label("The session that it is of")
    choice.select_option(index=1)
    theo.get_by_label("Why it is moved").fill("Two sheets were mixed up.")
    theo.get_by_role("button", name="See what will change").click()
    expect(theo.get_by_role("heading", level=1)).to_have_text("Move this rating?")
    look_over(theo)
    theo.get_by_role("button", name="Move it", exact=True).click()
    expect(theo.get_by_text("To undo it, move it back")).to_be_visible()


@pytest.mark.parametrize(("device", "theme"), [("phone", "light"), ("desk", "dark")])
def test_reception_prints_and_types_in_and_sees_no_rating(demo, open_page, device, theme):
    session = demo.shell(FRESH)
    demo.shell(RECEPTION)
    rita = open_page(device, theme)
    sign_in(rita, demo, "desk")
    expect(rita.get_by_role("button", name="Sign out")).to_be_visible()
    rita.goto(f"{demo.base}/reception/")
    look_over(rita)
    type_in = rita.get_by_role("link", name=re.compile("Type in a sheet.*D-162"))
    type_in.and_(rita.locator(f"[href*='{session}']")).click()
    look_over(rita)
    rita.locator("input.mm").first.fill("50")
    rita.get_by_role("button", name="Store it").click()
    expect(rita.get_by_text("marked as typed in from paper by you")).to_be_visible()
    look_over(rita)
    assert "5.0" not in rita.locator("main").inner_text()

"""What a client wants to change, and a therapist who would rather look first for himself."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import comment_box, look_over, sign_in, use_buttons

GOAL = "To say no without shaking."


def answer(client, mark, comment=""):
    use_buttons(client)
    for statement in client.locator("form > fieldset").all()[:6]:
        statement.locator(f"input[value='{mark}']").check()
    if comment:
        comment_box(client).fill(comment)
    client.get_by_role("button", name="Send my").click()


def add_client(page, code):
    page.get_by_role("link", name="Add a client").click()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Add this client").click()


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_a_goal_is_agreed_worked_on_and_nearer(demo, open_page, device, theme):
    theo = open_page(device, theme)
    sign_in(theo, demo, "theo")
    add_client(theo, f"G-{device}")

    # No goal is written down yet, and the page asks for one.
    expect(theo.get_by_text("What does your client want to change?")).to_be_visible()
    theo.get_by_role("link", name="Goals, and how near").click()
    look_over(theo)
    theo.get_by_label("What does your client want to change?").fill(GOAL)
    theo.get_by_role("button", name="Write this goal down").click()
    expect(theo.get_by_role("heading", name=GOAL)).to_be_visible()
    look_over(theo)

    # How near is it today, as the client says it in the room, and as he sees it?
    theo.get_by_label("Your client, as they say it").select_option("3")
    theo.get_by_label("You", exact=True).select_option("4")
    theo.get_by_role("button", name="Store for today").click()
    expect(theo.get_by_text("How near, by the client: 3 of 10")).to_be_visible()
    expect(theo.get_by_role("columnheader", name="Client, said in the room")).to_be_visible()

    # After the session he ticks that they worked on it, where he asks for the rating.
    theo.get_by_role("link", name=f"G-{device}").click()
    theo.get_by_role("link", name="Log a session").click()
    theo.get_by_role("button", name="Log this session").click()
    theo.get_by_label(GOAL).check()
    look_over(theo)
    theo.get_by_role("button", name="Note this").click()
    expect(theo.get_by_label(GOAL)).to_be_checked()
    theo.get_by_role("link", name="Not now").click()
    expect(theo.get_by_text("Worked on in 1 of the last 1 session.")).to_be_visible()
    look_over(theo)

    # Weeks later it is better said, and in the end it is reached.
    theo.get_by_role("link", name="Goals, and how near").click()
    theo.get_by_role("link", name="Change the words, or end it").click()
    look_over(theo)
    theo.get_by_label("What does your client want to change?").fill("To say no.")
    theo.get_by_role("button", name="Change the words").click()
    expect(theo.get_by_text("words changed on")).to_be_visible()
    theo.get_by_role("link", name="Change the words, or end it").click()
    theo.get_by_label("Reached").check()
    theo.get_by_label("Why? (optional)").fill("Said no to her mother, twice.")
    theo.get_by_role("button", name="End this goal").click()
    expect(theo.get_by_text("Said no to her mother, twice.")).to_be_visible()
    look_over(theo)


@pytest.mark.parametrize(("device", "theme"), [("phone", "light"), ("desk", "dark")])
def test_he_rates_first_or_has_it_shown(demo, open_page, device, theme):
    code = f"F-{device}"
    theo = open_page(device, theme)
    sign_in(theo, demo, "theo")

    # He would rather rate before he sees what the client marked.
    theo.get_by_role("link", name="Which rating comes first").click()
    look_over(theo)
    theo.get_by_label("I rate first: the client’s rating waits for mine").check()
    theo.get_by_role("button", name="Store this").click()
    expect(theo.get_by_text("Stored.")).to_be_visible()
    theo.get_by_role("link", name="Your clients").first.click()

    def be_answered(mark, comment=""):
        theo.get_by_role("button", name="Log this session").click()
        theo.get_by_role("button", name="Show a QR code or link").click()
        client = open_page("phone", theme)
        client.goto(theo.get_by_label("Or give them this link").input_value())
        answer(client, mark, comment)
        expect(client.get_by_role("heading", level=1)).to_have_text("Thank you")

    add_client(theo, code)
    theo.get_by_role("link", name="Log a session").click()
    be_answered(6, "More time, please.")

    # In his list he sees that it came, and nothing of what it says.
    theo.goto(f"{demo.base}/caseload/")
    row = theo.get_by_role("row").filter(has_text=code)
    expect(row).to_contain_text("A rating has come. Rate first, or show it now")
    look_over(theo)
    theo.get_by_role("link", name=code).click()
    expect(theo.get_by_text("Your client wrote something with it.")).to_be_visible()
    expect(theo.get_by_text("More time, please.")).to_have_count(0)
    look_over(theo)

    # He rates it himself; then both stand side by side.
    theo.get_by_role("button", name="Rate it yourself").click()
    answer(theo, 5)
    theo.get_by_role("link", name="See how it develops").click()
    expect(theo.get_by_text("More time, please.")).to_be_visible()
    expect(
        theo.get_by_text("Too early to say how the two views differ: 1 of 5 pairs.")
    ).to_be_visible()
    look_over(theo)

    # Another day he is in a hurry: one tap shows it.
    theo.get_by_role("link", name="Log a session").click()
    begins = theo.get_by_label("When did it start?")
    earlier = datetime.fromisoformat(begins.input_value()) - timedelta(hours=2)
    begins.fill(earlier.isoformat(timespec="minutes"))
    be_answered(7)
    theo.goto(f"{demo.base}/caseload/")
    theo.get_by_role("link", name=code).click()
    theo.get_by_role("button", name="Show it without rating").click()
    expect(theo.get_by_text("A rating has come")).to_have_count(0)
    expect(theo.get_by_role("cell", name="7.0").first).to_be_visible()

    # In the end he would rather see everything as it comes.
    theo.goto(f"{demo.base}/own-rating-first/")
    theo.get_by_label("As the practice has it").check()
    theo.get_by_role("button", name="Store this").click()

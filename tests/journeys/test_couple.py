"""A couple's meeting: logged once, each asked apart, and both lines side by side."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in, use_buttons


def add(page, code):
    """Add a client from the list of one's own."""
    page.get_by_role("link", name="Your clients").first.click()
    page.get_by_role("link", name="Add a client").click()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Add this client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(code)


def answer(page, address, mark):
    """Answer every statement with the same mark, as one of the two on their own phone."""
    page.goto(address)
    use_buttons(page)
    for statement in page.locator("form > fieldset").all():
        statement.locator(f"input[value='{mark}']").check()
    look_over(page)
    told = page.content()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    look_over(page)
    return told + page.content()


@pytest.mark.parametrize(("device", "theme"), [("phone", "light"), ("desk", "dark")])
def test_a_couple_meets_and_each_says_how_it_was(demo, open_page, device, theme):
    one, other, code = (f"{name}-{device}" for name in ("UNA", "VIK", "ULME"))

    # Olga adds two clients, and lets them come together.
    olga = open_page(device, theme)
    sign_in(olga, demo, "olga")
    add(olga, one)
    add(olga, other)
    olga.get_by_role("link", name="Your clients").first.click()
    olga.get_by_role("link", name="Couples, families and groups").click()
    look_over(olga)
    olga.get_by_role("link", name="Let clients come together").click()
    look_over(olga)
    olga.get_by_label("Code").fill(code)
    olga.get_by_label(one).check()
    olga.get_by_role("button", name="Let them come together").click()
    expect(olga.get_by_text("Choose at least two of your clients.")).to_be_visible()
    look_over(olga)
    olga.get_by_label(other).check()
    olga.get_by_role("button", name="Let them come together").click()
    expect(olga.get_by_role("heading", level=1)).to_have_text(code)
    expect(olga.get_by_text("No meeting has been logged yet.")).to_be_visible()
    look_over(olga)

    # The meeting that has just ended is logged once for both: nothing needs a touch.
    olga.get_by_role("link", name="Log a meeting").click()
    look_over(olga)
    olga.get_by_role("button", name="Log this meeting").click()
    expect(olga.get_by_role("heading", level=1)).to_have_text("Ask each of them")
    expect(olga.get_by_text("Not asked yet")).to_have_count(2)
    look_over(olga)

    # Each scans a code of their own, and meets nothing of the other.
    for name, stranger, mark in ((one, other, 8), (other, one, 3)):
        row = olga.get_by_role("listitem").filter(has_text=name)
        row.get_by_role("button", name="QR code or link").click()
        address = olga.get_by_label("Or give them this link").input_value()
        look_over(olga)
        olga.get_by_role("link", name="The others who came").click()
        expect(row.get_by_text("Asked, not answered yet")).to_be_visible()
        told = answer(open_page("phone", theme), address, mark)
        assert stranger not in told
        assert code not in told
        olga.reload()
        expect(row.get_by_text("Answered")).to_be_visible()
    look_over(olga)

    # Olga sees both side by side, in words first, and that it is too early to say more.
    olga.get_by_role("link", name="Done").click()
    expect(olga.get_by_text("They rated the last meeting 5.0 apart.")).to_be_visible()
    expect(olga.get_by_text("It is too early to say")).to_be_visible()
    expect(olga.get_by_role("img", name="They rated the last meeting 5.0 apart.")).to_be_visible()
    marks = olga.locator("table.numbers tbody tr").first.locator("td").all_inner_texts()
    assert [cell.split()[0] for cell in marks] == ["5.0", "8.0", "3.0"]
    look_over(olga)

    # One of them comes no more; their own page still leads nowhere wrong.
    olga.get_by_role("link", name="Who belongs to it").click()
    look_over(olga)
    row = olga.get_by_role("listitem").filter(has_text=other)
    row.get_by_role("button", name="Comes no more").click()
    expect(olga.get_by_text("Noted. Nothing changes for the others.")).to_be_visible()
    look_over(olga)
    olga.get_by_role("link", name=code).click()

    # A colleague leads it with her, and is rated apart.
    olga.get_by_role("link", name="Lead it together").click()
    look_over(olga)
    olga.get_by_label("Who leads it with you?").select_option(label="Nadia Rahal")
    olga.get_by_role("button", name="Lead it together").click()
    expect(olga.get_by_text("As they rated Olga Petrenko")).to_be_visible()
    look_over(olga)
    nadia = open_page(device, theme)
    sign_in(nadia, demo, "nadia")
    nadia.get_by_role("link", name="Couples, families and groups").click()
    nadia.get_by_role("link", name=code).click()
    expect(nadia.get_by_text("As they rated Nadia Rahal")).to_be_visible()
    expect(nadia.get_by_text("As they rated Olga Petrenko")).to_have_count(0)
    expect(nadia.locator("td", has_text="8.0")).to_have_count(0)
    look_over(nadia)


def test_in_the_demonstration_a_couple_is_further_apart_than_chance_explains(demo, open_page):
    theo = open_page("phone", "dark")
    sign_in(theo, demo, "theo")
    theo.get_by_role("link", name="E-701").click()
    theo.get_by_role("link", name="LINDEN").click()
    lead = theo.get_by_text("They rated the last meeting 4.7 apart; usually 0.5.")
    expect(lead).to_contain_text("That is further apart than chance explains.")
    theo.get_by_text("How is this worked out?").click()
    expect(theo.get_by_text("Chance explains up to")).to_be_visible()
    look_over(theo)

"""The main job, from signing in to the supervisor's page, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import comment_box, look_over, sign_in, use_buttons

MARKS = [8, 7, 9, 8, 6, 7]


@pytest.mark.parametrize("device", ["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_session_is_logged_rated_and_seen(demo, open_page, device, theme):
    code = f"Z-{device}-{theme}"

    # Theo signs in and lands on the list of his own clients.
    theo = open_page(device, theme)
    theo.goto(f"{demo.base}/")
    look_over(theo)
    sign_in(theo, demo, "theo")
    expect(theo.get_by_role("heading", level=1)).to_have_text("Your clients")
    look_over(theo)

    # He adds a client: a code is enough.
    theo.get_by_role("link", name="Add a client").click()
    look_over(theo)
    theo.get_by_role("button", name="Add this client").click()
    expect(theo.get_by_text("Give this client a code.")).to_be_visible()
    look_over(theo)
    theo.get_by_label("Code").fill(code)
    theo.get_by_role("button", name="Add this client").click()
    expect(theo.get_by_role("heading", level=1)).to_have_text(code)
    expect(theo.get_by_text("No session has been logged yet.")).to_be_visible()
    look_over(theo)

    # He logs the session that has just ended: nothing needs a touch.
    theo.get_by_role("link", name="Log a session").click()
    look_over(theo)
    theo.get_by_role("button", name="Log this session").click()
    expect(theo.get_by_role("heading", name="Ask your client for a rating")).to_be_visible()
    look_over(theo)

    # He shows a QR code; its secret is shown this once.
    theo.get_by_role("button", name="Show a QR code or link").click()
    address = theo.get_by_label("Or give them this link").input_value()
    expect(theo.get_by_role("img", name="QR code")).to_be_visible()
    look_over(theo)

    # The client answers on a phone, skips one statement, writes a line, and is thanked.
    client = open_page("phone", theme)
    client.goto(address)
    expect(client.get_by_text("Read by your therapist and their supervisor.")).to_be_visible()
    statements = client.locator("form > fieldset")
    assert statements.locator("input:checked").count() == 0
    look_over(client)
    use_buttons(client)
    for statement, mark in zip(statements.all(), MARKS, strict=True):
        statement.locator(f"input[value='{mark}']").check()
    statements.last.get_by_role("button", name="Clear").click()
    comment_box(client).fill("More time.")
    look_over(client)
    client.get_by_role("button", name="Send my answers").click()
    expect(client.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert not any(character.isdigit() for character in client.locator("main").inner_text())
    look_over(client)
    client.reload()
    expect(client.get_by_role("heading", level=1)).to_have_text("Thank you")

    # The trend shows it: in words, as a picture, as a table.
    theo.get_by_role("link", name="Done").click()
    expect(theo.get_by_text("too early to say")).to_be_visible()
    expect(theo.get_by_role("img", name="too early to say")).to_be_visible()
    expect(theo.locator("#trend")).to_have_attribute("data-ready", "plotly")
    row = theo.locator("table.numbers tbody tr").first
    assert row.locator("td").all_inner_texts() == ["7.5", "8.5", "6.0", "7.3"]
    expect(theo.get_by_text("More time.")).to_be_visible()
    look_over(theo)

    # The supervisor sees it among those she supervises, without what the client wrote.
    sue = open_page(device, theme)
    sign_in(sue, demo, "sue")
    expect(sue.get_by_role("heading", level=1)).to_have_text("Where a conversation may help most")
    look_over(sue)
    assert "P-610" not in sue.content(), "Olga's clients are not hers to see"
    sue.get_by_text("Nothing stands out:").click()
    sue.get_by_role("link", name=code).click()
    expect(sue.get_by_role("heading", level=1)).to_have_text(code)
    assert "More time." not in sue.content()
    look_over(sue)
    assert sue.goto(f"{demo.base}/nowhere/").status == 404
    sue.wrong.clear()  # The browser notes the 404 itself.
    look_over(sue)


def test_logging_needs_one_field_at_most_when_a_session_was_missed(demo, open_page):
    theo = open_page("phone")
    theo.goto(demo.base)
    sign_in(theo, demo, "theo")
    theo.get_by_role("link", name="R-450").click()
    theo.get_by_role("link", name="Log a session").click()
    theo.get_by_label("The client did not come").check()
    theo.get_by_role("button", name="Log this session").click()
    # No rating is asked for a session that was not held.
    expect(theo.get_by_role("heading", level=1)).to_have_text("R-450")
    expect(theo.get_by_text("The client did not come").first).to_be_visible()
    look_over(theo)

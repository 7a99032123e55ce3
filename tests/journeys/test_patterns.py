"""A supervisor and her supervisee look at the same page, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in


def said(page):
    return page.locator("main").inner_text()


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_supervisor_and_supervisee_see_the_same(demo, open_page, device):
    # Sue goes to the list: by name, with no figure but how many.
    sue = open_page(device)
    sign_in(sue, demo, "sue")
    sue.goto(f"{demo.base}/caseload/supervised/")
    sue.get_by_role("link", name="Patterns and endings").click()
    expect(sue.get_by_role("heading", level=1)).to_have_text("Patterns")
    names = sue.locator("tbody th a").all_inner_texts()
    assert names == sorted(names)
    look_over(sue)

    # She opens Theo's page: first each client as a dot, then figures, then a sentence.
    sue.get_by_role("link", name="Theo Brandt", exact=True).click()
    headings = sue.get_by_role("heading", level=2).all_inner_texts()
    assert headings[1:3] == ["Each client a dot", "In figures"]
    expect(
        sue.get_by_text("Cannot be told apart from the practice’s average.").first
    ).to_be_visible()
    sue.get_by_text("How is this worked out?").first.click()
    expect(sue.get_by_text("Reliability", exact=True).first).to_be_visible()
    look_over(sue)

    # Theo finds the very same page from his own list.
    theo = open_page(device)
    sign_in(theo, demo, "theo")
    theo.get_by_role("link", name="Patterns and endings").click()
    theo.get_by_role("link", name="Theo Brandt", exact=True).click()
    theo.get_by_text("How is this worked out?").first.click()
    assert said(theo) == said(sue)

    # They look back at what has ended, without a word on who may leave next.
    for page in (sue, theo):
        page.get_by_role("link", name="Endings").click()
        expect(page.get_by_text("It does not foretell who will stay away")).to_be_visible()
        look_over(page)
    assert said(theo) == said(sue)

    # Mara, who manages the practice, finds counts and no therapist.
    mara = open_page(device)
    mara.goto(demo.manager())
    mara.get_by_role("link", name="People").first.click()
    mara.get_by_role("link", name="In numbers").click()
    expect(mara.get_by_role("heading", level=1)).to_have_text("In numbers")
    assert "Theo" not in said(mara)
    look_over(mara)

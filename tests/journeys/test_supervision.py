"""A supervision meeting, from its preparation to what comes back at the next one."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in


def plan(page, other, day):
    section = page.get_by_role("region", name=other)
    section.get_by_label("Day of the next meeting").fill(day)
    section.get_by_role("button", name="Prepare the meeting").click()


@pytest.mark.parametrize("device", ["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_meeting_is_prepared_held_and_carried_forward(demo, open_page, device, theme):
    endings = f"How endings go, {device} {theme}."
    promise = f"Stop ten minutes earlier, {device} {theme}."

    # Sue looks where a conversation may help most: by reason, with what was done about it.
    sue = open_page(device, theme)
    sign_in(sue, demo, "sue")
    expect(sue.get_by_role("heading", level=1)).to_have_text("Where a conversation may help most")
    lower = sue.get_by_role("region", name="Lower than usual for this client")
    drop = lower.get_by_role("listitem").filter(has_text="B-318")
    expect(drop).to_contain_text("yes, on")
    expect(drop).to_contain_text("Spoken about")
    look_over(sue)

    # The table says for each session how it lay, in a shape and in words.
    row = sue.get_by_role("row").filter(has_text="B-318")
    expect(row.get_by_role("cell").last).to_contain_text("below what is usual by now")
    assert row.get_by_role("cell").count() == 12

    # She looks for those of Nadia's clients who stopped rating.
    sue.get_by_label("Therapist").select_option("Nadia Rahal")
    sue.get_by_label("What stands out").select_option("No rating for three sessions")
    sue.get_by_role("button", name="Show these").click()
    expect(sue.get_by_role("link", name="W-340")).to_be_visible()
    expect(sue.get_by_role("link", name="B-318")).to_have_count(0)
    look_over(sue)

    # She prepares the next meeting with Theo; what stands out is on its agenda already.
    sue.get_by_role("link", name="Meetings, and supervision of me").click()
    look_over(sue)
    plan(sue, "With Theo Brandt", "2027-05-04")
    expect(sue.get_by_role("heading", level=1)).to_have_text("Meeting of 4 May 2027")
    agenda = sue.get_by_role("region", name="Agenda")
    expect(agenda.get_by_role("listitem").filter(has_text="B-318")).to_have_count(1)
    look_over(sue)
    address = sue.url

    # Theo finds it under "Supervision of me", and adds what is on his mind.
    theo = open_page(device, theme)
    sign_in(theo, demo, "theo")
    expect(theo.get_by_role("heading", level=1)).to_have_text("Your clients")
    theo.get_by_role("link", name="Supervision", exact=True).click()
    theo.get_by_role("link", name="Meetings, and supervision of me").click()
    mine = theo.get_by_role("region", name="Supervision of me, with Sue Aldana")
    mine.locator(f"a[href='{urlsplit(address).path}']").click()
    theo.get_by_text("Add something").click()
    theo.get_by_label("What do you want to speak about?").fill(endings)
    theo.get_by_role("button", name="Put it on the agenda").click()
    look_over(theo)

    # They meet. She ticks what they speak about, and writes a line for both and one for herself.
    sue.reload()
    point = sue.get_by_role("listitem").filter(has_text=endings)
    point.get_by_role("button").click()
    expect(point).to_contain_text("✓ spoken about")
    sue.get_by_label("Notes that both of you read and write").fill("Endings come late.")
    sue.get_by_role("button", name="Keep these notes").first.click()
    expect(sue.get_by_role("status")).to_have_text("Kept.")
    sue.get_by_label("Notes that only you read").fill("He looks tired.")
    sue.get_by_role("button", name="Keep these notes").last.click()
    expect(sue.get_by_label("Notes that only you read")).to_have_value("He looks tired.")

    # They agree on something, with a day, and the meeting is over.
    sue.get_by_text("Agree on something").click()
    sue.get_by_label("What will be done?").fill(promise)
    sue.get_by_label("Until").fill("2027-05-11")
    sue.get_by_role("button", name="Keep what was agreed").click()
    expect(sue.get_by_text("until 11 May 2027").first).to_be_visible()
    sue.get_by_role("button", name="We met today").click()
    expect(sue.get_by_role("button", name="Look for what is new")).to_have_count(0)
    look_over(sue)

    # Theo reads what is for both, and not what she noted for herself.
    theo.reload()
    expect(theo.get_by_label("Notes that both of you")).to_have_value("Endings come late.")
    assert "He looks tired." not in theo.content()
    look_over(theo)

    # What was agreed is on the next agenda, until he says that it is done.
    theo.get_by_role("link", name="Supervision meetings").click()
    plan(theo, "Supervision of me", "2027-06-01")
    theo.get_by_role("button", name="Look for what is new").click()
    agenda = theo.get_by_role("region", name="Agenda")
    expect(agenda.get_by_text(promise).first).to_be_visible()
    agreed = theo.get_by_role("region", name="Agreed").get_by_role("listitem")
    agreed.filter(has_text=promise).get_by_role("button").click()
    expect(agenda.get_by_role("listitem").filter(has_text=promise)).to_contain_text("over by now")
    look_over(theo)

    # For the train, the agenda is one page; so is an episode.
    with theo.expect_download() as agenda_pdf:
        theo.get_by_role("link", name="Agenda as PDF").click()
    assert agenda_pdf.value.suggested_filename == "agenda.pdf"
    sue.goto(f"{demo.base}/caseload/supervised/")
    sue.get_by_role("link", name="B-318").click()
    with sue.expect_download() as episode_pdf:
        sue.get_by_role("link", name="One page as PDF").click()
    assert episode_pdf.value.suggested_filename == "episode.pdf"

    # Olga, whom Sue does not supervise, finds nothing there.
    olga = open_page(device, theme)
    sign_in(olga, demo, "olga")
    assert olga.goto(address).status == 404
    olga.goto(f"{demo.base}/supervision/")
    expect(olga.get_by_text("nobody supervises you")).to_be_visible()
    olga.wrong.clear()  # The browser notes the 404 itself.
    look_over(olga)

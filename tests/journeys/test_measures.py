"""A manager adds a questionnaire of the practice's own, which needs a licence."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.alliance.own_measures import PLANTED, TOML
from tests.demo_server import running_demo
from tests.journeys.conftest import look_over


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """A demonstration of its own: what is added here is not taken away."""
    with running_demo(tmp_path_factory.mktemp("var")) as running:
        yield running


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_a_questionnaire_is_uploaded_licensed_activated_and_stopped(
    practice, open_page, tmp_path, device, theme
):
    mara = open_page(device, theme)
    mara.goto(practice.manager())
    mara.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    mara.get_by_role("link", name="Measures").click()
    expect(mara.get_by_role("heading", name="Your practice’s own")).to_be_visible()
    look_over(mara)

    # Her file has a mistake: its line is said, and the text is there to be mended.
    key = f"teapots-{device}"
    text = TOML.replace('"teapots"', f'"{key}"').replace('"Teapots"', f'"Teapots, {device}"')
    file = tmp_path / "teapots.toml"
    file.write_text(text.replace('component = "goals"', 'component = "hope"'))
    mara.get_by_role("link", name="Upload a questionnaire").click()
    look_over(mara)
    mara.get_by_label("A file").set_input_files(file)
    mara.get_by_role("button", name="Add it as a draft").click()
    expect(mara.get_by_text(re.compile(r"teapots\.toml, line \d+: "))).to_be_visible()
    look_over(mara)
    field = mara.get_by_label("Or what stands in it")
    assert field.input_value().strip() == file.read_text().strip()
    field.fill(text)
    mara.get_by_role("button", name="Add it as a draft").click()
    expect(mara.get_by_text("A draft, asked of nobody.")).to_be_visible()
    look_over(mara)

    # She sees it as a client would.
    mara.get_by_role("link", name="See it as a client would").click()
    expect(mara.get_by_role("group", name=f"{PLANTED}: warm.")).to_be_visible()
    look_over(mara)
    mara.get_by_role("link", name="Back").click()

    # Without a licence it is not activated.
    mara.get_by_role("button", name="Activate").click()
    expect(mara.get_by_text("without a licence that holds today")).to_be_visible()
    look_over(mara)

    # What is missing is said beside the field; then she attests the licence.
    mara.get_by_role("link", name="Attest a licence").click()
    look_over(mara)
    mara.get_by_label("Who holds the rights?").fill("Pottery Ltd")
    mara.get_by_label("What kind of licence is it?").select_option(label="For electronic use")
    mara.get_by_role("button", name="Attest this licence").click()
    expect(mara.get_by_text("Say that you have seen it.")).to_be_visible()
    look_over(mara)
    mara.get_by_label("Its number").fill("T-1")
    mara.get_by_label("Until when?").fill(str(date.today() + timedelta(days=400)))
    mara.get_by_label(re.compile("I have this licence before me")).check()
    mara.get_by_role("button", name="Attest this licence").click()
    expect(mara.get_by_text("Attested.")).to_be_visible()
    look_over(mara)
    mara.get_by_role("button", name="Activate").click()
    expect(mara.get_by_text("Can be asked. Its licence holds until")).to_be_visible()
    look_over(mara)
    mara.get_by_role("link", name="Measures").first.click()
    expect(mara.get_by_text("Pottery Ltd · T-1").first).to_be_visible()
    look_over(mara)

    # What is downloaded of it has no word of it.
    mara.get_by_role("link", name=f"Teapots, {device}").click()
    with mara.expect_download() as downloading:
        mara.get_by_role("link", name=re.compile("Download its structure")).click()
    downloaded = downloading.value.path().read_text()
    assert '"linkId": "warm"' in downloaded
    assert PLANTED not in downloaded

    mara.get_by_role("button", name="Stop asking it").click()
    expect(mara.get_by_text("Stopped: it is asked no longer.")).to_be_visible()
    look_over(mara)


@pytest.mark.parametrize(("device", "theme"), [("phone", "light"), ("desk", "dark")])
def test_the_words_are_typed_in_to_a_scaffold(practice, open_page, device, theme):
    mara = open_page(device, theme, java_script_enabled=False)
    mara.goto(practice.manager())
    mara.goto(f"{practice.base}/practices/1/measures/write/")
    mara.get_by_role("link", name="ARM-5, client").click()
    expect(mara.get_by_text("Item 3 is reversed.")).to_be_visible()
    expect(mara.get_by_label(re.compile("A high mark means less")).nth(2)).to_be_checked()
    mara.get_by_label("Its key").fill(f"invented-{device}")
    mara.get_by_label("Heading").fill("Invented heading")
    mara.get_by_label("Words to begin with").fill("Invented beginning.")
    mara.get_by_label("Where the words come from").fill("Invented.")
    mara.get_by_label("Words at the low end", exact=True).fill("little")
    for place in range(5):
        mara.get_by_role("textbox", name=re.compile("^Statement")).nth(place).fill(
            f"Invented {place}."
        )
    mara.get_by_role("button", name="Keep this draft").click()
    expect(mara.get_by_text("Words are missing for this end").first).to_be_visible()
    assert mara.get_by_label("Heading").input_value() == "Invented heading"
    mara.get_by_label("Words at the high end", exact=True).fill("much")
    mara.get_by_role("button", name="Keep this draft").click()
    expect(mara.get_by_text("A draft, asked of nobody.")).to_be_visible()
    expect(mara.get_by_text("the trend shows no total for it")).to_be_visible()
    mara.get_by_role("link", name="Change the words").click()
    assert (
        mara.get_by_role("textbox", name=re.compile("^Statement")).nth(4).input_value()
        == "Invented 4."
    )
    look_over_without_script(mara)


def look_over_without_script(page):
    """Check that no field hangs over the edge; the other checks need script."""
    width = page.viewport_size["width"]
    for field in page.locator(
        "main input:visible, main textarea:visible, main select:visible"
    ).all():
        box = field.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_typing_in_can_be_read_by_everybody(practice, open_page, device, theme):
    mara = open_page(device, theme)
    mara.goto(practice.manager())
    mara.goto(f"{practice.base}/practices/1/measures/write/")
    look_over(mara)
    mara.get_by_role("link", name="SRS, version 3").click()
    expect(mara.get_by_text("A practice needs a group licence")).to_be_visible()
    look_over(mara)
    mara.get_by_role("button", name="Keep this draft").click()
    look_over(mara)

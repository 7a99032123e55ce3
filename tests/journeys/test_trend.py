"""The trend page: painted with the page, then taken over by Plotly in the same box."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in

PLACES = """selector => [...document.querySelectorAll(selector)].map(dot => {
  const box = dot.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})"""

BOXES = """selector => [...document.querySelectorAll(selector)].map(area => {
  const box = area.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom];
})"""


def episode(page, demo, code):
    sign_in(page, demo, "nadia" if code == "W-340" else "theo")
    page.get_by_role("link", name=code).click()


def near(one, other):
    return one == pytest.approx(other, abs=0.5)


@pytest.mark.parametrize(
    ("code", "device"),
    [("K-231", "phone"), ("K-231", "desk"), ("D-162", "desk"), ("W-340", "phone")],
)
def test_plotly_takes_over_in_the_same_places(demo, open_page, device, code):
    page = open_page(device)
    episode(page, demo, code)
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    drawn = page.evaluate(PLACES, ".trend-svg .dot, .trend-svg .ring, .trend-svg .own")
    taken = page.evaluate(PLACES, ".js-plotly-plot .scatterlayer .points path")
    signs = page.evaluate(PLACES, ".trend-svg [class^='sign-'] path")
    assert len(drawn) >= 4 * 11
    for place in drawn:
        match = next((other for other in taken if near(place, other)), None)
        assert match, place
        taken.remove(match)
    assert len(taken) == len(signs)  # What is left are the signs, around their dots.


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_plotly_lays_range_band_and_course_where_the_drawing_has_them(demo, open_page, device):
    page = open_page(device)
    episode(page, demo, "K-231")
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    drawn = page.evaluate(BOXES, ".trend-svg .usual, .trend-svg .band")
    taken = page.evaluate(BOXES, ".js-plotly-plot .scatterlayer .js-fill")
    assert len(drawn) == len(taken) == 2
    for ours, theirs in zip(drawn, taken, strict=True):
        assert near(ours, theirs)
    assert page.locator(".trend-svg .level").count() == 11


@pytest.mark.parametrize(("device", "theme"), [("phone", "light"), ("desk", "dark")])
def test_how_a_statement_was_worked_out_opens_by_keyboard(demo, open_page, device, theme):
    page = open_page(device, theme)
    episode(page, demo, "B-318")
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    card = page.locator("details.how").first
    expect(card.get_by_text("probability of a real drop", exact=True)).to_be_hidden()
    for _step in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    expect(card.get_by_text("probability of a real drop", exact=True)).to_be_visible()
    expect(card.get_by_text("The questions are our own and not validated.")).to_be_visible()
    page.get_by_text("Work the numbers out again").click()
    expect(page.get_by_text("python -m alliance.psychometrics detect")).to_be_visible()
    look_over(page)
    card.locator("summary").focus()
    page.keyboard.press("Space")
    expect(card.get_by_text("probability of a real drop", exact=True)).to_be_hidden()


def test_what_is_marked_on_the_chart_is_named_below_it(demo, open_page):
    page = open_page("phone", "dark")
    episode(page, demo, "K-231")
    marked = page.locator("ul.marked li")
    expect(marked).to_have_count(2)
    expect(marked.nth(0)).to_contain_text("lower than usual")
    expect(marked.nth(1)).to_contain_text("back to usual")
    assert page.locator(".trend-svg [class^='sign-']").count() == 2
    assert page.locator("ul.marked svg.sign-lower").count() == 1


def test_a_hover_tells_no_more_than_the_table(demo, open_page):
    page = open_page("desk")
    episode(page, demo, "K-231")
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    page.locator("#trend").scroll_into_view_if_needed()
    dot = page.evaluate(PLACES, ".trend-svg .dot")[6]
    page.mouse.move(*dot)
    expect(page.locator(".hoverlayer")).to_contain_text("Session 7")
    look_over(page)


def test_the_chart_stands_without_script_and_on_paper(demo, open_page, tmp_path):
    page = open_page("desk", java_script_enabled=False)
    episode(page, demo, "B-318")
    expect(page.locator(".trend-svg .dot").first).to_be_visible()
    assert page.locator(".trend-svg .run").count() == 30
    assert page.locator(".trend-svg .usual").count() == 1
    page.locator("details.how summary").first.click()
    expect(page.get_by_text("probability of a real drop", exact=True).first).to_be_visible()

    page = open_page("desk", "dark")
    episode(page, demo, "B-318")
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    page.emulate_media(media="print", color_scheme="light")
    expect(page.locator(".trend-svg .dot").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_be_hidden()


def test_the_chart_does_not_catch_the_scroll_of_a_phone(demo, open_page):
    page = open_page("phone")
    episode(page, demo, "K-231")
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    box = page.locator("#trend").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(500)
    assert page.evaluate("window.scrollY") > 100


def test_every_story_of_the_demonstration_can_be_opened_and_looked_over(demo, open_page):
    page = open_page("phone")
    sign_in(page, demo, "sue")
    links = page.locator("main a[href^='/episodes/']")
    addresses = {link.get_attribute("href") for link in links.all()}
    assert len(addresses) >= 12
    for address in sorted(addresses):
        page.goto(f"{demo.base}{address}")
        look_over(page)

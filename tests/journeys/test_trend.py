"""The trend page: painted with the page, then taken over by Plotly in the same box."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in

PLACES = """selector => [...document.querySelectorAll(selector)].map(dot => {
  const box = dot.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})"""


def episode(page, demo, code):
    sign_in(page, demo, "theo")
    page.get_by_role("link", name=code).click()


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_plotly_takes_over_in_the_same_places(demo, open_page, device):
    page = open_page(device)
    episode(page, demo, "K-231")
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    drawn = page.evaluate(PLACES, ".trend-svg .dot")
    taken = page.evaluate(PLACES, ".js-plotly-plot .scatterlayer .points path")
    assert len(drawn) == len(taken) == 36
    for ours, theirs in zip(drawn, taken, strict=True):
        assert ours == pytest.approx(theirs, abs=0.5)


def test_a_hover_tells_no_more_than_the_table(demo, open_page):
    page = open_page("desk")
    episode(page, demo, "K-231")
    expect(page.locator("#trend")).to_have_attribute("data-ready", "plotly")
    dot = page.evaluate(PLACES, ".trend-svg .dot")[6]
    page.mouse.move(*dot)
    expect(page.locator(".hoverlayer")).to_contain_text("Session 7")
    look_over(page)


def test_the_chart_stands_without_script_and_on_paper(demo, open_page, tmp_path):
    page = open_page("desk", java_script_enabled=False)
    episode(page, demo, "B-318")
    expect(page.locator(".trend-svg .dot").first).to_be_visible()
    assert page.locator(".trend-svg .run").count() == 30

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
    links = page.locator("table.caseload th a")
    addresses = [link.get_attribute("href") for link in links.all()]
    assert len(addresses) >= 12
    for address in addresses:
        page.goto(f"{demo.base}{address}")
        look_over(page)

"""The client's form on the devices and in the states that people meet it in."""

import re
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.demo_server import ask_afresh
from tests.journeys.conftest import comment_box, look_over, use_buttons

COUNT = """
from alliance.ratings.models import Comment
print(sum(comment.text.startswith("Sheet ") for comment in Comment.objects.all()))
"""


@pytest.fixture
def form(demo):
    """Return the address of a form that nobody has opened."""
    return f"{demo.base}/r/{demo.shell(ask_afresh())}/"


@pytest.mark.parametrize("width", [320, 390])
def test_the_form_works_without_javascript_on_a_small_phone(form, open_page, width):
    page = open_page((width, 700), java_script_enabled=False)
    page.goto(form)
    for summary in page.locator(".besides > summary").all():  # Offered every fourth time.
        summary.click()
    wide = page.locator("html").bounding_box()["width"]
    for mark in page.locator(".marks label").all():
        box = mark.bounding_box()
        assert box["width"] >= 24
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= wide
    page.locator("fieldset").first.locator("input[value='4']").check()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def test_a_comment_that_is_too_long_gets_an_error_beside_it_and_nothing_is_lost(form, open_page):
    page = open_page("phone")
    page.goto(form)
    use_buttons(page)
    page.locator("fieldset").nth(2).locator("input[value='9']").check()
    comment_box(page).fill("long " * 500)
    page.get_by_role("button", name="Send my answers").click()
    expect(page).to_have_title(re.compile("^Error"))
    page.wrong.clear()  # The browser notes the status of an error page itself.
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    expect(page.locator("#comment-error")).to_contain_text("longer than we can keep")
    assert page.locator(".marks input:checked").get_attribute("value") == "9"
    assert comment_box(page).input_value().startswith("long long")
    look_over(page)
    comment_box(page).fill("short")
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_arabic_form_reads_from_right_to_left_and_speaks_arabic_throughout(
    demo, open_page, theme
):
    page = open_page("phone", theme)
    page.goto(demo.arabic_form())
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator("#switch").click()
    first, last = (page.locator(".marks").first.locator("label").nth(n) for n in (0, 10))
    assert first.bounding_box()["x"] > last.bounding_box()["x"]
    said = page.locator("main").inner_text() + page.locator(".demo-banner").inner_text()
    assert re.findall("[A-Za-z]+", said) == []
    assert page.title() == "نموذج قصير"
    look_over(page)


def test_reading_the_form_again_and_again_changes_nothing(form, open_page):
    page = open_page("phone")
    for _time in range(20):
        assert page.request.get(form).status == 200
        assert page.request.head(form).status == 200
    assert page.request.fetch(form, method="OPTIONS").status == 405
    page.goto(form)
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def test_the_page_weighs_little_and_asks_nobody_else(form, open_page):
    page = open_page("phone")
    weighed = []
    page.on("requestfinished", lambda request: weighed.append(request))
    page.goto(form, wait_until="networkidle")
    assert all(request.url.startswith(form.split("/r/")[0]) for request in weighed)
    sizes = [request.sizes() for request in weighed]
    on_the_wire = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    assert on_the_wire < 30_000


def test_of_twenty_sent_at_the_same_moment_one_is_stored_and_all_are_thanked(demo, form):
    """Twenty different answers at once, to the real server with its several processes."""

    def send(number):
        body = urlencode({"sent": 1, "say": number % 11, "comment": f"Sheet {number}."}).encode()
        barrier.wait()
        with urllib.request.urlopen(form, body, timeout=30) as answer:
            return answer.read().decode()

    barrier = threading.Barrier(20)
    with ThreadPoolExecutor(20) as pool:
        pages = list(pool.map(send, range(20)))
    assert all("<h1>Thank you</h1>" in page for page in pages)
    assert demo.shell(COUNT) == "1"

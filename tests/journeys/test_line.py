"""The line on a phone: each rule of it, by real touches, keys, and without any of them."""

import re

import pytest
from playwright.sync_api import expect

from tests.demo_server import ask_afresh
from tests.journeys.conftest import look_over

STORED = """
from alliance.asking.actions import digest
from alliance.ratings.models import Rating
rating = Rating.objects.get(request__token_digest=digest("SECRET"))
print(rating.answers["say"], rating.answers["matter"], rating.input_mode, rating.line_px)
"""
HALF = 17  # Of the handle.


@pytest.fixture
def form(demo):
    return f"{demo.base}/r/{demo.shell(ask_afresh())}/"


@pytest.fixture
def phone(form, open_page):
    page = open_page("phone")
    page.goto(form)
    page.wait_for_load_state("networkidle")
    return page


def line(page, number=0):
    return page.locator(".line input[type=range]").nth(number)


def place(page, number=0):
    """Return what would be sent of a line."""
    return page.locator(".line input[type=hidden]").nth(number).input_value()


def tap(page, share, number=0):
    """Tap a line at a share of its length, from the left."""
    line(page, number).scroll_into_view_if_needed()
    box = line(page, number).bounding_box()
    x = box["x"] + HALF + share * (box["width"] - 2 * HALF)
    page.touchscreen.tap(x, box["y"] + box["height"] / 2)


def swipe(page, number):
    """Begin a touch on a line and move it up, as a finger does that scrolls the page."""
    line(page, number).scroll_into_view_if_needed()
    box = line(page, number).bounding_box()
    x, y = box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)
    for step in range(16):
        kind = "touchMove" if step else "touchStart"
        point = {"type": kind, "touchPoints": [{"x": x, "y": y - 15 * step}]}
        devtools.send("Input.dispatchTouchEvent", point)
        page.wait_for_timeout(16)  # As often as a screen tells.
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("scrollY > 0")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def send(page):
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def stored(demo, form):
    return demo.shell(STORED.replace("SECRET", form.rstrip("/").rsplit("/", 1)[1])).split()


def handle(page, number=0):
    """Return whether the handle of a line can be seen."""
    return "blank" not in (line(page, number).get_attribute("class") or "")


def test_before_the_first_answer_there_is_no_handle_and_nothing_is_sent(phone, demo, form):
    for number in range(6):
        assert not handle(phone, number)
        assert place(phone, number) == ""
        expect(phone.locator(".ends em").nth(number)).to_have_text("not answered")
    send(phone)
    assert stored(demo, form)[:2] == ["None", "None"]


def test_there_are_no_numbers_no_ticks_and_no_colours_on_the_line(phone):
    statements = phone.locator("form > fieldset")
    assert re.findall(r"\d", " ".join(statements.all_inner_texts())) == []
    assert phone.locator("datalist").count() == 0
    edges = {
        phone.evaluate(
            "(place) => getComputedStyle(place, '::before').backgroundImage", one.element_handle()
        )
        for one in phone.locator(".line").all()
    }
    assert len(edges) == 1
    colours = set(re.findall(r"rgb\([^)]*\)", edges.pop()))
    assert len(colours) == 1, "from end to end in one colour"


@pytest.mark.parametrize(
    ("share", "expected"), [(0, 0), (0.25, 25), (0.5, 50), (0.9, 90), (1, 100)]
)
def test_a_tap_anywhere_on_the_line_sets_the_mark_there(phone, share, expected):
    tap(phone, share)
    assert abs(int(place(phone)) - expected) <= 1
    assert handle(phone)
    expect(phone.locator(".ends em").first).to_be_hidden()


def test_a_tap_on_the_very_middle_counts(phone, demo, form):
    tap(phone, 0.5)
    assert place(phone) == "50"
    send(phone)
    assert stored(demo, form) == ["5.0", "None", "line", "298"]


def test_a_scroll_of_the_page_that_begins_on_a_line_leaves_it_unanswered(phone):
    swipe(phone, 2)
    assert place(phone, 2) == ""
    assert not handle(phone, 2)


def test_a_scroll_of_the_page_that_begins_on_an_answer_keeps_it(phone):
    tap(phone, 0.37, 2)
    answered = place(phone, 2)
    swipe(phone, 2)
    assert place(phone, 2) == answered
    assert line(phone, 2).input_value() == answered


def test_clear_goes_back_to_unanswered(phone, demo, form):
    clear = phone.locator(".clear").first
    expect(clear).to_be_hidden()
    tap(phone, 0.8)
    tap(phone, 0.6, 1)
    clear.tap()
    assert place(phone) == ""
    assert not handle(phone)
    expect(phone.locator(".ends em").first).to_be_visible()
    send(phone)
    say, matter, *_how = stored(demo, form)
    assert say == "None"
    assert abs(float(matter) - 6) <= 0.1


def test_rather_not_say_takes_the_mark_away_and_the_mark_takes_it_away(phone):
    tap(phone, 0.8)
    phone.locator("input[value=unsaid]").first.tap()
    assert place(phone) == ""
    assert phone.locator("input[value=unsaid]").first.is_checked()
    tap(phone, 0.3)
    assert abs(int(place(phone)) - 30) <= 1
    assert not phone.locator("input[value=unsaid]").first.is_checked()


def test_keys_answer_and_a_screen_reader_hears_words(form, open_page, demo):
    page = open_page("desk")
    page.goto(form)
    one = line(page)
    expect(one).to_have_accessible_name("Today I could say what was really on my mind.")
    expect(one).to_have_accessible_description("Hardly at all not answered Completely")
    assert one.get_attribute("aria-valuetext") == "not answered yet"
    one.focus()
    page.keyboard.press("Enter")
    assert place(page) == "50"
    assert one.get_attribute("aria-valuetext") == "about in the middle"
    page.keyboard.press("PageUp")
    assert one.get_attribute("aria-valuetext") == "nearer to: Completely"
    page.keyboard.press("Home")
    assert one.get_attribute("aria-valuetext") == "Hardly at all"
    page.keyboard.press("ArrowRight")
    assert (place(page), one.get_attribute("aria-valuetext")) == ("1", "nearer to: Hardly at all")
    assert not re.search(r"\d", one.get_attribute("aria-valuetext"))


def test_the_whole_form_by_keyboard_alone(form, open_page, demo):
    page = open_page("desk")
    page.goto(form)
    seen = []
    for _step in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const e = document.activeElement; const b = e.getBoundingClientRect(); return"
            " [e.type || e.tagName, e.textContent.trim(), b.top >= 0 && b.bottom <= innerHeight]; }"
        )
        seen.append(focused)
        assert focused[2], f"{focused} is out of sight"
        if focused[0] == "range" and sum(kind == "range" for kind, *_rest in seen) <= 2:
            page.keyboard.press("End")
        if focused[1] == "Send my answers":
            page.keyboard.press("Enter")
            break
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert stored(demo, form)[:3] == ["10.0", "10.0", "line"]


def test_from_right_to_left_the_line_turns_and_the_mark_keeps_its_meaning(demo, open_page):
    page = open_page("phone")
    page.goto(demo.arabic_form())
    tap(page, 0.2)
    assert abs(int(place(page)) - 80) <= 1


def test_buttons_instead_of_a_line_are_stored_as_such_and_no_mark_is_carried_over(
    phone, demo, form
):
    tap(phone, 0.8)
    phone.get_by_role("button", name="Use buttons, not a line").tap()
    assert place(phone) == ""
    expect(phone.locator(".line").first).to_be_hidden()
    phone.locator("fieldset").first.locator("input[value='4']").tap()
    look_over(phone)
    send(phone)
    assert stored(demo, form)[:3] == ["4.0", "None", "buttons"]


def test_without_script_the_buttons_are_the_form(form, open_page, demo):
    page = open_page((320, 700), java_script_enabled=False)
    page.goto(form)
    expect(page.locator(".line").first).to_be_hidden()
    page.locator("fieldset").first.locator("input[value='4']").check()
    page.locator(".skip input").nth(1).check()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert stored(demo, form)[:3] == ["4.0", "None", "buttons"]


def test_a_page_that_comes_back_shows_nothing_that_was_not_answered(phone, form):
    tap(phone, 0.8)
    phone.goto("about:blank")
    phone.go_back()
    assert place(phone) == ""
    assert not handle(phone)


@pytest.mark.parametrize(("width", "zoom"), [(320, 1), (1280, 4)])
def test_it_reflows_on_a_small_screen_and_at_four_times_the_size(form, open_page, width, zoom):
    page = open_page((width // zoom, 900 // zoom), device_scale_factor=zoom)
    page.goto(form)
    look_over(page)
    # All but the link within the sentence above the form.
    for target in page.locator("#form :is(button, summary, .other span, input[type=range])").all():
        if not target.is_visible():
            continue
        box = target.bounding_box()
        assert box["height"] >= 44, target.evaluate("(one) => one.outerHTML")
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width // zoom


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_is_accessible_in_each_theme_before_and_after_an_answer(form, open_page, theme):
    page = open_page("phone", theme)
    page.goto(form)
    look_over(page)
    tap(page, 0.7)
    page.locator("details.comment summary").click()
    look_over(page)


def test_in_forced_colours_the_line_and_its_handle_are_there(form, open_page):
    page = open_page("phone", forced_colors="active")
    page.goto(form)
    tap(page, 0.7)
    look_over(page)
    assert handle(page)


LANGUAGE = """
from sessions_app.clients.models import Client, ClientIdentity
client = Client.objects.get(code="D-162")
ClientIdentity.objects.update_or_create(client=client, defaults={{"language": {language!r}}})
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "hi", "ar"])
def test_the_short_form_stands_on_one_screen_of_a_phone(demo, open_page, language, theme):
    secret = demo.shell(LANGUAGE.format(language=language) + ask_afresh("session-short"))
    page = open_page("phone", theme)
    page.goto(f"{demo.base}/r/{secret}/")
    assert page.locator("html").get_attribute("lang") == language
    page.evaluate("document.querySelector('.demo-banner').remove()")  # No practice has it.
    send = page.get_by_role("button", name=re.compile(".")).and_(page.locator("[type=submit]"))
    box = send.first.bounding_box()
    assert box["y"] + box["height"] <= 844
    if language == "en":
        assert page.evaluate("document.documentElement.scrollHeight") <= 844
    look_over(page)
    page.locator("button[type=submit]").first.click()
    page.locator("form.after").wait_for()
    look_over(page)
    demo.shell(LANGUAGE.format(language=""))


# --- Nothing lost on the way ---------------------------------------------------------------------


def test_without_network_the_marks_stay_it_says_so_and_one_is_stored_once_it_is_back(
    phone, demo, form
):
    tap(phone, 0.8)
    phone.locator("details.comment summary").tap()
    phone.get_by_role("textbox").fill("Please wait for me.")
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.locator("#not-sent")).to_contain_text("Not sent yet")
    assert abs(int(place(phone)) - 80) <= 1
    assert phone.get_by_role("textbox").input_value() == "Please wait for me."
    phone.wrong.clear()  # The browser notes the lost connection itself.
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert abs(float(stored(demo, form)[0]) - 8) <= 0.1


def test_an_answer_that_arrived_though_the_phone_never_heard_is_not_stored_twice(phone, demo, form):
    """The first answer is cut off on its way back; the second carries the same submission."""
    tap(phone, 0.8)
    sent = []

    def cut_off(route):
        if route.request.method != "POST" or "deed=opened" in (route.request.post_data or ""):
            return route.continue_()
        sent.append(route.request.post_data)
        if len(sent) == 1:
            route.fetch(max_redirects=0)
            return route.abort("connectionreset")
        return route.continue_()

    phone.route(form, cut_off)
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you", timeout=15_000)
    phone.wrong.clear()
    submissions = {re.search("submission=([0-9a-f-]{36})", body).group(1) for body in sent}
    assert len(sent) == 2
    assert len(submissions) == 1
    assert abs(float(stored(demo, form)[0]) - 8) <= 0.1


def test_while_the_server_is_away_it_says_so_and_tries_again(phone, demo, form):
    tap(phone, 0.8)
    tries = []

    def away(route):
        if route.request.method == "POST" and "sent=1" in (route.request.post_data or ""):
            tries.append(1)
            if len(tries) == 1:
                return route.fulfill(status=503, body="Away.")
        return route.continue_()

    phone.route(form, away)
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.locator("#not-sent")).to_contain_text("Not sent yet")
    phone.wrong.clear()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you", timeout=15_000)
    assert len(tries) == 2


# --- Besides answering ---------------------------------------------------------------------------


def test_skip_today_take_back_and_begin_again(phone, demo, form):
    phone.get_by_role("button", name="Skip today").tap()
    expect(phone.get_by_text("you skipped it today")).to_be_visible()
    look_over(phone)
    phone.get_by_role("button", name="Fill in the form after all").tap()
    tap(phone, 0.4)
    send(phone)
    look_over(phone)
    phone.get_by_role("button", name="Take my answers back").tap()
    expect(phone.get_by_text("taken back and erased")).to_be_visible()
    look_over(phone)
    assert stored(demo, form)[0] == "None"


def test_whoever_leaves_quickly_leaves_no_page_to_go_back_to(demo, form, open_page):
    demo.shell(
        "from alliance.asking.models import AskingRules\n"
        "from sessions_app.access.models import Practice\n"
        "AskingRules.objects.update_or_create(practice=Practice.objects.get(),"
        " defaults={'offers_quick_exit': True, 'quick_exit_to': 'https://elsewhere.example/'})"
    )
    try:
        page = open_page("phone")
        page.route("https://elsewhere.example/", lambda route: route.fulfill(body="Weather."))
        page.goto("about:blank")
        page.goto(form)
        page.get_by_role("link", name="Leave this page quickly").tap()
        page.wait_for_url("https://elsewhere.example/")
        page.go_back()
        assert page.url == "about:blank"
    finally:
        demo.shell(
            "from alliance.asking.models import AskingRules\nAskingRules.objects.all().delete()"
        )

"""A therapist asks by e-mail, a client answers on their phone, and the therapist sees it."""

import re

import pytest
from playwright.sync_api import expect

from tests.demo_server import running_demo
from tests.journeys.conftest import look_over
from tests.mail_server import running_mail_server

ADDRESS = "somebody@clients.example.org"
# The worker's own pace: it looks for something to do every second.
IN_A_MOMENT = 30
AT_ONCE = """
from datetime import timedelta
from django.utils import timezone
from alliance.demo import stories
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import log_session
episode = Episode.objects.open().get(client__code="D-162")
at = timezone.now() - timedelta(minutes=55)
log_session(episode=episode, starts_at=at, by=episode.therapist.user)
print(episode.pk)
"""


@pytest.fixture(scope="module")
def mailed(tmp_path_factory):
    """The demonstration with a real mail server, and the inbox behind it."""
    with running_mail_server() as inbox:
        address = f"smtp://127.0.0.1:{inbox.port}"
        with running_demo(tmp_path_factory.mktemp("mail"), EMAIL_URL=address) as demo:
            yield demo, inbox


def link_in(letter):
    return re.search(r"http://\S+/r/\S+/", letter.get_body(["plain"]).get_content()).group()


def test_asked_by_email_answered_on_a_phone_and_seen_by_the_therapist(mailed, open_page):
    demo, inbox = mailed
    episode = demo.shell(AT_ONCE)
    page = open_page("desk")
    page.goto(demo.therapist())
    page.goto(f"{demo.base}/episodes/{episode}/asking/")
    look_over(page)
    page.get_by_label("E-mail").fill(ADDRESS)
    page.get_by_role("button", name="Store this").click()
    expect(page.get_by_role("status")).to_contain_text("Stored")

    page.goto(f"{demo.base}/episodes/{episode}/")
    page.get_by_role("link", name="for a rating of session").first.click()
    look_over(page)
    inbox.took.clear()
    page.get_by_role("button", name="Send a link by e-mail").click()
    expect(page.get_by_role("status")).to_contain_text("will be sent in a moment")
    assert inbox.took.wait(IN_A_MOMENT)
    (letter,) = inbox.letters
    assert letter["To"] == ADDRESS

    phone = open_page("phone")
    phone.goto(link_in(letter))
    phone.get_by_role("button", name="Send my answers").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you")

    page.goto(f"{demo.base}/episodes/{episode}/")
    page.get_by_text("Asked, sent, opened, answered").click()
    latest = page.locator("details", has_text="Asked, sent").locator("li").first
    expect(latest).to_contain_text("E-mail")
    expect(latest).to_contain_text("Sent")
    expect(latest).to_contain_text("Opened")
    expect(latest).to_contain_text("Answered")
    look_over(page)


def test_all_of_today_in_one_go_on_a_phone_and_a_manager_sees_the_numbers(mailed, open_page):
    demo, _inbox = mailed
    page = open_page("phone", "dark")
    page.goto(demo.therapist())
    page.get_by_role("link", name="Ask for all sessions of today").click()
    look_over(page)
    page.goto(demo.manager())
    page.get_by_role("link", name="People").first.click()
    page.get_by_role("link", name="How clients are asked").click()
    expect(page.get_by_text("The worker is running.")).to_be_visible()
    look_over(page)
    page.get_by_role("link", name=re.compile("^Change ?: how clients are asked$")).click()
    look_over(page)
    page.get_by_label("When").select_option("hour")
    page.get_by_role("button", name="Store this").click()
    expect(page.get_by_text("An hour later")).to_be_visible()


def test_a_sample_reaches_the_manager_who_asks_for_it(mailed, open_page):
    demo, inbox = mailed
    page = open_page("desk", "dark")
    page.goto(demo.manager())
    page.get_by_role("link", name="People").first.click()
    page.get_by_role("link", name="How clients are asked").click()
    inbox.took.clear()
    page.get_by_role("button", name="Send me a sample").click()
    assert inbox.took.wait(IN_A_MOMENT)
    assert inbox.letters[-1]["To"].endswith("@demo.example")
    look_over(page)

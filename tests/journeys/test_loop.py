"""From a low rating over a talk to the next form: the loop, over three sessions."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import look_over, sign_in, use_buttons

# Six sessions as usual, the last one a week ago.
BEFORE = """
from datetime import timedelta
from django.utils import timezone
from alliance.asking.actions import request_rating, submit_rating
from sessions_app.access.models import Membership
from sessions_app.clients.actions import add_client
from sessions_app.sessions.actions import log_session
theo = Membership.objects.get(user__email="theo@demo.example")
now = timezone.now().replace(second=0, microsecond=0)
episode = add_client(therapist=theo, code={code!r}, by=theo.user,
    started_on=timezone.localdate() - timedelta(days=60))
for week in range(6, 0, -1):
    session = log_session(episode=episode, starts_at=now - timedelta(weeks=week), by=theo.user)
    asked, _secret = request_rating(
        session=session, respondent="client", channel="link", by=theo.user)
    items = [item.key for item in asked.measure_version.items.all()]
    submit_rating(request=asked, answers=dict.fromkeys(items, 8.0))
"""
# A week goes by: what was is a week longer ago.
A_WEEK = """
from datetime import timedelta
from sessions_app.sessions.models import Session
for session in Session.objects.filter(episode__client__code={code!r}).order_by("starts_at"):
    starts_at = session.starts_at - timedelta(weeks=1)
    Session.objects.filter(pk=session.pk).update(starts_at=starts_at)
"""
LOW = [6, 6, 1, 1, 5, 5]
USUAL = [8, 8, 8, 8, 8, 8]


def ask_and_answer(theo, client, marks):
    """Let Theo log a session and show the link, and the client answer it; return what it showed."""
    theo.get_by_role("link", name="Log a session").click()
    theo.get_by_role("button", name="Log this session").click()
    look_over(theo)
    theo.get_by_role("button", name="Show a QR code or link").click()
    client.goto(theo.get_by_label("Or give them this link").input_value())
    use_buttons(client)
    statements = client.locator("form > fieldset")
    for statement, mark in zip(statements.all(), marks, strict=False):
        statement.locator(f"input[value='{mark}']").check()
    look_over(client)
    shown = client.locator("main").inner_text()
    client.get_by_role("button", name="Send my answers").click()
    expect(client.get_by_role("heading", level=1)).to_have_text("Thank you")
    theo.get_by_role("link", name="Done").click()
    return shown


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_a_low_rating_is_spoken_about_agreed_on_told_and_comes_back(demo, open_page, device, theme):
    code = f"LOOP-{device}"
    demo.shell(BEFORE.format(code=code))
    theo, client = open_page(device, theme), open_page("phone", theme)
    sign_in(theo, demo, "theo")
    theo.get_by_role("link", name=code).click()

    # The client rates the seventh session low, above all what they work towards.
    shown = ask_and_answer(theo, client, LOW)
    assert "last time" not in shown
    came = theo.locator("#what-came")
    expect(came).to_contain_text("lower than usual, most of all “agreeing on goals”")

    # Theo has read it by opening the page. He looks what could help.
    expect(came.locator(".way li")).to_have_count(4)
    expect(came.locator(".way li.open")).to_have_count(2)
    came.get_by_text(re.compile("^What could help")).first.click()
    expect(came.get_by_text("Return to what the client wants").first).to_be_visible()
    look_over(theo)

    # A week later they meet, and having logged it he is asked one line about last time.
    demo.shell(A_WEEK.format(code=code))
    theo.get_by_role("link", name="Log a session").click()
    theo.get_by_role("button", name="Log this session").click()
    expect(theo.get_by_text("Did you come to speak about it?")).to_be_visible()
    look_over(theo)
    theo.get_by_label("What you spoke about").fill("What she comes for.")
    theo.get_by_role("button", name="Write it down").click()
    expect(theo.get_by_text("Did you come to speak about it?")).to_have_count(0)

    # On the page of the episode he writes what they agreed, and lets her be told.
    theo.get_by_role("link", name=code).click()
    expect(came.locator(".way li.open")).to_have_count(1)
    came.get_by_text("Write down what you spoke about and agreed").click()
    came.get_by_label("What you agreed", exact=True).fill("Sleep comes first.")
    came.get_by_label("Show the client on the next form").check()
    came.get_by_role("button", name="Write it down").click()
    expect(came.locator(".way li.open")).to_have_count(0)
    expect(came).to_contain_text("The client is told of it on the next form.")

    # He says what came of what was marked; why it was not spoken about he would have to say.
    came.get_by_text("Say what came of it").first.click()
    came.get_by_label("Not spoken about, because").first.check()
    came.get_by_role("button", name="Keep").first.click()
    expect(theo.get_by_text("Why was it not spoken about?")).to_be_visible()
    look_over(theo)
    theo.get_by_label("Spoken about, and mended").check()
    theo.get_by_role("button", name="Keep").click()
    expect(came.locator("p").filter(has_text="Spoken about, and mended")).to_be_visible()
    look_over(theo)

    # For himself alone he thinks of how he was.
    came.get_by_role("link", name="Two minutes for yourself").click()
    theo.get_by_label("Flexible").fill("I kept to my plan for too long.")
    theo.get_by_role("button", name="Keep it for myself").click()
    expect(theo.get_by_text("I kept to my plan for too long.")).to_be_visible()
    look_over(theo)
    theo.get_by_role("link", name=code).click()

    # In the third week the client's form says that it was read; what they agreed is folded away.
    demo.shell(A_WEEK.format(code=code))
    shown = ask_and_answer(theo, client, USUAL)
    assert "What you agreed last time" in shown
    assert "Sleep comes first." not in shown

    # Her rating is back to usual, and what was marked is among what was.
    expect(theo.get_by_text("back to what was usual").first).to_be_visible()
    came.get_by_text("Earlier: spoken about, agreed, and marked").click()
    expect(came).to_contain_text("Sleep comes first.")
    look_over(theo)

    # What came of it counts among his own figures.
    theo.get_by_role("link", name="Your clients").first.click()
    theo.get_by_role("link", name="What was marked, and what came of it").click()
    expect(theo.get_by_text("There are too few to say")).to_be_visible()
    look_over(theo)

    # And he chooses to hear of answers on Mondays.
    theo.get_by_role("link", name="Your clients").first.click()
    theo.get_by_role("link", name="News by e-mail").click()
    theo.get_by_label("Every Monday").check()
    theo.get_by_role("button", name="Store this choice").click()
    expect(theo.get_by_text("Stored. It holds from now on.")).to_be_visible()
    look_over(theo)


def test_a_client_unfolds_what_was_agreed(demo, open_page):
    code = "LOOP-told"
    demo.shell(BEFORE.format(code=code))
    told = """
from alliance.follow_up.actions import follow_up
from alliance.ratings.models import Rating
from sessions_app.clients.models import Episode
from alliance.trends.actions import open_trend
episode = Episode.objects.get(client__code="LOOP-told")
rating = episode.sessions.latest("starts_at").ratings.get()
open_trend(episode=episode, by=episode.therapist.user, shown=[rating])
follow_up(rating=rating, agreed="Slower, and more pauses.", is_told=True, by=episode.therapist.user)
from alliance.asking.actions import request_rating
from sessions_app.sessions.actions import log_session
from django.utils import timezone
session = log_session(episode=episode, starts_at=timezone.now(), by=episode.therapist.user)
print(request_rating(session=session, respondent="client", channel="link",
    by=episode.therapist.user)[1])
"""
    client = open_page("phone")
    client.goto(f"{demo.base}/r/{demo.shell(told)}/")
    expect(client.get_by_text("Slower, and more pauses.")).to_be_hidden()
    client.get_by_text("What you agreed last time").click()
    expect(client.get_by_text("Slower, and more pauses.")).to_be_visible()
    expect(client.get_by_text("Your therapist read your last answer on")).to_be_visible()
    look_over(client)


def test_a_manager_puts_the_practices_own_words_in_the_place_of_ours(demo, open_page):
    mara = open_page("phone")
    mara.goto(demo.manager())
    mara.get_by_role("link", name="People").first.click()
    mara.get_by_role("link", name="What could help").click()
    look_over(mara)
    mara.get_by_role("link", name="Change “Whatever it was”").click()
    look_over(mara)
    mara.get_by_label("How you could begin").fill("“How was it?”")
    mara.get_by_role("button", name="Store").click()
    expect(mara.get_by_text("changed by your practice")).to_be_visible()
    look_over(mara)

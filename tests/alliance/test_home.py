"""A therapist's home: the day, what is new, and a list that can be looked through."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.asking.second_thoughts import decline
from alliance.caseload.agenda import present_agenda
from alliance.caseload.forms import CodeForm, FilterForm
from alliance.caseload.news import present_news
from alliance.ratings.models import RatingRequest
from alliance.trends.models import Flag, Standing
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from sessions_app.sessions.planning_actions import plan_sessions
from tests.conftest import ask, asked_of_tables, hold, look, rate, run

HOME = "caseload"


def begin(cast, code, name="theo", **values):
    member = cast.members[name]
    return add_client(therapist=member, code=code, by=member.user, **values)


def news(cast, name="theo", **later):
    """Return what somebody is told now, or so much later, by the client's code."""
    told = present_news(getattr(cast, name), at=timezone.now() + timedelta(**later))
    return {line.client.code: line for line in told}


def said(cast, code="CLEO"):
    return news(cast)[code].said


def set_back(**delta):
    """Let so much time have passed since anybody was asked."""
    RatingRequest.objects.update(
        asked_at=F("asked_at") - timedelta(**delta), expires_at=F("expires_at") - timedelta(**delta)
    )


# --- Since you last looked ---


def test_a_new_rating_is_told_until_it_was_read(cast):
    run(cast.cleo, [8, 8])
    look(cast.cleo, cast.theo)
    assert news(cast) == {}
    rate(hold(cast.cleo, weeks_ago=-1), 8)
    line = news(cast)["CLEO"]
    assert (line.said, line.deed) == (["Session 3 is rated"], "Read it")
    assert line.address == reverse("episode", args=[cast.cleo.pk])
    look(cast.cleo, cast.sue)
    assert "CLEO" in news(cast), "a supervisor's look is not the therapist's"
    look(cast.cleo, cast.theo)
    assert news(cast) == {}


def test_lower_than_usual_and_a_comment_are_told_in_the_same_line(cast):
    run(cast.cleo, [8, 8, 8, 8])
    rate(hold(cast.cleo, weeks_ago=-1), 4, comment="May we speak about last week?")
    assert said(cast) == [
        "Session 5 is rated",
        "Lower than usual for this client",
        "A comment is waiting to be read",
    ]
    look(cast.cleo, cast.theo)
    assert news(cast) == {}


def test_what_was_not_answered_after_a_day_can_be_asked_again(cast):
    session = hold(cast.cleo, weeks_ago=1)
    assert news(cast, hours=25) == {}, "nobody was asked"
    ask(session)
    assert news(cast) == {}, "they have a day to answer"
    line = news(cast, hours=25)["CLEO"]
    assert line.said[0].startswith("Asked on ")
    assert (line.deed, line.address) == ("Ask again", reverse("rating-ask", args=[session.pk]))


def test_who_has_skipped_a_form_has_answered(cast):
    asked, _secret = ask(hold(cast.cleo, weeks_ago=1))
    decline(request=asked)
    assert news(cast, hours=25) == {}


def test_two_unanswered_in_a_row_are_told_once_a_day_has_passed(cast):
    rate(hold(cast.cleo, weeks_ago=3), 7)
    look(cast.cleo, cast.theo)
    hold(cast.cleo, weeks_ago=2)
    assert news(cast, hours=25) == {}
    hold(cast.cleo)
    assert news(cast) == {}
    line = news(cast, hours=25)["CLEO"]
    assert line.said == ["2 sessions in a row without an answer"]
    assert line.address == reverse("episode-asking", args=[cast.cleo.pk])


def test_a_line_goes_when_the_client_was_looked_at_since(cast):
    ask(hold(cast.cleo, weeks_ago=1))
    assert "CLEO" in news(cast, hours=25)
    set_back(hours=25)
    assert news(cast) == {}, "it was looked at an hour after it was news"


def test_a_client_who_was_handed_over_is_told_until_their_page_was_opened(cast):
    hold(cast.dora, weeks_ago=3)
    after = hand_over_episode(episode=cast.dora, to=cast.members["theo"], by=cast.mara)
    line = news(cast)["DORA"]
    assert (line.said, line.deed) == (["Handed over to you"], "Look at it")
    assert line.address == reverse("episode", args=[after.pk])
    look(after, cast.theo)
    assert news(cast) == {}


def test_what_weighs_most_comes_first(cast):
    run(cast.cleo, [8, 8])
    run(begin(cast, "DROP"), [8, 8, 8, 8, 3])
    rate(hold(begin(cast, "WORDS")), 8, comment="A word.")
    assert list(news(cast)) == ["DROP", "WORDS", "CLEO"]


def test_it_is_the_therapists_own_alone(cast):
    run(cast.cleo, [8, 8, 8, 8, 3])
    assert news(cast, "sue") == news(cast, "olga") == news(cast, "mara") == {}


def test_an_ended_therapy_tells_of_what_is_unread_and_of_nothing_else(cast):
    ask(hold(cast.cleo, weeks_ago=1))
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert news(cast, hours=25) == {}
    other = begin(cast, "LAST")
    rate(hold(other, weeks_ago=0), 7)
    end_episode(episode=other, ending="planned", by=cast.theo)
    assert said(cast, "LAST") == ["Session 1 is rated"]


# --- The day ---


def plan(episode, **delta):
    at = timezone.now().replace(microsecond=0) + timedelta(**delta)
    return plan_sessions(episode=episode, starts_at=at, by=episode.therapist.user)[0]


def test_the_day_is_what_waits_for_a_word_and_what_comes(cast):
    yesterday, now = plan(cast.cleo, days=-1), plan(cast.cleo, minutes=5)
    later, ahead = plan(cast.cleo, hours=2), plan(cast.cleo, days=3)
    plan(cast.cleo, days=9)
    plan(cast.dora, hours=-1)
    with cast.practice.clock():
        agenda = present_agenda(cast.theo)
    assert (agenda.come, agenda.later, agenda.ahead) == ([yesterday, now], [later], [ahead])


def test_one_tap_at_home_says_that_it_was_held(cast, client):
    session = plan(cast.cleo, hours=-1)
    client.force_login(cast.theo)
    page = client.get(reverse(HOME)).content.decode()
    at = reverse("session-planned", args=[session.pk])
    assert f'action="{at}"' in page
    answer = client.post(at, {"deed": "held"})
    assert answer.headers["Location"] == reverse("rating-ask", args=[session.pk])
    assert at not in client.get(reverse(HOME)).content.decode()


# --- Looking through the list ---


def kept(cast, **chosen):
    form = FilterForm(chosen)
    standings = form.keep(Standing.objects.held_by(cast.theo))
    return set(standings.values_list("episode__client__code", flat=True))


def test_the_list_is_narrowed_by_what_stands_out_by_setting_and_by_weekday(cast):
    run(cast.cleo, [8, 8, 8, 8, 3])
    rate(hold(begin(cast, "PAIR", modality="couple")), 8, comment="A word.")
    assert kept(cast) == {"CLEO", "PAIR"}
    assert kept(cast, signal="lower") == {"CLEO"}
    assert kept(cast, signal="comment") == {"PAIR"}
    assert kept(cast, signal="top") == set()
    assert kept(cast, modality="couple") == {"PAIR"}
    assert kept(cast, signal="nothing", modality="x", weekday="9") == {"CLEO", "PAIR"}


def test_a_clients_weekday_is_that_of_the_next_session_or_of_the_last(cast):
    with cast.practice.clock():
        held = hold(cast.cleo)
        day = timezone.localtime(held.starts_at).isoweekday()
        assert kept(cast, weekday=str(day)) == {"CLEO"}
        plan(cast.cleo, days=1)
        tomorrow = (timezone.localtime() + timedelta(days=1)).isoweekday()
        assert kept(cast, weekday=str(tomorrow)) == {"CLEO"}
        assert kept(cast, weekday=str(tomorrow % 7 + 1)) == set()


@pytest.mark.parametrize(
    ("typed", "found"),
    [("cl", {"CLEO"}), (" EO ", {"CLEO"}), ("", {"CLEO", "ZOE"}), ("%", set()), ("x" * 25, None)],
)
def test_a_code_is_found_by_a_part_of_it_in_any_case(cast, typed, found):
    begin(cast, "ZOE")
    form = CodeForm({"code": typed})
    standings = form.keep(Standing.objects.held_by(cast.theo))
    codes = set(standings.values_list("episode__client__code", flat=True))
    assert codes == (found if found is not None else {"CLEO", "ZOE"})


def listed(page):
    return page.content.decode().partition('id="list"')[2]


def test_the_page_finds_a_code_that_is_sent_and_narrows_by_what_is_in_the_address(cast, client):
    begin(cast, "PAIR", modality="couple")
    client.force_login(cast.theo)
    home = reverse(HOME)
    assert "CLEO" in listed(client.get(home, {"code": "pair"})), "a code is not for addresses"
    found = listed(client.post(home, {"code": "pair"}))
    assert "PAIR" in found
    assert "CLEO" not in found
    assert "Nobody matches" in client.post(home, {"code": "dora"}).content.decode()
    narrowed = listed(client.get(home, {"modality": "couple"}))
    assert "PAIR" in narrowed
    assert "CLEO" not in narrowed
    assert "CLEO" not in listed(client.post(f"{home}?modality=couple", {"code": "c"}))
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert "CLEO" in listed(client.get(home, {"ended": ""}))


def test_the_home_asks_as_often_for_many_clients_as_for_few(cast, client):
    client.force_login(cast.theo)
    client.get(reverse(HOME))  # The first request of a sign-in notes where it comes from.

    def fill(numbers):
        for number in numbers:
            episode = begin(cast, f"C-{number}")
            run(episode, [8, 8, 8, 8, 3])
            plan(episode, hours=-number - 1)
            plan(episode, days=1, hours=number)
            ask(hold(begin(cast, f"Q-{number}"), weeks_ago=1))
        set_back(hours=25)

    fill(range(3))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(HOME))
    fill(range(3, 12))
    Flag.objects.update(raised_at=timezone.now())
    client.get(reverse(HOME))  # Once a minute a sign-in notes that somebody is still there.
    with CaptureQueriesContext(connection) as many:
        page = client.get(reverse(HOME)).content.decode()
    assert page.count("Session 5 is rated") == page.count('value="held"') == 12
    assert len(asked_of_tables(many)) == len(asked_of_tables(few)) <= 17

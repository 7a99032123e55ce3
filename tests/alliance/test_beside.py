"""What is asked now and then is drawn apart: in no mean, compared by no rule."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from alliance.asking.actions import request_rating, send_to_tablet, submit_rating
from alliance.asking.models import AskingRules
from alliance.measures.models import MeasureVersion
from alliance.ratings.models import Rating, RatingRequest
from alliance.trends.actions import differences, review
from alliance.trends.models import Standing
from alliance.trends.pages import present_trend
from alliance.trends.replay import marked_ratings
from sessions_app.clients.models import ClientIdentity
from sessions_app.tablets.actions import invite_tablet, pair_tablet
from tests.conftest import ask, hold, rate

SIX = ("unjudged", "real", "understood", "open", "flexible", "limits")


def say(session, marks, *, language="en"):
    """Store what a client marked of how it is to work together, after `session`."""
    version = MeasureVersion.objects.get(measure__key="qualities", language=language)
    return Rating.objects.create(
        session=session,
        respondent="client",
        measure=version.measure,
        measure_version=version,
        answers=dict(zip(SIX, marks, strict=True)),
        submitted_at=timezone.now(),
    )


def beside(cast):
    return present_trend(cast.cleo, is_holder=True).beside


# --- When it is offered ---


def offered(cast, session, **how):
    request, _secret = request_rating(
        session=session, respondent="client", channel="link", by=cast.theo, **how
    )
    return request.extra_version


def test_every_fourth_session_held_offers_how_it_is_to_work_together(cast):
    sessions = [hold(cast.cleo, weeks_ago=back) for back in range(9, -1, -1)]
    due = [session.number for session in sessions if offered(cast, session)]
    assert due == [4, 8]


@pytest.mark.parametrize(("every", "due"), [(0, []), (1, [1, 2, 3]), (2, [2])])
def test_a_practice_chooses_how_often(cast, every, due):
    AskingRules.objects.create(practice=cast.practice, qualities_every=every)
    sessions = [hold(cast.cleo, weeks_ago=back) for back in (3, 2, 1)]
    assert [session.number for session in sessions if offered(cast, session)] == due


def test_it_is_offered_when_the_therapist_asks_for_it(cast, client):
    AskingRules.objects.create(practice=cast.practice, qualities_every=0)
    session = hold(cast.cleo)
    assert offered(cast, session, besides=True).measure.key == "qualities"
    client.force_login(cast.theo)
    for sent, is_offered in (({"besides": "1"}, True), ({}, False)):
        open_now = RatingRequest.objects.open().get()
        address = reverse("rating-ask", args=[session.pk])
        client.post(address, {"channel": "link", "replaces": open_now.pk, **sent})
        latest = RatingRequest.objects.open().get()
        assert latest != open_now
        assert (latest.extra_version is not None) == is_offered


def test_it_is_offered_on_a_tablet_too(cast):
    session = hold(cast.cleo)
    _waiting, secret = invite_tablet(practice=cast.practice, name="Desk", by=cast.mara)
    tablet, _key = pair_tablet(secret=secret)
    request = send_to_tablet(session=session, tablet=tablet, by=cast.theo, besides=True)
    assert request.extra_version.measure.key == "qualities"


def test_it_is_offered_in_the_clients_language_and_never_to_the_therapist(cast):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="hi")
    session = hold(cast.cleo)
    assert offered(cast, session, besides=True).language == "hi"
    request, _secret = request_rating(
        session=session, respondent="therapist", channel="device", by=cast.theo, besides=True
    )
    assert request.extra_version is None


def test_where_it_is_not_loaded_yet_the_rest_is_asked(cast):
    MeasureVersion.objects.filter(measure__key="qualities").delete()
    assert offered(cast, hold(cast.cleo), besides=True) is None


# --- How it is drawn ---


def test_it_is_said_in_words_first_and_drawn_with_its_marks_oldest_first(cast):
    early, late = hold(cast.cleo, weeks_ago=4), hold(cast.cleo)
    say(early, [5, 5, 5, 5, 5, 5])
    say(late, [9, 8, 7, None, 6, 6])
    (qualities,) = beside(cast).qualities
    assert qualities.said == (
        "Last answered after session 2. Marked highest: Not judged. "
        "Marked lowest: Ready to change the plan, Clear what to expect."
    )
    assert qualities.sessions == [early, late]
    assert [(row.name, row.marks) for row in qualities.rows][:4] == [
        ("Not judged", ["5.0", "9.0"]),
        ("A real person", ["5.0", "8.0"]),
        ("Understood", ["5.0", "7.0"]),
        ("Open to what is brought", ["5.0", "–"]),
    ]
    assert 'aria-label="Not judged, oldest first: 5.0, 9.0"' in qualities.rows[0].drawing


@pytest.mark.parametrize("marks", [[5] * 6, [None] * 6, [None] * 5 + [3]])
def test_where_nothing_lies_apart_nothing_is_called_lowest(cast, marks):
    say(hold(cast.cleo), marks)
    (qualities,) = beside(cast).qualities
    assert qualities.said == "Last answered after session 1."


def test_another_wording_is_drawn_in_lines_of_its_own_the_latest_first(cast):
    sessions = [hold(cast.cleo, weeks_ago=back) for back in (3, 2, 1)]
    for session, language in zip(sessions, ["en", "de", "en"], strict=True):
        say(session, [5] * 6, language=language)
    latest, earlier = beside(cast).qualities
    assert latest.sessions == [sessions[0], sessions[2]]
    assert earlier.sessions == [sessions[1]]


def test_six_times_are_drawn_and_no_more(cast):
    sessions = [hold(cast.cleo, weeks_ago=back) for back in range(8, 0, -1)]
    for session in sessions:
        say(session, [5] * 6)
    (qualities,) = beside(cast).qualities
    assert qualities.sessions == sessions[-6:]


def test_it_moves_no_mean_no_standing_and_no_detector(cast):
    session = hold(cast.cleo)
    rating = rate(session, 8)
    before = Standing.objects.filter(episode=cast.cleo).values().get()
    say(session, [0] * 6)
    review(cast.cleo, session, at=timezone.now())
    assert Standing.objects.filter(episode=cast.cleo).values().get() == before
    assert differences(cast.cleo) == []
    assert list(marked_ratings(cast.cleo)) == [rating]
    assert present_trend(cast.cleo, is_holder=True).rows[-1].marks == ["8.0"] * 4


def test_a_corrected_answer_is_not_drawn(cast):
    rating = say(hold(cast.cleo), [5] * 6)
    Rating.objects.filter(pk=rating.pk).update(withdrawn_at=timezone.now())
    assert beside(cast).qualities == []


# --- What the therapist thought ---


def guess(session, total, guessed):
    if total is not None:
        rate(session, total)
    asked, _secret = ask(session, "therapist")
    submit_rating(request=asked, answers={"say": 5}, guess=guessed)


def test_guesses_stand_beside_the_clients_means_and_are_counted_in_words(cast):
    told = [(8, 7), (5, 7), (9, 7), (None, 6), (7, None), (6, 6.5)]
    for back, (total, guessed) in enumerate(told):
        guess(hold(cast.cleo, weeks_ago=6 - back), total, guessed)
    said = beside(cast)
    assert said.guessed == (
        "2 × within a point of the guess; 1 × lower than guessed; 1 × higher than guessed."
    )
    assert [(g.guessed, g.marked, g.said) for g in said.guesses] == [
        ("6.5", "6.0", "within a point of the guess"),
        ("6.0", "–", ""),
        ("7.0", "9.0", "higher than guessed"),
        ("7.0", "5.0", "lower than guessed"),
        ("7.0", "8.0", "within a point of the guess"),
    ]


def test_a_guess_without_anything_to_hold_it_against_is_only_shown(cast):
    guess(hold(cast.cleo), None, 4)
    assert beside(cast).guessed == ""
    assert len(beside(cast).guesses) == 1


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"guess": "7"}, 7.0),
        ({"guess": "35", "mode": "line"}, 3.5),
        ({"guess": ""}, None),
        ({"guess": "unsaid"}, None),
        ({}, None),
    ],
)
def test_the_therapists_form_asks_for_a_guess(cast, client, sent, stored):
    session = hold(cast.cleo)
    client.force_login(cast.theo)
    _asked, secret = ask(session, "therapist")
    address = reverse("rate", args=[secret])
    version = MeasureVersion.objects.to_ask(key="session-therapist", language="en")
    assert escape(version.guess) in client.get(address).content.decode()
    assert client.post(address, {"sent": "1", **sent}).status_code == 302
    own = Rating.objects.get(session=session)
    assert own.guess == stored
    assert "guess" not in own.answers
    assert own.total is None


def test_a_client_is_asked_for_no_guess(cast, client):
    _asked, secret = ask(hold(cast.cleo))
    answer = client.post(reverse("rate", args=[secret]), {"sent": "1", "guess": "7"})
    assert answer.status_code == 422


# --- The page ---


def test_the_page_shows_both_apart_and_neither_where_there_is_none(cast, client):
    client.force_login(cast.theo)
    address = reverse("episode", args=[cast.cleo.pk])
    session = hold(cast.cleo)
    page = client.get(address).content.decode()
    assert "How it is to work with you" not in page
    assert "What the therapist thought" not in page
    say(session, [9, 8, 7, 6, 5, 4])
    guess(session, 8, 7)
    page = client.get(address).content.decode()
    assert "How it is to work with you" in page
    assert "no rule compares them" in page
    assert "What the therapist thought" in page

"""Asking for a rating hands out one secret; answering stores what was said, once."""

import base64
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from alliance.asking.actions import (
    AlreadyClosed,
    NothingToRate,
    digest,
    request_rating,
    submit_rating,
)
from alliance.ratings.models import Rating, RatingRequest
from alliance.trends.models import Standing
from sessions_app.access.models import AuditEvent, User
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import correct_session
from tests.conftest import ITEMS, ask, hold, rate

HOUR = timedelta(hours=1)
TENS = dict.fromkeys(ITEMS, 10)


def _ask_ago(cast, ago, channel="link"):
    return request_rating(
        session=hold(cast.cleo),
        respondent="client",
        channel=channel,
        by=cast.theo,
        at=timezone.now() - ago,
    )[0]


def _told():
    """Return all that is in the database, as text."""
    out = StringIO()
    call_command("dumpdata", stdout=out)
    return out.getvalue()


def _events(verb):
    return AuditEvent.objects.filter(verb=verb)


# --- Asking ---


def test_a_secret_has_256_bits_and_no_two_are_the_same(cast):
    session = hold(cast.cleo)
    secrets = {ask(session)[1] for _time in range(5)}
    assert len(secrets) == 5
    for secret in secrets:
        assert len(base64.urlsafe_b64decode(secret + "=")) * 8 == 256


def test_of_a_secret_the_tables_hold_a_keyed_digest_and_nothing_else(cast, settings):
    asked, secret = ask(hold(cast.cleo))
    assert secret not in _told()
    keyed = salted_hmac("alliance.asking", secret, algorithm="sha256").hexdigest()
    assert asked.token_digest == keyed
    assert RatingRequest.objects.get(token_digest=digest(secret)) == asked
    settings.SECRET_KEY = "another key"
    assert digest(secret) != keyed


@pytest.mark.parametrize(
    ("channel", "lasts"), [("device", timedelta(minutes=15)), ("link", timedelta(hours=72))]
)
def test_a_request_lasts_a_quarter_of_an_hour_at_this_device_and_three_days_as_a_link(
    cast, channel, lasts
):
    asked, _secret = request_rating(
        session=hold(cast.cleo), respondent="client", channel=channel, by=cast.theo
    )
    assert asked.expires_at - asked.asked_at == lasts
    assert asked.asked_by == cast.theo
    assert asked.is_open()


def test_asking_again_replaces_the_open_request(cast):
    session = hold(cast.cleo)
    first, _secret = ask(session)
    second, _secret = ask(session)
    first.refresh_from_db()
    assert (first.closing, first.closed_at) == ("replaced", second.asked_at)
    assert not first.is_open(grace=True)
    assert second.is_open()
    with pytest.raises(AlreadyClosed):
        submit_rating(request=first, answers=TENS)
    assert submit_rating(request=second, answers=TENS).session == session


def test_asking_one_person_leaves_the_others_request_open(cast):
    session = hold(cast.cleo)
    first, _secret = ask(session)
    ask(session, "therapist")
    ask(hold(cast.cleo, weeks_ago=1))
    assert first.is_open()


@pytest.mark.parametrize(
    "values",
    [
        {"status": "missed"},
        {"status": "planned"},
        {"status": "cancelled", "called_off_by": "client"},
    ],
)
def test_of_a_session_that_was_not_held_nobody_is_asked(cast, values):
    with pytest.raises(NothingToRate):
        ask(hold(cast.cleo, **values))
    assert not RatingRequest.objects.exists()


def test_a_session_that_has_become_missed_meanwhile_is_not_asked_about(cast):
    session = hold(cast.cleo)
    correct_session(session=session, by=cast.theo, status="missed")
    with pytest.raises(NothingToRate):
        ask(session)  # It still says held, as a page opened earlier does.


def test_whoever_has_rated_is_not_asked_again_but_the_other_is(cast):
    session = hold(cast.cleo)
    rate(session, 8)
    with pytest.raises(NothingToRate):
        ask(session)
    assert ask(session, "therapist")[0].is_open()


def test_a_withdrawn_rating_may_be_asked_for_again(cast):
    session = hold(cast.cleo)
    first = rate(session, 8)
    Rating.objects.filter(pk=first.pk).update(withdrawn_at=timezone.now())
    assert rate(session, 5) != first


def test_the_client_is_asked_in_their_language_and_the_therapist_in_hers(cast):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    User.objects.filter(pk=cast.theo.pk).update(language="ar")
    session = hold(cast.cleo)
    assert ask(session)[0].measure_version.language == "ar"
    therapists = ask(session, "therapist")[0].measure_version
    assert (therapists.measure.key, therapists.language) == ("session-therapist", "ar")


@pytest.mark.parametrize("identity", [True, False])
def test_a_client_whose_language_is_not_known_is_asked_in_that_of_the_practice(cast, identity):
    if not identity:
        ClientIdentity.objects.filter(client=cast.cleo.client).delete()
    cast.practice.language = "ar"
    cast.practice.save()
    assert ask(hold(cast.cleo))[0].measure_version.language == "ar"


# --- In time and too late ---


@pytest.mark.parametrize(
    ("channel", "ago", "is_shown", "is_taken"),
    [
        ("link", 71.9 * HOUR, True, True),
        ("link", 72 * HOUR, False, True),
        ("link", 72.9 * HOUR, False, True),
        ("link", 73 * HOUR, False, False),
        ("device", 0.24 * HOUR, True, True),
        ("device", 1.24 * HOUR, False, True),
        ("device", 1.25 * HOUR, False, False),
    ],
)
def test_a_form_opened_in_time_is_taken_for_one_more_hour(cast, channel, ago, is_shown, is_taken):
    asked = _ask_ago(cast, ago, channel)
    assert asked.is_open() is is_shown
    assert asked.is_open(grace=True) is is_taken
    if is_taken:
        submit_rating(request=asked, answers=TENS)
    else:
        with pytest.raises(AlreadyClosed):
            submit_rating(request=asked, answers=TENS)
    assert Rating.objects.exists() is is_taken


# --- Answering ---


def test_an_answer_is_stored_as_given_with_its_scores(cast):
    marks = (8, 6, 10, 9, 4, 5)
    rating = rate(hold(cast.cleo), marks, comment="A little slower, please.")
    rating.refresh_from_db()
    assert rating.answers == dict(zip(ITEMS, marks, strict=True))
    assert (rating.trust, rating.goals, rating.collaboration) == (7, 9.5, 4.5)
    assert rating.total == 7
    assert rating.written.text == "A little slower, please."
    assert (rating.respondent, rating.measure.key) == ("client", "session")
    assert rating.entered_by is None
    rating.request.refresh_from_db()
    assert rating.request.was_answered
    assert rating.request.closed_at == rating.submitted_at


def test_a_skipped_statement_is_stored_as_null_and_never_filled_in(cast):
    rating = rate(hold(cast.cleo), (8, None, None, None, 0, 10))
    rating.refresh_from_db()
    assert rating.answers == {
        "say": 8,
        "matter": None,
        "change": None,
        "aim": None,
        "suits": 0,
        "voice": 10,
    }
    assert (rating.trust, rating.goals, rating.collaboration) == (8, None, 5)
    assert rating.total is None


def test_a_sheet_left_blank_is_stored_as_such(cast):
    rating = rate(hold(cast.cleo), None)
    rating.refresh_from_db()
    assert rating.answers == dict.fromkeys(ITEMS)
    assert {rating.trust, rating.goals, rating.collaboration, rating.total} == {None}


def test_the_therapists_rating_is_stored_apart_and_counts_for_nothing_in_the_standing(cast):
    session = hold(cast.cleo)
    rate(session, 8)
    before = Standing.objects.values().get(episode=cast.cleo)
    own = rate(session, 2, respondent="therapist")
    assert (own.measure.key, own.respondent) == ("session-therapist", "therapist")
    assert own.entered_by == cast.theo
    assert sorted(session.ratings.values_list("total", flat=True)) == [2, 8]
    assert Standing.objects.values().get(episode=cast.cleo) == before


@pytest.mark.parametrize("answers", [{"say": 11}, {"say": -1}, {"say": float("nan")}, {"mood": 5}])
def test_an_answer_that_was_not_offered_is_refused_and_the_request_stays_open(cast, answers):
    asked, _secret = ask(hold(cast.cleo))
    with pytest.raises(ValueError, match=r"say|mood"):
        submit_rating(request=asked, answers=answers)
    assert asked.is_open()
    assert not Rating.objects.exists()


def test_the_second_of_two_answers_is_refused_and_leaves_no_trace(cast):
    asked, _secret = ask(hold(cast.cleo))
    submit_rating(request=asked, answers=TENS, comment="First.")
    before = _told()
    with pytest.raises(AlreadyClosed):
        submit_rating(request=asked, answers=dict.fromkeys(ITEMS, 1), comment="Second.")
    assert _told() == before


def test_nothing_can_be_said_of_a_session_that_is_no_longer_held_and_no_trace_is_left(cast):
    session = hold(cast.cleo)
    asked, _secret = ask(session)
    correct_session(session=session, by=cast.theo, status="missed")
    before = _told()
    with pytest.raises(NothingToRate):
        submit_rating(request=RatingRequest.objects.get(pk=asked.pk), answers=TENS)
    assert _told() == before


def test_a_link_to_a_session_that_has_become_missed_is_as_good_as_unknown(cast, client):
    session = hold(cast.cleo)
    _asked, secret = ask(session)
    correct_session(session=session, by=cast.theo, status="missed")
    answer = client.post(reverse("rate", args=[secret]), dict.fromkeys(ITEMS, "7"))
    assert answer.status_code == 404


# --- The record ---


def test_asking_and_answering_are_on_the_record_without_contents(cast):
    rating = rate(hold(cast.cleo), (1, 2, 3, 4, 5, 6), comment="A little slower, please.")
    asked, answered = _events("rating.asked").get(), _events("rating.submitted").get()
    assert (asked.actor, asked.target_id) == (cast.theo, str(rating.request_id))
    assert (answered.actor, answered.target_id) == (None, str(rating.pk))
    for event in (asked, answered):
        assert (event.practice, event.client_id) == (cast.practice, cast.cleo.client_id)
        assert (event.fields, event.reason) == ([], "")
        assert "slower" not in str(vars(event))
        assert rating.request.token_digest not in str(vars(event))


def test_a_therapists_own_rating_is_on_the_record_with_a_name(cast):
    rate(hold(cast.cleo), 5, respondent="therapist")
    assert _events("rating.submitted").get().actor == cast.theo


# --- Many at once ---


def _submit_all_at_once(sheets):
    """Submit each (request, comment) in a thread of its own; return how each ended."""
    outcomes, barrier = [], threading.Barrier(len(sheets))

    def submit(asked, comment):
        barrier.wait()
        try:
            outcomes.append(
                submit_rating(request=asked, answers=TENS, comment=comment).written.text
            )
        except AlreadyClosed:
            outcomes.append("closed")
        finally:
            connection.close()

    threads = [threading.Thread(target=submit, args=sheet) for sheet in sheets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_of_twenty_simultaneous_answers_exactly_one_is_stored(committed, cast):
    asked, _secret = ask(hold(cast.cleo))
    outcomes = _submit_all_at_once([(asked, f"Sheet {number}.") for number in range(20)])
    assert outcomes.count("closed") == 19
    kept = Rating.objects.get()
    assert kept.written.text in outcomes
    assert _events("rating.submitted").count() == 1
    assert Standing.objects.get(episode=cast.cleo).sessions_rated == 1


def test_answers_about_ten_sessions_at_the_same_moment_all_count(committed, cast):
    sheets = [(ask(hold(cast.cleo, weeks_ago=back))[0], f"Sheet {back}.") for back in range(10)]
    assert sorted(_submit_all_at_once(sheets)) == sorted(comment for _asked, comment in sheets)
    assert Rating.objects.count() == 10
    assert Standing.objects.get(episode=cast.cleo).sessions_rated == 10

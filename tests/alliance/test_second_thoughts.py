"""What a client may do besides answering: skip, take back, begin again, and be asked no more."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import AlreadyClosed, request_rating, submit_rating
from alliance.asking.correcting_actions import move_rating
from alliance.asking.models import Arrangement, AskingRules
from alliance.asking.second_thoughts import (
    TooLate,
    decline,
    note_opened,
    open_again,
    take_back,
    withdraw_rating,
)
from alliance.measures.models import MeasureVersion
from alliance.ratings.models import Comment, Rating, RatingRequest
from alliance.trends.actions import differences
from alliance.trends.models import Standing
from sessions_app.access.models import AuditEvent
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import log_session
from tests.conftest import ITEMS, ask, hold, look, rate, run

GOOD = dict.fromkeys(ITEMS, "7") | {"sent": "1"}
LINE = {"sent": "1", "mode": "line"}


@pytest.fixture
def asked(cast):
    return ask(hold(cast.cleo))


@pytest.fixture
def address(asked):
    return reverse("rate", args=[asked[1]])


def page_of(client, address):
    return client.get(address).content.decode()


# --- On the line ---------------------------------------------------------------------------


def test_a_place_on_the_line_becomes_points_of_the_measure(client, address):
    sent = LINE | {"say": "0", "matter": "100", "change": "37", "line_px": "298", "seconds": "21"}
    assert client.post(address, sent).status_code == 302
    rating = Rating.objects.get()
    assert rating.answers == {
        "say": 0,
        "matter": 10,
        "change": 3.7,
        "aim": None,
        "suits": None,
        "voice": None,
    }
    assert (rating.input_mode, rating.line_px, rating.seconds) == ("line", 298, 21)


@pytest.mark.parametrize("place", ["101", "-1", "7.5", "٧", "nan", " 5", "1e1"])
def test_a_place_that_is_not_on_the_line_is_refused_and_the_others_stay(client, address, place):
    answer = client.post(address, LINE | {"say": place, "matter": "64"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "choose one of the marks" in page
    assert 'value="64"' in page
    assert not Rating.objects.exists()


@pytest.mark.parametrize("told", ["", "99999999", "-3", "4.5", "९", "0" * 5000])
def test_what_a_device_tells_of_itself_is_never_a_reason_to_refuse(client, address, told):
    answer = client.post(address, GOOD | {"line_px": told, "seconds": told})
    assert answer.status_code == 302
    rating = Rating.objects.get()
    assert (rating.line_px, rating.seconds) == (None, None)


def test_a_measure_with_words_on_its_points_is_never_answered_on_a_line(cast, client):
    MeasureVersion.objects.filter(language="en", measure__key="session").update(maximum=5)
    _asked, secret = ask(hold(cast.cleo))
    form = reverse("rate", args=[secret])
    assert 'type="range"' not in page_of(client, form)
    assert client.post(form, LINE | {"say": "50"}).status_code == 422
    assert client.post(form, {"sent": "1", "say": "5"}).status_code == 302


def test_rather_not_say_is_kept_apart_from_skipped(client, address):
    client.post(address, GOOD | {"say": "unsaid", "matter": ""})
    rating = Rating.objects.get()
    assert (rating.answers["say"], rating.answers["matter"]) == (None, None)
    assert rating.unsaid == ["say"]
    assert rating.trust is None


def test_the_same_sheet_is_known_by_its_submission(client, address):
    sheet = uuid.uuid4()
    for _time in range(3):
        client.post(address, GOOD | {"submission": str(sheet)})
    assert Rating.objects.get().submission == sheet


# --- Asked besides ----------------------------------------------------------------------------


def test_tension_is_asked_only_where_the_practice_wants_it(cast, client, address):
    assert "tension" not in page_of(client, address)
    assert client.post(address, GOOD | {"tension": "no"}).status_code == 422
    AskingRules.objects.create(practice=cast.practice, asks_about_tension=True)
    assert "Was there tension" in page_of(client, address)
    assert client.post(address, GOOD | {"tension": "sometimes"}).status_code == 422
    assert client.post(address, GOOD | {"tension": "spoken"}).status_code == 302
    assert Rating.objects.get().tension == "spoken"


def test_tension_that_was_not_spoken_about_is_told_until_the_next_answer(cast):
    rate(hold(cast.cleo, weeks_ago=2), 7, tension="unspoken")
    flag = cast.cleo.flags.standing().get()
    assert (flag.kind, flag.facts["method"] if flag.facts else None) == ("told", None)
    rate(hold(cast.cleo, weeks_ago=1), 7)
    assert not cast.cleo.flags.standing().exists()


def test_tension_on_a_sheet_without_marks_is_heard_and_counts_as_no_rating(cast):
    run(cast.cleo, [8, 8, 8, 8, 8, 8, 3, None])
    before = Standing.objects.get(episode=cast.cleo)
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="de")
    rate(cast.cleo.sessions.order_by("starts_at").last(), None, tension="unspoken")
    after = Standing.objects.get(episode=cast.cleo)
    assert {flag.kind for flag in cast.cleo.flags.standing()} >= {"told", "lower"}
    assert (after.sessions_rated, after.unrated_run, after.compared) == (7, 1, 7)
    assert after.finding == before.finding
    assert differences(cast.cleo) == []
    log_session(episode=cast.cleo, starts_at=timezone.now(), by=cast.theo)
    assert differences(cast.cleo) == []


def test_what_was_told_of_tension_is_its_therapists_first_to_read(cast):
    rate(hold(cast.cleo), 7, tension="unspoken")
    assert look(cast.cleo, cast.sue).rows[-1].remarks == []
    assert "tension" in look(cast.cleo, cast.theo).rows[-1].remarks[0]
    assert "tension" in look(cast.cleo, cast.sue).rows[-1].remarks[0]


def test_a_flag_is_seen_with_what_was_answered_besides_too(cast):
    asked, _secret = request_rating(
        session=hold(cast.cleo), respondent="client", channel="link", by=cast.theo, besides=True
    )
    besides = {item.key: 5 for item in asked.extra_version.items.all()}
    submit_rating(
        request=asked, answers=dict.fromkeys(ITEMS, 7), tension="unspoken", besides=besides
    )
    look(cast.cleo, cast.theo)
    assert cast.cleo.flags.get().seen_at


def test_nobody_opened_what_somebody_typed_in(cast):
    asked, _secret = ask(hold(cast.cleo))
    submit_rating(
        request=asked, answers=dict.fromkeys(ITEMS, 7), entered_by=cast.theo, input_mode="paper"
    )
    assert RatingRequest.objects.get().opened_at is None


# --- Skipping --------------------------------------------------------------------------------


def test_skipping_today_is_a_choice_on_the_record_and_no_rating(client, asked, address):
    client.post(address, {"sent": "1", "deed": "skip"})
    request = RatingRequest.objects.get()
    assert (request.closing, request.opened_at) == ("declined", request.closed_at)
    assert not Rating.objects.exists()
    assert "skipped it today" in page_of(client, address)
    assert AuditEvent.objects.filter(verb="rating.declined").count() == 1
    client.post(address, {"deed": "skip"})
    assert AuditEvent.objects.filter(verb="rating.declined").count() == 1


def test_the_therapist_sees_that_it_was_skipped_and_not_that_nobody_replied(cast, client, address):
    client.post(address, {"deed": "skip"})
    client.force_login(cast.theo)
    page = page_of(client, reverse("episode", args=[cast.cleo.pk]))
    assert "Skipped by the client" in page
    assert "No rating" not in page.split("The same in numbers")[1]


def test_what_was_skipped_can_be_filled_in_after_all(client, address):
    client.post(address, {"deed": "skip"})
    assert "Fill in the form after all" in page_of(client, address)
    client.post(address, {"deed": "again"})
    assert client.post(address, GOOD).status_code == 302
    assert Rating.objects.get().total == 7


def test_skipping_after_sending_changes_nothing(client, address):
    client.post(address, GOOD)
    client.post(address, {"deed": "skip"})
    assert RatingRequest.objects.get().closing == "answered"


# --- Taking back -----------------------------------------------------------------------------


def test_within_a_quarter_of_an_hour_all_is_taken_back_and_erased(cast, client, address):
    client.post(address, GOOD | {"comment": "Slower.", "audience": "therapist", "say": "unsaid"})
    assert Standing.objects.get(episode=cast.cleo).comment_waiting
    assert "Take my answers back" in page_of(client, address)
    client.post(address, {"deed": "take-back"})
    rating = Rating.objects.get()
    assert set(rating.answers.values()) == {None}
    assert (rating.total, rating.unsaid, rating.comment_audience) == (None, [], "")
    assert rating.withdrawn_at
    assert Comment.objects.get().text == ""
    standing = Standing.objects.get(episode=cast.cleo)
    assert (standing.sessions_rated, standing.comment_waiting) == (0, False)
    assert AuditEvent.objects.filter(verb="rating.withdrawn", actor=None).exists()
    assert "taken back and erased" in page_of(client, address)


def test_later_it_is_taken_back_only_by_asking(cast, asked, client, address):
    client.post(address, GOOD)
    Rating.objects.update(submitted_at=timezone.now() - timedelta(minutes=16))
    assert "Take my answers back" not in page_of(client, address)
    assert client.post(address, {"deed": "take-back"}).status_code == 302
    rating = Rating.objects.standing().get()
    with pytest.raises(TooLate):
        take_back(request=asked[0])
    withdraw_rating(rating=rating, by=cast.theo, reason="She asked me to.")
    assert not Rating.objects.standing().exists()
    event = AuditEvent.objects.get(verb="rating.withdrawn")
    assert (event.actor, event.reason) == (cast.theo, "She asked me to.")


def test_what_was_typed_in_without_a_request_can_be_taken_back_too(cast):
    rating = rate(hold(cast.cleo), 7)
    Rating.objects.filter(pk=rating.pk).update(request=None)
    rating.refresh_from_db()
    withdraw_rating(rating=rating, by=cast.theo)
    assert not Rating.objects.standing().exists()


def test_what_was_taken_back_can_be_filled_in_anew(client, address):
    client.post(address, GOOD)
    client.post(address, {"deed": "take-back"})
    client.post(address, {"deed": "again"})
    client.post(address, GOOD | {"say": "3", "matter": "3"})
    assert Rating.objects.standing().get().trust == 3
    assert Rating.objects.count() == 2


def test_nothing_is_opened_again_once_there_is_a_newer_form_or_it_is_late(cast, client):
    session = hold(cast.cleo)
    first, secret = ask(session)
    decline(request=first)
    ask(session)
    first.refresh_from_db()
    with pytest.raises(AlreadyClosed):
        open_again(request=first)
    client.post(reverse("rate", args=[secret]), {"deed": "again"})
    assert RatingRequest.objects.get(pk=first.pk).closing == "declined"
    other, _secret = ask(hold(cast.dora))
    decline(request=other)
    RatingRequest.objects.filter(pk=other.pk).update(
        asked_at=timezone.now() - timedelta(days=9), expires_at=timezone.now() - timedelta(days=1)
    )
    other.refresh_from_db()
    with pytest.raises(AlreadyClosed):
        open_again(request=other)


def test_erasing_takes_what_was_answered_besides_along_and_all_can_be_answered_anew(cast, client):
    asked, secret = request_rating(
        session=hold(cast.cleo), respondent="client", channel="link", by=cast.theo, besides=True
    )
    address = reverse("rate", args=[secret])
    keys = [f"besides-{item.key}" for item in asked.extra_version.items.all()]
    sheet = GOOD | dict.fromkeys(keys, "5") | {"submission": str(uuid.uuid4())}
    client.post(address, sheet)
    withdraw_rating(rating=Rating.objects.standing().of_alliance().get(), by=cast.theo)
    assert not Rating.objects.standing().exists()
    assert RatingRequest.objects.get().closing == "erased"
    client.post(address, {"deed": "again"})
    assert client.post(address, sheet).status_code == 302
    assert Rating.objects.standing().count() == 2


def test_erasing_a_rating_that_was_moved_leaves_nothing_where_it_was(cast):
    here, there = hold(cast.cleo, weeks_ago=1), hold(cast.cleo)
    old = rate(there, 3, tension="unspoken", comment="Slower.")
    new = move_rating(rating=old, to=here, reason="The wrong week.", by=cast.theo)
    withdraw_rating(rating=new, by=cast.theo)
    for rating in Rating.objects.all():
        assert set(rating.answers.values()) == {None}
        assert (rating.total, rating.tension, rating.comment_audience) == (None, "", "")
    assert {comment.text for comment in Comment.objects.all()} <= {""}


def test_the_page_tells_who_took_a_rating_away(cast, client):
    taken_back, secret = ask(hold(cast.cleo, weeks_ago=3))
    client.post(reverse("rate", args=[secret]), GOOD)
    take_back(request=taken_back)
    withdraw_rating(rating=rate(hold(cast.cleo, weeks_ago=2), 2), by=cast.theo)
    move_rating(
        rating=rate(hold(cast.cleo, weeks_ago=1), 2), to=hold(cast.cleo), reason="x", by=cast.theo
    )
    assert [row.what for row in look(cast.cleo, cast.sue).rows] == [
        "Answered, and taken back by the client",
        "Answered, and erased by staff as the client wished",
        "Answered, and moved to another session",
        "",
    ]


def test_a_form_is_over_once_the_session_has_a_rating_from_elsewhere(cast, client):
    asked, secret = ask(hold(cast.cleo))
    decline(request=asked)
    elsewhere = rate(hold(cast.cleo, weeks_ago=1), 6)
    move_rating(rating=elsewhere, to=asked.session, reason="The wrong week.", by=cast.theo)
    address = reverse("rate", args=[secret])
    client.post(address, {"deed": "again"})
    assert RatingRequest.objects.get(pk=asked.pk).closing == "declined"
    RatingRequest.objects.filter(pk=asked.pk).update(closed_at=None, closing="")
    assert client.post(address, GOOD).status_code == 404
    assert Rating.objects.standing().get().total == 6


# --- Being asked no more ------------------------------------------------------------------------


def test_who_wants_no_more_messages_says_so_on_the_form_once_and_for_all(cast, client, address):
    client.post(address, GOOD)
    assert "Send me no more of these" in page_of(client, address)
    for _time in range(2):
        client.post(address, {"deed": "stop"})
    arranged = Arrangement.objects.get(episode=cast.cleo)
    assert (arranged.stopped_by, arranged.stopped_at is not None) == ("client", True)
    page = page_of(client, address)
    assert "no more messages" in page
    assert "Send me no more of these" not in page
    assert AuditEvent.objects.filter(verb="asking.stopped").count() == 1


def test_a_mail_programs_own_button_stops_without_a_page_that_leads_elsewhere(cast, address):
    answer = Client(enforce_csrf_checks=True).post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert Arrangement.objects.get(episode=cast.cleo).stopped_at


def test_a_link_whose_form_is_over_still_stops_messages(cast, client, asked, address):
    at = timezone.now() - timedelta(days=9)
    RatingRequest.objects.update(asked_at=at, expires_at=at + timedelta(days=3))
    assert client.get(address).status_code == 404
    assert client.post(address, GOOD).status_code == 404
    assert client.post(address, {"deed": "skip"}).status_code == 404
    assert client.post(address, {"deed": "stop"}).status_code == 200
    assert Arrangement.objects.get(episode=cast.cleo).stopped_at


def test_nobody_stops_or_skips_by_the_therapists_own_form(cast, client):
    _asked, secret = ask(hold(cast.cleo), "therapist")
    client.force_login(cast.theo)
    address = reverse("rate", args=[secret])
    for sent in ({"deed": "stop"}, {"deed": "skip"}, {"List-Unsubscribe": "One-Click"}):
        assert client.post(address, sent).status_code == 422
    assert not Arrangement.objects.exists()


# --- Opened ------------------------------------------------------------------------------------


def test_only_what_a_person_does_counts_as_opened(client, asked, address):
    client.get(address)
    client.head(address)
    assert RatingRequest.objects.get().opened_at is None
    assert client.post(address, {"deed": "opened"}).status_code == 204
    first = RatingRequest.objects.get().opened_at
    assert first
    client.post(address, {"deed": "opened"})
    client.post(address, GOOD)
    assert RatingRequest.objects.get().opened_at == first
    note_opened(request=asked[0])
    assert RatingRequest.objects.get().opened_at == first


# --- Leaving ------------------------------------------------------------------------------------


def test_a_way_to_leave_quickly_is_there_only_where_the_practice_wants_it(cast, client, address):
    assert "Leave this page quickly" not in page_of(client, address)
    AskingRules.objects.create(practice=cast.practice, offers_quick_exit=True)
    assert 'rel="noreferrer"' in page_of(client, address)


# --- What is asked ------------------------------------------------------------------------------


def test_a_client_is_asked_what_was_agreed_else_what_the_practice_has_chosen(cast):
    theirs = MeasureVersion.objects.get(measure__key="session", language="en").measure
    rules = AskingRules.objects.create(practice=cast.practice)
    assert ask(hold(cast.cleo, weeks_ago=3))[0].measure_version.measure == theirs
    other = MeasureVersion.objects.get(measure__key="session-therapist", number=1).measure
    rules.measure = other
    rules.save()
    assert ask(hold(cast.cleo, weeks_ago=2))[0].measure_version.measure == other
    Arrangement.objects.create(episode=cast.cleo)
    assert ask(hold(cast.cleo, weeks_ago=1))[0].measure_version.measure == other
    Arrangement.objects.update(measure=theirs)
    assert ask(hold(cast.cleo))[0].measure_version.measure == theirs


# --- On the trend --------------------------------------------------------------------------------


def test_the_trend_tells_where_the_way_of_answering_changed_and_who_typed_in(cast):
    for back, mode, by in (
        (5, "line", None),
        (4, "line", None),
        (3, "buttons", None),
        (2, "paper", cast.theo),
        (1, "paper", cast.theo),
    ):
        rate(hold(cast.cleo, weeks_ago=back), 7, input_mode=mode, entered_by=by)
    rate(hold(cast.cleo), None, input_mode="line")
    page = look(cast.cleo, cast.theo)
    assert [row.is_other_way for row in page.rows] == [False, False, True, True, False, False]
    assert [row.remarks for row in page.rows] == [
        [],
        [],
        ["Answered on buttons."],
        ["Answered on paper, typed in by Theo."],
        ["Answered on paper, typed in by Theo."],
        [],
    ]
    assert sum("another way" in mark.text for mark in page.marked) == 2


def test_whoever_sends_a_moment_after_somebody_else_is_thanked_all_the_same(
    client, asked, address, monkeypatch
):
    """The other one's answer arrives between our look at the form and our answer to it."""

    def already_closed(*, request, **sheet):
        closed = {"closed_at": timezone.now(), "closing": "answered"}
        RatingRequest.objects.filter(pk=request.pk).update(**closed)
        raise AlreadyClosed

    monkeypatch.setattr("alliance.asking.answering.submit_rating", already_closed)
    answer = client.post(address, GOOD)
    assert (answer.status_code, answer.headers["Location"]) == (302, address)

"""What guards the doors, where something happens twice or just between two steps."""

from unittest.mock import Mock, patch

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import DatabaseError, OperationalError, ProgrammingError, connection, connections
from django.test import RequestFactory
from django.urls import reverse

from alliance.asking import answering
from alliance.asking.actions import AlreadyClosed, NothingToRate, request_rating, submit_rating
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access import rows
from sessions_app.access.actions import appoint_deputy, dismiss_deputy
from sessions_app.access.checks import rows_are_walled
from sessions_app.access.doors import signed_in
from sessions_app.access.limits import is_too_often
from sessions_app.access.models import AuditEvent
from sessions_app.access.rows import was_held_back
from sessions_app.clients.models import Client
from sessions_app.places.actions import invite, revoke_invitation
from tests.conftest import ITEMS, ask, hold, rate

MARKS = dict.fromkeys(ITEMS, "7") | {"sent": "1"}


@pytest.fixture
def theo(cast, client):
    client.force_login(cast.theo)
    return client


def events(verb):
    return AuditEvent.objects.filter(verb=verb).count()


@pytest.mark.parametrize("channel", ["", "carrier pigeon", "device "])
def test_in_a_way_that_there_is_not_nobody_is_asked(theo, sessions, channel):
    asked = reverse("rating-ask", args=[sessions["cleo"].pk])
    assert theo.post(asked, {"channel": channel}).status_code == 404
    assert not RatingRequest.objects.exists()


def test_where_there_is_nothing_to_rate_any_more_the_page_says_how_it_stands(theo, cast):
    session = hold(cast.cleo)
    rate(session, 7)
    rate(session, 7, respondent="therapist")
    asked = reverse("rating-ask", args=[session.pk])
    assert theo.post(asked, {"channel": "link"}).headers["Location"] == asked
    own = theo.post(reverse("rating-own", args=[session.pk]))
    assert own.headers["Location"] == asked
    assert not RatingRequest.objects.filter(closed_at=None).exists()


def at_that_moment(before, *, error=None):
    """Let something happen after the form was shown to be good, and before it is stored."""

    def submit(**values):
        before()
        if error:
            raise error
        return submit_rating(**values)

    return patch.object(answering, "submit_rating", submit)


def test_of_a_form_sent_twice_at_once_the_second_is_thanked_too(cast, client):
    asked, secret = ask(hold(cast.cleo))
    form = reverse("rate", args=[secret])
    first = dict.fromkeys(ITEMS, 3)
    with at_that_moment(lambda: submit_rating(request=asked, answers=first)):
        answer = client.post(form, MARKS)
    assert (answer.status_code, answer.headers["Location"]) == (302, form)
    assert Rating.objects.get().total == 3


def test_a_form_that_is_replaced_as_it_is_sent_is_as_good_as_unknown(cast, client):
    session = hold(cast.cleo)
    _asked, secret = ask(session)
    with at_that_moment(lambda: ask(session)):
        answer = client.post(reverse("rate", args=[secret]), MARKS)
    assert answer.status_code == 404
    assert not Rating.objects.exists()


def test_a_form_about_a_session_that_goes_as_it_is_sent_is_as_good_as_unknown(cast, client):
    _asked, secret = ask(hold(cast.cleo))
    with at_that_moment(lambda: None, error=NothingToRate()):
        assert client.post(reverse("rate", args=[secret]), MARKS).status_code == 404
    with at_that_moment(lambda: None, error=AlreadyClosed()):
        assert client.post(reverse("rate", args=[secret]), MARKS).status_code == 404


def test_who_is_dismissed_twice_is_dismissed_once(cast):
    deputy = appoint_deputy(member=cast.members["olga"], by=cast.mara)
    for _time in range(2):
        dismiss_deputy(deputy=deputy, by=cast.mara)
    assert events("deputy.dismissed") == 1


def test_what_is_revoked_twice_is_revoked_once(cast):
    invitation, _secret = invite(
        practice=cast.practice, email="x@example.org", is_clinician=True, by=cast.mara
    )
    for _time in range(2):
        revoke_invitation(invitation=invitation, by=cast.mara)
    assert events("invitation.revoked") == 1


def test_a_count_that_is_thrown_out_in_between_holds_nobody_up(db):
    request = RequestFactory().get("/")
    with patch.object(cache, "incr", side_effect=ValueError):
        assert not is_too_often(request, "anything", most=1)


def test_what_stands_in_the_trail_and_who_is_invited_can_be_read(cast):
    session = hold(cast.cleo)
    request_rating(session=session, respondent="client", channel="link", by=cast.theo)
    event = AuditEvent.objects.get(verb="rating.asked")
    assert str(event) == f"rating.asked alliance.RatingRequest {event.target_id}"
    invitation, _secret = invite(
        practice=cast.practice, email="x@example.org", is_clinician=True, by=None
    )
    assert str(invitation) == "x@example.org"


# --- Doors, and the wall behind them -------------------------------------------------------


@pytest.mark.parametrize("fault", [ProgrammingError("A column is missing."), RuntimeError()])
def test_a_fault_of_ours_is_not_taken_for_the_walls_refusal(db, fault):
    def broken(request):
        raise fault

    with pytest.raises(type(fault)):
        signed_in(broken)(Mock(user=AnonymousUser()))


def test_what_was_held_back_is_told_from_what_is_not_there(db):
    assert was_held_back(Client.DoesNotExist()) is (connection.vendor == "postgresql")
    assert was_held_back(ProgrammingError()) is False


def test_where_there_are_no_tables_yet_the_check_says_nothing():
    nowhere = patch("sessions_app.access.checks.holes_in_the_wall", side_effect=DatabaseError)
    with nowhere:
        assert rows_are_walled(None) == []


def test_on_ones_own_machine_every_connection_is_taken(settings):
    settings.IS_LOCAL = True
    with patch.object(rows, "connection_created") as signal:
        rows.refuse_holes()
    assert not signal.connect.called


def test_a_database_that_cannot_be_reached_just_now_is_looked_at_when_it_can_be(settings):
    settings.IS_LOCAL = False
    away = patch.object(connections["default"], "ensure_connection", side_effect=OperationalError)
    with patch.object(rows, "connection_created") as signal, away:
        rows.refuse_holes()
    assert signal.connect.call_args.args == (rows._refuse_holes,)


def test_a_connection_that_is_walled_is_kept(db):
    with patch.object(rows, "holes_in_the_wall", return_value=[]):
        rows._refuse_holes(connection=connection)
    assert connection.connection is not None

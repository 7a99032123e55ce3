"""On PostgreSQL a bookmark's secret opens its own episode, and only while it is in use."""

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from alliance.asking.correcting_actions import move_rating
from alliance.asking.standing_actions import make_standing_link
from alliance.asking.standing_models import StandingLink
from alliance.ratings.models import Comment, RatingRequest
from sessions_app.access.rows import rows_of, rows_of_form
from sessions_app.clients.actions import add_client
from sessions_app.clients.models import Episode
from tests.conftest import ask, hold, rate, working_as

pytestmark = pytest.mark.postgresql


@pytest.fixture
def links(cast, sessions):
    """A bookmark and an open form for each of the three clients."""
    for session in sessions.values():
        ask(session)
    return {
        name: make_standing_link(
            episode=getattr(cast, name), by=getattr(cast, name).therapist.user
        )[0]
        for name in sessions
    }


def test_a_bookmark_opens_its_own_episode_and_no_other(cast, links):
    for role in ("form", "app"):
        with rows_of_form(links["dora"].token_digest), working_as(role):
            assert list(Episode.objects.all()) == [cast.dora]
            assert list(StandingLink.objects.all()) == [links["dora"]]
            asked = RatingRequest.objects.select_related("session").get()
            assert asked.session.episode_id == cast.dora.pk


def test_once_it_has_ended_it_opens_nothing_and_is_itself_still_seen(links):
    StandingLink.objects.filter(pk=links["dora"].pk).update(revoked_at=timezone.now())
    with rows_of_form(links["dora"].token_digest), working_as("form"):
        assert not Episode.objects.exists()
        assert not RatingRequest.objects.exists()
        assert StandingLink.objects.get() == links["dora"]


@pytest.mark.parametrize(
    ("name", "clients"),
    [
        ("theo", {"CLEO"}),
        ("sue", {"CLEO"}),
        ("olga", {"DORA"}),
        ("mara", set()),
        ("rita", set()),
        ("root", set()),
    ],
)
def test_who_reads_an_episode_sees_that_there_is_one(cast, links, name, clients):
    with rows_of(getattr(cast, name)), working_as("app"):
        seen = StandingLink.objects.values_list("episode", flat=True)
        codes = Episode.objects.filter(pk__in=list(seen)).values_list("client__code", flat=True)
        assert set(codes) == clients


def test_only_who_holds_it_makes_or_ends_one(cast, links):
    with rows_of(cast.sue), working_as("app"):
        assert StandingLink.objects.update(revoked_at=timezone.now()) == 0
    with (
        rows_of(cast.olga),
        working_as("app"),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        StandingLink.objects.create(episode=cast.cleo, token_digest="0" * 64, made_by=cast.olga)


@pytest.mark.parametrize("column", ["episode", "token_digest", "made_by"])
def test_the_clients_pages_change_nothing_but_what_a_pin_needs(cast, links, column):
    value = {"episode": cast.cleo, "token_digest": "0" * 64, "made_by": cast.theo}[column]
    with rows_of_form(links["dora"].token_digest), working_as("form"):
        assert StandingLink.objects.update(wrong_pins=0, pin="a$b") == 1
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            StandingLink.objects.update(**{column: value})


def test_a_therapist_moves_what_they_may_not_read_yet_and_cannot_read_it_afterwards(cast):
    cora = add_client(therapist=cast.members["theo"], code="CORA", by=cast.theo)
    here, there = hold(cora), hold(cast.cleo)
    rating = rate(there, 7, comment="Slower.", audience="later")
    with rows_of(cast.theo), working_as("app"):
        here_rating = move_rating(rating=rating, to=here, reason="Mixed up.", by=cast.theo)
        back = move_rating(rating=here_rating, to=there, reason="Not so.", by=cast.theo)
        assert not Comment.objects.filter(rating=back).exists()
    assert Comment.objects.get(rating=back).text == "Slower."

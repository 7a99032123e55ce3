"""What a client writes opens to whom they wrote it, and to nobody else."""

import pytest
from django.test import Client
from django.urls import reverse

from alliance.asking.pages import who_reads
from alliance.ratings.models import Comment, Rating
from alliance.trends.models import Standing
from sessions_app.access.actions import appoint_deputy
from sessions_app.access.models import Supervision
from sessions_app.openings.actions import open_in_emergency
from tests.conftest import ITEMS, ask, hold, look, rate

WRITTEN = "A little slower, please."
PEOPLE = ("theo", "sue", "olga", "nils", "mara", "rita", "root")
READ_BY = {"therapist": {"theo"}, "later": set(), "supervisor": {"theo", "sue"}}
READ_AFTER_THE_NEXT_SESSION = READ_BY | {"later": {"theo"}}


def readers(cast):
    """Return who reads the comment: by the rows, and by opening the page."""
    by_rows, by_page = set(), set()
    for name in PEOPLE:
        user = getattr(cast, name)
        if Comment.objects.readable_by(user).exists():
            by_rows.add(name)
        browser = Client()
        browser.force_login(user)
        answer = browser.head(reverse("episode", args=[cast.cleo.pk]))
        answer = browser.get(reverse("episode", args=[cast.cleo.pk]))
        if WRITTEN in answer.content.decode():
            by_page.add(name)
    assert by_rows == by_page
    return by_rows


@pytest.mark.parametrize("audience", READ_BY)
def test_a_comment_is_read_by_whom_it_was_written_to(cast, audience):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment=WRITTEN, audience=audience)
    assert readers(cast) == READ_BY[audience]
    hold(cast.cleo, status="missed")
    assert readers(cast) == READ_BY[audience], "a session that was not held is no session"


@pytest.mark.parametrize("audience", READ_BY)
def test_after_the_next_session_what_was_to_wait_is_open(cast, audience):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment=WRITTEN, audience=audience)
    hold(cast.cleo)
    assert readers(cast) == READ_AFTER_THE_NEXT_SESSION[audience]


def test_an_emergency_opens_no_comment_whoever_it_was_written_to(cast):
    rate(hold(cast.cleo), 7, comment=WRITTEN, audience="supervisor")
    appoint_deputy(member=cast.members["olga"], by=cast.mara)
    open_in_emergency(
        client=cast.cleo.client,
        member=cast.members["olga"],
        reason="Theo is ill.",
        by=cast.olga,
        absolute=str,
    )
    assert readers(cast) == {"theo", "sue"}


def test_nothing_waits_to_be_read_before_it_may_be_read(cast):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment=WRITTEN, audience="later")
    look(cast.cleo, cast.theo)
    assert not Standing.objects.get(episode=cast.cleo).comment_waiting
    hold(cast.cleo)
    assert Standing.objects.get(episode=cast.cleo).comment_waiting
    look(cast.cleo, cast.theo)
    assert not Standing.objects.get(episode=cast.cleo).comment_waiting
    assert Rating.objects.get().comment_read_at


def test_the_form_offers_the_supervisor_only_where_there_is_one(cast, client):
    def form(episode):
        return reverse("rate", args=[ask(hold(episode))[1]])

    with_one, without = form(cast.cleo), form(cast.dora)
    assert 'value="supervisor"' in client.get(with_one).content.decode()
    assert 'value="supervisor"' not in client.get(without).content.decode()
    sent = dict.fromkeys(ITEMS, "7") | {"sent": "1", "comment": WRITTEN, "audience": "supervisor"}
    assert client.post(without, sent).status_code == 422
    assert client.post(with_one, sent).status_code == 302
    assert readers(cast) == {"theo", "sue"}


ROLES = {"their supervisor": "sue", "a deputy": "olga"}


@pytest.mark.parametrize("is_supervised", [True, False])
@pytest.mark.parametrize("is_deputised", [True, False])
def test_the_form_names_those_roles_that_can_open_the_marks(cast, is_supervised, is_deputised):
    """Whoever is named can open the page of the episode, and whoever is not cannot."""
    if is_deputised:
        appoint_deputy(member=cast.members["olga"], by=cast.mara)
    if not is_supervised:
        Supervision.objects.all().delete()
    session = hold(cast.cleo)
    line = who_reads(ask(session)[0]).line
    rate(session, 3)
    if is_deputised:
        open_in_emergency(
            client=cast.cleo.client,
            member=cast.members["olga"],
            reason="Theo is ill.",
            by=cast.olga,
            absolute=str,
        )
    can_open = set()
    for name in PEOPLE:
        browser = Client()
        browser.force_login(getattr(cast, name))
        if browser.get(reverse("episode", args=[cast.cleo.pk])).status_code == 200:
            can_open.add(name)
    named = {name for words, name in ROLES.items() if words in line}
    assert "your therapist" in line
    assert can_open == {"theo"} | named

"""Reading aloud: somebody reads, the client chooses, and it is marked as read aloud."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import AuditEvent
from tests.conftest import ITEMS, hold, look, rate

STATEMENTS = [f"mark-{key}" for key in ITEMS]
SAID = dict(zip(STATEMENTS, ("7", "10", "0", "5", "", "3"), strict=True)) | {"deed": "store"}


@pytest.fixture
def session(cast):
    return hold(cast.cleo)


@pytest.fixture
def theo(cast, client):
    client.force_login(cast.theo)
    return client


@pytest.fixture
def begun(theo, session):
    """The address of a reading that has begun."""
    address = reverse("rating-aloud", args=[session.pk])
    assert theo.post(address, {"deed": "begin"}).headers["Location"] == address
    return address


def test_the_page_says_who_reads_and_who_chooses_and_has_both_ends_in_words(theo, begun):
    page = theo.get(begun).content.decode()
    assert "You read, the client chooses" in page
    assert "0 = Hardly at all" in page
    assert "10 = Completely" in page
    assert page.count('type="radio"') == 6 * 12 + 3
    assert "checked" not in page.partition('id="id_comment"')[0], "no mark is chosen beforehand"


def test_what_the_client_said_is_stored_as_read_aloud_with_who_read(cast, theo, begun, session):
    answer = theo.post(begun, SAID | {"comment": "Slower.", "audience": "later"})
    assert answer.headers["Location"] == reverse("episode", args=[cast.cleo.pk])
    rating = Rating.objects.get()
    assert [rating.answers[item] for item in ITEMS] == [7, 10, 0, 5, None, 3]
    assert (rating.input_mode, rating.entered_by) == ("aloud", cast.theo)
    assert (rating.written.text, rating.comment_audience) == ("Slower.", "later")
    assert look(cast.cleo, cast.theo).ratings == [rating]


def test_a_client_who_would_rather_not_is_stored_as_that(cast, theo, begun):
    answer = theo.post(begun, {"deed": "decline"}, follow=True)
    assert "your client would rather not answer today" in answer.content.decode()
    assert RatingRequest.objects.get().closing == "declined"
    assert AuditEvent.objects.get(verb="rating.declined").actor == cast.theo
    assert not Rating.objects.exists()
    assert theo.post(begun, {"deed": "decline"}).status_code == 302
    assert AuditEvent.objects.filter(verb="rating.declined").count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict.fromkeys(STATEMENTS, ""), "Nothing has been chosen yet."),
        ({"mark-say": "11"}, "Please choose one of the marks shown."),
        ({"comment": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_is_refused_and_the_rest_stays_chosen(theo, begun, changes, said):
    page = theo.post(begun, SAID | changes).content.decode()
    assert said in page
    assert ('value="3" checked' in page) == ("mark-voice" not in changes)
    assert not Rating.objects.exists()


def test_where_nothing_is_being_read_there_is_no_form(theo, session):
    back = reverse("rating-ask", args=[session.pk])
    address = reverse("rating-aloud", args=[session.pk])
    assert theo.get(address).headers["Location"] == back
    assert theo.post(address, SAID).headers["Location"] == back
    rate(session, 7)
    assert theo.post(address, {"deed": "begin"}).headers["Location"] == back


def test_what_is_sent_after_half_an_hour_is_taken_a_while_longer(theo, begun):
    RatingRequest.objects.update(
        asked_at=timezone.now() - timedelta(hours=1),
        expires_at=timezone.now() - timedelta(minutes=30),
    )
    assert theo.get(begun).headers["Location"].endswith("/ask/")
    theo.post(begun, SAID)
    assert Rating.objects.exists()


def test_of_two_who_send_it_one_is_stored(theo, begun, monkeypatch):
    theo.post(begun, SAID)
    RatingRequest.objects.update(closed_at=None, closing="")
    Rating.objects.update(withdrawn_at=timezone.now())
    monkeypatch.setattr("alliance.asking.actions._can_be_rated", lambda session: False)
    assert theo.post(begun, SAID).headers["Location"].endswith("/ask/")

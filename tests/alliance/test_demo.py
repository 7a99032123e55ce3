"""The invented practice tells its stories, the same each time, and its links sign in once."""

from collections import Counter

import pytest
from django.contrib.auth import get_user
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from alliance.demo import stories
from alliance.demo.actions import NotADemo, ask_first_client, demo_user, load_demo
from alliance.demo.tokens import sign_in_path, user_for
from alliance.measures.actions import load_instruments
from alliance.ratings.models import Rating
from alliance.trends.models import Standing
from sessions_app.access.actions import found_practice
from sessions_app.access.models import AuditEvent, Membership, Supervision
from sessions_app.clients.models import Client, Episode
from sessions_app.sessions.models import Session


@pytest.fixture
def demo(db):
    load_instruments()
    assert load_demo() is True


def standing(code):
    return Standing.objects.get(episode__client__code=code, episode__ended_on=None)


def test_the_practice_is_as_large_as_a_demonstration_needs(demo):
    people = Membership.objects.all()
    assert people.filter(is_clinician=True).count() == 4  # three therapists and their supervisor
    assert people.filter(is_manager=True).count() == people.filter(is_reception=True).count() == 1
    assert Supervision.objects.count() == 2
    assert Client.objects.count() >= 14
    assert Session.objects.count() >= 150
    assert Session.objects.latest("starts_at").starts_at < timezone.now()


def test_every_session_and_rating_of_it_was_made_by_an_action(demo):
    verbs = Counter(AuditEvent.objects.values_list("verb", flat=True))
    assert verbs["client.added"] == Client.objects.count()
    assert verbs["episode.opened"] == Episode.objects.count()
    assert verbs["session.logged"] == Session.objects.count()
    assert verbs["rating.submitted"] == Rating.objects.count()


def test_made_twice_it_is_the_same(db):
    def told():
        """Make it, write down what everybody said, and undo it."""
        with transaction.atomic():
            load_instruments()
            load_demo()
            ratings = Rating.objects.order_by("session__episode__client__code", "submitted_at")
            said = list(ratings.values_list("submitted_at", "respondent", "answers", "comment"))
            transaction.set_rollback(True)
        return said

    first = told()
    assert len(first) > 140
    assert told() == first


def test_started_again_it_reuses_what_is_there(demo):
    sessions = Session.objects.count()
    assert load_demo() is False
    assert Session.objects.count() == sessions


def test_each_story_shows_in_its_standing(demo):
    shown = {
        standing.episode.client.code: standing.signal
        for standing in Standing.objects.filter(episode__ended_on=None).select_related(
            "episode__client"
        )
    }
    assert {code for code, signal in shown.items() if signal == "lowest"} == {
        "B-318",  # a drop not repaired
        "F-077",  # a comment waiting
        "S-283",  # a slow slide
    }
    assert {code for code, signal in shown.items() if signal == "unrated"} == {"W-340"}
    assert {code for code, signal in shown.items() if signal == "early"} == {"R-450"}


def test_the_stories_that_are_no_signal_are_there_too(demo):
    assert standing("F-077").comment_waiting
    assert standing("T-201").total == 10
    assert Session.objects.filter(status="missed").count() >= 3
    for by in Session.CalledOffBy:
        assert Session.objects.filter(status="cancelled", called_off_by=by).exists()
    handed_over = Episode.objects.get(ending="transferred")
    assert handed_over.followed_by.therapist.user.name == "Nadia Rahal"
    assert Rating.objects.filter(measure_version__language="ar").count() >= 5
    assert Rating.objects.filter(respondent="therapist").count() >= 5
    assert {story.tells for story in stories.STORIES} >= {"rising", "slow slide", "steady"}


def test_it_stays_out_of_a_database_with_another_practice(db):
    found_practice(name="Real")
    with pytest.raises(NotADemo):
        load_demo()
    assert not Client.objects.exists()


def test_each_start_asks_the_first_client_once_more_and_only_the_newest_link_works(demo, client):
    first, second = ask_first_client(), ask_first_client()
    assert client.get(reverse("rate", args=[first])).status_code == 404
    assert client.get(reverse("rate", args=[second])).status_code == 200


def test_a_link_signs_in_once(demo, client):
    theo = demo_user(stories.THEO)
    link = sign_in_path(theo)
    assert client.head(link).status_code == 404, "a scanner's look uses nothing up"
    assert client.get(link).status_code == 302
    assert get_user(client) == theo
    client.logout()
    assert client.get(link).status_code == 404
    assert not get_user(client).is_authenticated


def test_a_link_expires(demo, client, settings):
    link = sign_in_path(demo_user(stories.THEO))
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert client.get(link).status_code == 404


def test_a_forged_link_signs_nobody_in(demo):
    for token in ("", "MQ", "MQ.", ".x", "é.ü", "MQ.abc-def", "////", "a" * 500):
        assert user_for(token) is None


def test_outside_the_demonstration_no_link_signs_in(demo, client, settings):
    link = sign_in_path(demo_user(stories.THEO))
    settings.DEMO = False
    assert client.get(link).status_code == 404
    assert not get_user(client).is_authenticated


def test_every_page_says_that_the_data_are_invented(demo, client):
    client.force_login(demo_user(stories.SUPERVISOR))
    for page in (reverse("caseload-supervised"), reverse("rate", args=[ask_first_client()])):
        assert "invented" in client.get(page).content.decode()

"""The invented practice tells its stories, the same each time, and its links sign in once."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from alliance.caseload.pages import present_caseload
from alliance.demo import stories
from alliance.demo.actions import NotADemo, ask_first_client, demo_user, load_demo
from alliance.demo.tokens import sign_in_path, user_for
from alliance.measures.actions import load_instruments
from alliance.ratings.models import Rating
from alliance.trends.models import Flag, Standing
from alliance.trends.pages import present_trend
from sessions_app.access.actions import found_practice
from sessions_app.access.models import AuditEvent, Membership, Supervision, User
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
    assert people.filter(is_clinician=True).count() == 8  # seven therapists and a supervisor
    assert people.filter(is_manager=True).count() == people.filter(is_reception=True).count() == 1
    assert Supervision.objects.count() == 2
    assert Client.objects.count() >= 14
    assert Session.objects.known().count() >= 150
    assert Session.objects.known().latest("starts_at").starts_at < timezone.now()
    assert Session.objects.planned().latest("starts_at").starts_at > timezone.now()


def test_every_session_and_rating_of_it_was_made_by_an_action(demo):
    verbs = Counter(AuditEvent.objects.values_list("verb", flat=True))
    assert verbs["client.added"] == Client.objects.count()
    assert verbs["episode.opened"] == Episode.objects.count()
    assert verbs["session.logged"] == Session.objects.known().count()
    assert verbs["session.planned"] == Session.objects.planned().count()
    assert verbs["rating.submitted"] == Rating.objects.count()


def test_made_twice_at_one_moment_it_is_the_same(db, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)

    def told():
        """Make it, write down what everybody said, and undo it."""
        with transaction.atomic():
            load_instruments()
            load_demo()
            ratings = Rating.objects.order_by(
                "session__episode__client__code", "submitted_at", "respondent", "measure__key"
            )
            said = [(r.submitted_at, r.respondent, r.answers, r.comment_audience) for r in ratings]
            transaction.set_rollback(True)
        return said

    first = told()
    assert len(first) > 140
    assert told() == first


def test_started_again_it_reuses_what_is_there(demo):
    sessions = Session.objects.count()
    assert load_demo() is False
    assert Session.objects.count() == sessions


# What each story raises, by the number of the session, and what of it still holds.
RAISED = {
    "K-231": ([(7, "lower"), (10, "back")], []),
    "B-318": (
        [(9, "lower"), (10, "lower"), (10, "sliding"), (11, "lower")],
        [(9, "lower"), (10, "lower"), (10, "sliding"), (11, "lower")],
    ),
    "S-283": ([(12, "sliding"), (14, "lower")], [(12, "sliding"), (14, "lower")]),
    "W-340": ([(10, "unrated")], [(10, "unrated")]),
    "T-201": ([(5, "top")], [(5, "top")]),
}
FORBIDDEN = re.compile(r"ruptur|detected|\brisk|alarm|warning|excellent", re.I)
ALLOWED = "no sign of an excellent relationship"


def raised(episode, **values):
    flags = Flag.objects.filter(episode=episode, withdrawn_at=None, **values)
    ordered = flags.order_by("session__starts_at", "-rank")
    return [(flag.session.number, flag.kind) for flag in ordered.select_related("session")]


def texts(page):
    """Return all that a page says, with its cards."""
    statements = [page.lead, *page.details]
    cards = [page.figures, *(statement.card for statement in statements if statement.card)]
    return [
        *(statement.text for statement in statements),
        *(text for card in cards for text in (*card.how, *card.limits, card.source)),
        *(text for card in cards for pair in card.inputs for text in pair),
        *(mark.text for mark in page.marked),
        page.suggestion,
        page.accuracy,
    ]


def test_each_story_raises_what_it_tells_and_no_other_raises_anything(demo):
    found = {
        episode.client.code: (raised(episode), raised(episode, settled_by=None))
        for episode in Episode.objects.select_related("client")
        if raised(episode)
    }
    assert found == RAISED


def test_a_mended_drop_is_settled_by_the_session_that_mended_it(demo):
    lower = Flag.objects.get(episode__client__code="K-231", kind="lower")
    back = Flag.objects.get(episode__client__code="K-231", kind="back")
    assert lower.settled_by == back.session


# How each story's page begins, and what it suggests, if anything.
TOLD = {
    "M-104": ("The latest rating is within this client’s usual range: 8.0", ""),
    "K-231": ("The latest rating is within this client’s usual range: 8.5", ""),
    "B-318": ("The latest rating is lower than usual for this client: 4.0", "You could ask"),
    "F-077": ("The latest rating is within this client’s usual range: 5.7", ""),
    "R-450": ("It is too early to say what is usual for this client.", ""),
    "D-162": ("The latest rating is within this client’s usual range: 8.0", ""),
    "V-009": ("The latest rating is within this client’s usual range: 9.0", ""),
    "A-515": ("The latest rating is above this client’s usual range: 8.3", ""),
    "S-283": ("The latest rating is lower than usual for this client: 5.5", "You could ask"),
    "W-340": ("No rating for the last 4 sessions.", "If the form was offered"),
    "N-126": ("The latest rating is within this client’s usual range: 8.2", ""),
    "T-201": ("Almost every rating is at the top of the scale.", "You could say that low"),
    "H-388": ("The latest rating is within this client’s usual range: 7.3", ""),
    "L-047": ("The latest rating is within this client’s usual range: 3.5", "You could ask"),
    "C-222": ("The latest rating is within this client’s usual range: 7.5", ""),
    "P-610": ("The latest rating is within this client’s usual range: 7.8", ""),
}


def test_each_storys_page_begins_with_what_it_tells(demo):
    assert list(TOLD) == [story.code for story in stories.STORIES]
    for code, (lead, suggestion) in TOLD.items():
        episode = Episode.objects.get(client__code=code, followed_by=None)
        page = present_trend(episode, is_holder=True)
        assert page.lead.text.startswith(lead), code
        assert page.suggestion.startswith(suggestion), code
        assert bool(page.suggestion) == bool(suggestion), code


def test_therapist_and_supervisor_are_told_the_same_of_every_story_that_was_looked_at(demo):
    sue = User.objects.get(email="sue@demo.example")
    for episode in Episode.objects.exclude(client__code="F-077"):
        own, other = (
            present_trend(episode, is_holder=reader is episode.therapist.user, reader=reader)
            for reader in (episode.therapist.user, sue)
        )
        assert texts(own) == texts(other), episode
        assert own.figure == other.figure
        assert other.identity is None
        assert not any(row.comment for row in other.rows)


def test_what_waits_to_be_read_is_told_to_the_supervisor_after_a_day(demo):
    episode = Episode.objects.get(client__code="F-077")
    latest = Rating.objects.filter(session__episode=episode).latest("submitted_at")
    for hours, is_hidden in ((23, True), (25, False)):
        at = timezone.now() - timedelta(hours=hours)
        Rating.objects.filter(pk=latest.pk).update(submitted_at=at)
        page = present_trend(episode, is_holder=False)
        assert page.lead.text.startswith("The latest rating is new.") is is_hidden
        assert "looks at it first" not in present_trend(episode, is_holder=True).lead.text


def test_no_story_is_told_in_words_that_promise_or_frighten(demo):
    told = [
        text
        for episode in Episode.objects.all()
        for is_holder in (True, False)
        for text in texts(present_trend(episode, is_holder=is_holder))
    ]
    lists = [
        text
        for is_holder in (True, False)
        for row in present_caseload(Standing.objects.all(), is_holder=is_holder).rows
        for text in (row.reason, row.suggestion)
    ]
    assert len(told) > 500
    assert [text for text in (*told, *lists) if FORBIDDEN.search(text.replace(ALLOWED, ""))] == []


def test_every_statement_about_what_is_usual_has_a_card_with_inputs_limits_and_source(demo):
    carded = 0
    for episode in Episode.objects.all():
        page = present_trend(episode, is_holder=True)
        for statement in (page.lead, *page.details):
            if re.search(r"usual range|usual was|was usual|at the top|No rating", statement.text):
                assert statement.card, statement.text
            if statement.card:
                carded += 1
                assert statement.card.how
                assert statement.card.inputs
                assert statement.card.limits
                assert statement.card.source
        assert dict(page.figures.inputs)["sessions rated"]
    assert carded > 15


def test_the_supervisors_list_begins_with_what_is_told_most_surely(demo):
    supervisor = demo_user(stories.SUPERVISOR)
    rows = present_caseload(Standing.objects.supervised_by(supervisor), is_holder=False).rows
    assert [row.episode.client.code for row in rows][:4] == ["B-318", "S-283", "W-340", "T-201"]
    assert [row.needs_attention for row in rows][:4] == [True, True, True, False]


def test_the_stories_that_raise_nothing_are_there_too(demo):
    assert standing("F-077").comment_waiting
    assert standing("T-201").total == 10
    assert Session.objects.filter(status="missed").count() >= 3
    for by in Session.CalledOffBy:
        assert Session.objects.filter(status="cancelled", called_off_by=by).exists()
    handed_over = Episode.objects.get(ending="transferred")
    assert handed_over.followed_by.therapist.user.name == "Nadia Rahal"
    assert Rating.objects.filter(measure_version__language="ar").count() >= 5
    assert Rating.objects.filter(respondent="therapist").count() >= 5
    assert Rating.objects.filter(respondent="therapist").exclude(guess=None).count() >= 5
    assert Rating.objects.filter(measure__purpose="qualities").count() >= 5
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

"""A practice in numbers: counts alone, for those who manage it."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.patterns.numbers import present_numbers
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client, end_episode
from tests.alliance.test_patterns import of_the_page
from tests.conftest import hold, rate


def bring(cast, count, *, modality="individual", who="theo", sessions=1, ends=False):
    member = cast.members[who]
    for number in range(count):
        episode = add_client(
            therapist=member,
            code=f"{modality[:3]}{member.episodes.count()}-{number}",
            by=member.user,
            modality=modality,
            started_on=timezone.localdate() - timedelta(days=200),
        )
        for _session in range(sessions):
            hold(episode)
        if ends:
            end_episode(episode=episode, ending="planned", by=member.user)


def numbers(tally):
    return {str(line.name): line.count and line.count.asked for line in tally.lines}


def page(cast, client):
    client.force_login(cast.mara)
    return client.get(reverse("practice-numbers", args=[cast.practice.pk])).content.decode()


def test_courses_are_counted_by_setting(cast):
    bring(cast, 6)
    bring(cast, 7, modality="couple", who="olga")
    found = present_numbers(cast.practice)
    assert numbers(found.going) == {"Individual": 8, "Couple": 7}  # With Cleo and Dora.
    assert found.going.total == 15
    assert (found.ended.lines, found.ended.total) == ([], None)


def test_few_are_kept_back_with_what_would_give_them_away(cast):
    bring(cast, 20)
    bring(cast, 2, modality="group")
    bring(cast, 6, modality="couple")
    found = present_numbers(cast.practice)
    assert numbers(found.going) == {"Individual": 22, "Couple": None, "Group": None}
    assert found.going.total == 30


def test_ended_courses_of_the_last_twelve_months_are_counted_apart(cast):
    bring(cast, 6, ends=True)
    old = cast.cleo
    end_episode(episode=old, ending="planned", by=cast.theo)
    type(old).objects.filter(pk=old.pk).update(
        started_on=timezone.localdate() - timedelta(days=900),
        ended_on=timezone.localdate() - timedelta(days=500),
    )
    found = present_numbers(cast.practice)
    assert numbers(found.ended) == {"Individual": 6}


def test_sessions_are_counted_by_the_month_of_the_practices_clock(cast):
    bring(cast, 6)
    with cast.practice.clock():
        month = timezone.localdate(timezone.now() - timedelta(hours=1)).replace(day=1)
    found = present_numbers(cast.practice)
    assert numbers(found.held) == {month.isoformat(): 6}
    assert found.held.total == 6


def test_the_page_names_no_client_and_no_therapist_and_looks_at_no_rating(cast, client):
    bring(cast, 6)
    rate(hold(cast.cleo), 9)
    with CaptureQueriesContext(connection) as captured:
        shown = page(cast, client)
    assert "In numbers" in shown
    for name in ("CLEO", "DORA", "Theo", "Olga"):
        assert name not in shown
    asked = " ".join(query["sql"] for query in captured)
    for table in ('"alliance_rating"', "alliance_comment", "clientidentity", '"note"', '"code"'):
        assert table not in asked
    assert AuditEvent.objects.latest("pk").verb == "numbers.read"


def test_ten_times_the_sessions_cost_no_more_queries(cast, client):
    bring(cast, 6)
    page(cast, client)
    with CaptureQueriesContext(connection) as few:
        page(cast, client)
    bring(cast, 54)
    with CaptureQueriesContext(connection) as many:
        page(cast, client)
    assert len(of_the_page(few)) == len(of_the_page(many))

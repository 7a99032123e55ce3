"""Courses that ended: how, with what came before, and nothing about those that go on."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from alliance.patterns.endings import present_endings
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from tests.conftest import hold, run


def end(episode, how, *, days_ago=0):
    end_episode(
        episode=episode,
        ending=how,
        by=episode.therapist.user,
        ended_on=timezone.localdate() - timedelta(days=days_ago),
    )


def begin(cast, code):
    theo = cast.members["theo"]
    started_on = timezone.localdate() - timedelta(days=200)
    return add_client(therapist=theo, code=code, by=theo.user, started_on=started_on)


def page(client, cast, reader="theo", **asked):
    client.force_login(getattr(cast, reader))
    address = reverse("endings", args=[cast.members["theo"].pk])
    return client.get(address, asked).content.decode()


def test_an_ended_course_stands_with_what_came_before(cast):
    run(cast.cleo, [8, 7, 6, None, None])
    end(cast.cleo, "unplanned")
    (row,) = present_endings(cast.members["theo"]).rows
    assert row.episode == cast.cleo
    assert row.sessions == "5 held, 3 rated"
    assert row.last_rating.endswith("The last 2 sessions were not rated.")
    assert "days before the end." in row.last_rating or "on the day" in row.last_rating
    assert row.sparkline.count('class="gap"') == 2


def test_a_course_that_nobody_rated_says_so(cast):
    hold(cast.cleo)
    end(cast.cleo, "planned")
    (row,) = present_endings(cast.members["theo"]).rows
    assert row.last_rating == "Never rated."


def test_what_goes_on_is_not_there(cast, client):
    run(cast.cleo, [8])
    assert "CLEO" not in page(client, cast)
    assert "No course of therapy has ended yet." in page(client, cast)


def test_endings_are_counted_in_words_with_what_so_few_cannot_carry(cast):
    for number, how in enumerate(["planned"] * 4 + ["unplanned"]):
        end(begin(cast, f"E{number}"), how)
    theo = cast.members["theo"]
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=theo.user)
    found = present_endings(theo)
    assert found.counts == ("6 courses have ended: 4 as planned, 1 unplanned, 1 handed over.")
    assert found.caution.startswith("1 unplanned of 5 that were not handed over")
    assert "between 3.6 % and 62 %" in found.caution


def test_fewer_than_five_endings_say_nothing(cast):
    end(cast.cleo, "planned")
    found = present_endings(cast.members["theo"])
    assert found.counts == "1 course has ended: 1 as planned."
    assert found.caution == "So few say nothing about how it usually goes."


def test_one_kind_can_be_looked_at_alone_and_what_is_made_up_is_all(cast, client):
    end(begin(cast, "PLAN"), "planned", days_ago=3)
    end(begin(cast, "SUDDEN"), "unplanned", days_ago=2)
    assert [row.episode.client.code for row in present_endings(cast.members["theo"]).rows] == [
        "SUDDEN",
        "PLAN",
    ]
    shown = page(client, cast, how="planned")
    assert ">PLAN<" in shown
    assert ">SUDDEN<" not in shown
    assert ">SUDDEN<" in page(client, cast, how="whatever")


def test_the_supervisor_sees_the_same_and_nothing_is_foretold(cast, client):
    end(begin(cast, "PLAN"), "planned")
    for reader in ("theo", "sue"):
        shown = page(client, cast, reader)
        assert ">PLAN<" in shown
        assert "It does not foretell who will stay away" in shown

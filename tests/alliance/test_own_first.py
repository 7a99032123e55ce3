"""Rating before the client's rating is seen: what waits, until when, and what never does."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.asking.correcting_pages import preview_move
from alliance.caseload.news import present_news
from alliance.caseload.pages import present_caseload
from alliance.digests.models import Digest
from alliance.digests.pages import count_news
from alliance.ratings.models import Rating
from alliance.trends.models import Flag, Reading, Standing
from alliance.trends.own_first import choose_own_first, show_unrated, waiting_in
from alliance.trends.own_first_models import OwnFirst, ShownUnrated
from alliance.trends.pages import present_trend
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import hand_over_episode
from tests.alliance.test_beside import say
from tests.conftest import asked_of_tables, hold, look, rate, run

TOLD = "A rating has come. Rate first, or show it now."


def choose(cast, is_on=True, *, member="theo"):
    member = cast.members[member] if member else None
    choose_own_first(practice=cast.practice, member=member, is_on=is_on, by=None)


@pytest.fixture
def dropped(cast):
    """Seven steady ratings, looked at; Theo rates first; then one that is far lower."""
    run_before(cast, [8, 8, 8, 7, 8, 8, 8])
    look(cast.cleo, by=cast.theo)
    choose(cast)
    session = hold(cast.cleo)
    rate(session, 2, comment="It was too fast.", tension="unspoken")
    return session


def run_before(cast, totals):
    for back, total in zip(range(len(totals), 0, -1), totals, strict=True):
        rate(hold(cast.cleo, weeks_ago=back), total)


def page(client, cast):
    return client.get(reverse("episode", args=[cast.cleo.pk])).content.decode()


def own_row(cast):
    standings = Standing.objects.held_by(cast.theo)
    (row,) = present_caseload(standings, is_holder=True).rows
    return row


# --- Nothing else gives it away ---


def test_neither_what_came_of_it_nor_home_nor_news_say_what_the_rating_that_waits_amounts_to(
    cast, dropped, client
):
    client.force_login(cast.theo)
    assert Flag.objects.standing().filter(session=dropped).exists()
    shown = page(client, cast).lower()
    assert "lower than usual" not in shown
    assert "tension" not in shown
    (news,) = present_news(cast.theo)
    assert news.said == ["Session 8 is rated", "A comment is waiting to be read"]
    after = hold(cast.cleo)
    assert "tension" not in client.get(reverse("rating-ask", args=[after.pk])).content.decode()
    digest = Digest.objects.create(member=cast.members["theo"], told_until=dropped.starts_at)
    assert count_news(digest, until=timezone.now()).to_look_at == 0
    show_unrated(session=dropped, by=cast.theo)
    assert count_news(digest, until=timezone.now()).to_look_at == 1
    assert "tension" in page(client, cast)


# --- Who rates first ---


@pytest.mark.parametrize(
    ("practice", "member", "waits"),
    [
        (None, None, False),
        (True, None, True),
        (False, None, False),
        (True, False, False),
        (False, True, True),
        (None, True, True),
    ],
)
def test_off_unless_the_practice_chose_it_or_the_therapist_who_decides_for_themselves(
    cast, sessions, practice, member, waits
):
    if practice is not None:
        choose(cast, practice, member=None)
    if member is not None:
        choose(cast, member)
    rate(sessions["cleo"], 7)
    assert bool(waiting_in(cast.cleo)) == waits


def test_as_the_practice_has_it_can_be_chosen_again(cast, sessions):
    choose(cast, True, member=None)
    choose(cast, False)
    choose(cast, None)
    rate(sessions["cleo"], 7)
    assert waiting_in(cast.cleo) == {sessions["cleo"].pk}


def test_the_choice_of_one_therapist_is_not_that_of_another_nor_of_another_practice(cast, sessions):
    choose(cast)
    choose(cast, True, member=None)
    for name in ("dora", "emil"):
        rate(sessions[name], 7)
    choose(cast, False, member="olga")
    assert not waiting_in(cast.dora)
    assert not waiting_in(cast.emil)


# --- What waits ---


def test_all_that_the_client_said_is_out_of_sight_and_that_it_came_is_said(cast, dropped, client):
    client.force_login(cast.theo)
    body = page(client, cast)
    assert TOLD in body
    assert "Your client wrote something with it." in body
    assert "It was too fast." not in body
    assert "lower than usual" not in body
    assert "tension" not in body
    assert ">2.0<" not in body
    assert "The latest rating is within this client’s usual range" in body


def test_what_is_drawn_and_said_is_what_was_before_it_came(cast):
    run_before(cast, [8, 8, 8, 7, 8, 8, 8])
    before = look(cast.cleo, by=cast.theo)
    choose(cast)
    session = hold(cast.cleo)
    rate(session, 2)
    after = present_trend(cast.cleo, is_holder=True, reader=cast.theo)
    assert [one.text for one in (after.lead, *after.details)] == [
        one.text for one in (before.lead, *before.details)
    ]
    assert [one.session for one in after.waiting] == [session]
    assert [row.marks for row in after.rows[:-1]] == [row.marks for row in before.rows]
    assert (after.rows[-1].marks, after.rows[-1].what) == ([], "A rating has come")
    assert after.marked == before.marked
    assert str(after.svg).count("<circle") == str(before.svg).count("<circle") + 4  # Rings.
    assert after.suggestion == before.suggestion


def test_the_first_rating_of_all_waits_too(cast, sessions, client):
    choose(cast)
    rate(sessions["cleo"], 3)
    client.force_login(cast.theo)
    body = page(client, cast)
    assert TOLD in body
    assert ">3.0<" not in body
    assert "No other rating has come yet." in body
    assert reverse("rating-ask", args=[sessions["cleo"].pk]) not in body


def test_a_flag_that_the_hidden_rating_settles_still_stands(cast):
    run_before(cast, [8, 8, 8, 7, 8, 8, 2])
    look(cast.cleo, by=cast.theo)
    assert Flag.objects.standing().filter(kind="lower").exists()
    choose(cast)
    rate(hold(cast.cleo), 8)
    assert not Flag.objects.standing().filter(kind="lower").exists()
    shown = present_trend(cast.cleo, is_holder=True, reader=cast.theo)
    assert any("lower than usual for this client" in one.text for one in shown.details)


def test_how_it_is_to_work_together_waits_with_it(cast, dropped):
    say(dropped, [1] * 6)
    assert look(cast.cleo, by=cast.theo).beside.qualities == []


def test_nothing_hidden_counts_as_read_and_its_flags_as_seen(cast, dropped, client):
    client.force_login(cast.theo)
    page(client, cast)
    rating = dropped.ratings.get()
    assert not Reading.objects.filter(rating=rating).exists()
    assert rating.comment_read_at is None
    assert set(Flag.objects.filter(session=dropped).values_list("seen_at", flat=True)) == {None}


def test_the_list_says_that_it_came_and_nothing_of_what_it_says(cast, dropped):
    row = own_row(cast)
    assert row.reason == "A rating has come. Rate first, or show it now"
    assert row.marks == ["–"] * 3
    assert "8.0, none" in row.sparkline
    assert "2.0" not in row.sparkline
    assert row.has_comment
    assert row.needs_attention
    assert row.suggestion == ""


def test_the_place_in_the_list_is_the_same_whatever_it_says(cast):
    choose(cast)
    ranks = set()
    for total in (2, 9):
        rate(hold(cast.cleo, weeks_ago=int(total)), total)
        standings = Standing.objects.held_by(cast.theo)
        (standing,) = standings.by_need_for_attention(for_holder=True, waiting=[cast.cleo.pk])
        ranks.add(standing.attention)
    assert ranks == {66}


def test_moving_another_rating_gives_no_hidden_flag_away(cast, dropped):
    other = Rating.objects.exclude(session=dropped).filter(respondent="client").first()
    free = hold(cast.cleo, weeks_ago=20)
    for change in preview_move(other, to=free, reason="Wrong one.", by=cast.theo):
        assert not [line for line in change.before if line.startswith("8 ")]


# --- Until when ---


def test_once_the_therapist_has_rated_it_is_shown_and_read(cast, dropped, client):
    rate(dropped, 8, respondent="therapist")
    client.force_login(cast.theo)
    body = page(client, cast)
    assert TOLD not in body
    assert "It was too fast." in body
    assert Reading.objects.filter(rating__session=dropped).exists()
    assert not ShownUnrated.objects.exists()


def test_one_tap_shows_it_without_and_that_is_on_the_record(cast, dropped, client):
    client.force_login(cast.theo)
    answer = client.post(reverse("rating-show", args=[dropped.pk]), follow=True)
    body = answer.content.decode()
    assert "It was too fast." in body
    assert ShownUnrated.objects.get().session == dropped
    deed = AuditEvent.objects.get(verb="rating.shown_unrated")
    assert (deed.actor, deed.client_id) == (cast.theo, cast.cleo.client_id)
    client.post(reverse("rating-show", args=[dropped.pk]))
    assert ShownUnrated.objects.count() == 1


def test_what_was_rated_first_is_not_noted_as_passed_over(cast, dropped):
    rate(dropped, 8, respondent="therapist")
    show_unrated(session=dropped, by=cast.theo)
    assert not ShownUnrated.objects.exists()


def test_what_has_not_come_yet_is_not_passed_over(cast, sessions):
    choose(cast)
    show_unrated(session=sessions["cleo"], by=cast.theo)
    rate(sessions["cleo"], 7)
    assert waiting_in(cast.cleo) == {sessions["cleo"].pk}


def test_a_rating_given_before_the_clients_came_is_first_too(cast):
    choose(cast)
    session = hold(cast.cleo)
    rate(session, 8, respondent="therapist")
    rate(session, 5)
    assert not waiting_in(cast.cleo)


def test_switching_it_on_hides_nothing_that_was_seen(cast, sessions):
    rate(sessions["cleo"], 7)
    look(cast.cleo, by=cast.theo)
    choose(cast)
    assert not waiting_in(cast.cleo)


def test_switching_it_off_shows_all_that_waits(cast, dropped):
    choose(cast, False)
    assert not waiting_in(cast.cleo)


def test_what_the_therapist_typed_in_is_known_to_them(cast, dropped):
    Rating.objects.filter(session=dropped).update(entered_by=cast.theo)
    assert not waiting_in(cast.cleo)
    Rating.objects.filter(session=dropped).update(entered_by=cast.rita)
    assert waiting_in(cast.cleo)


def test_after_a_handing_over_nothing_waits(cast, dropped):
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    assert not waiting_in(cast.cleo)


# --- What is never held back ---


def test_a_supervisor_sees_what_she_saw_before(cast, dropped):
    shown = look(cast.cleo, by=cast.sue)
    assert shown.waiting == []
    assert shown.rows[-1].marks == ["2.0"] * 4


def test_downloads_hold_everything(cast, dropped, client):
    client.force_login(cast.theo)
    for name in ("episode-csv", "episode-series"):
        lines = client.get(reverse(name, args=[cast.cleo.pk])).content.decode().splitlines()
        assert "2.0" in lines[-1]


# --- Choosing ---


def test_a_therapist_chooses_on_a_page_of_their_own(cast, client):
    client.force_login(cast.theo)
    address = reverse("own-first")
    assert "As the practice has it: it is shown as it comes" in client.get(address).content.decode()
    member = cast.members["theo"]
    assert client.post(address, {"member": member.pk, "is_on": "on"}).status_code == 302
    chosen = OwnFirst.objects.get()
    assert (chosen.member, chosen.is_on) == (member, True)
    assert AuditEvent.objects.filter(verb="own_first.chosen", actor=cast.theo).exists()


def test_nobody_chooses_for_a_colleague(cast, client):
    client.force_login(cast.theo)
    client.post(reverse("own-first"), {"member": cast.members["olga"].pk, "is_on": "on"})
    assert not OwnFirst.objects.exists()


def test_a_manager_chooses_for_the_practice(cast, client):
    client.force_login(cast.mara)
    address = reverse("practice-own-first", args=[cast.practice.pk])
    for sent, is_on in (({"is_on": "on"}, True), ({}, False)):
        assert client.post(address, sent).status_code == 302
        assert OwnFirst.objects.get().is_on == is_on
    assert "checked" not in client.get(address).content.decode()


@pytest.mark.parametrize("name", ["caseload", "episode"])
def test_what_waits_costs_no_query_for_each(cast, client, name):
    choose(cast)
    client.force_login(cast.theo)
    address = reverse(name, args=[cast.cleo.pk] if name == "episode" else [])

    def count():
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(asked_of_tables(captured))

    run(cast.cleo, [7])
    count()
    few = count()
    for back in range(1, 11):
        rate(hold(cast.cleo, weeks_ago=back), 7)
    assert count() <= few

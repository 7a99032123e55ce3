"""A rating at the wrong session, or the wrong client: moved, on the record, and moved back."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from alliance.asking.correcting_actions import NotMoved, _lock, move_rating
from alliance.asking.entering_actions import enter_sheet, request_sheet
from alliance.ratings.models import Comment, Rating, RatingRequest
from alliance.trends.actions import differences
from alliance.trends.models import Flag, Reading, Standing
from sessions_app.access.actions import join_practice
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client, hand_over_episode
from sessions_app.sessions.actions import correct_session
from tests.conftest import ask, hold, look, rate, run

REASON = "Two sheets were mixed up."


@pytest.fixture
def theo(cast, client):
    client.force_login(cast.theo)
    return client


@pytest.fixture
def cora(cast):
    """Another client of Theo's."""
    return add_client(therapist=cast.members["theo"], code="CORA", by=cast.theo)


def move(rating, to, by):
    return move_rating(rating=rating, to=to, reason=REASON, by=by)


def flags(episode):
    standing = Flag.objects.filter(episode=episode, withdrawn_at=None).order_by("-rank")
    return list(standing.values_list("kind", flat=True))


# --- What is moved ---


def test_all_that_was_said_goes_along_and_the_old_row_stands_no_longer(cast, cora):
    session = hold(cast.cleo)
    asked, _secret = request_sheet(session=session, replaces="", by=cast.theo)
    said = {"answers": {"say": 7.3}, "comment": "Slower.", "audience": "supervisor"}
    old = enter_sheet(
        session=session,
        version=asked.measure_version,
        by=cast.theo,
        filled_in_on=timezone.localdate(),
        **said,
    )
    there = hold(cora)
    new = move(old, there, cast.theo)
    old.refresh_from_db()
    assert old.superseded_by == new
    assert list(Rating.objects.standing()) == [new]
    for name in (
        *("answers", "trust", "total", "input_mode", "entered_by", "submitted_at"),
        *("filled_in_on", "comment_audience", "measure_version", "respondent"),
    ):
        assert getattr(new, name) == getattr(old, name), name
    assert (new.session, new.request) == (there, None)
    assert new.written.text == "Slower."
    assert old.written.text == "", "what somebody wrote is left in nobody else's record"
    assert look(cast.cleo, cast.theo).ratings == []
    (row,) = look(cora, cast.theo).rows
    assert (row.rating, row.comment) == (new, "Slower.")


def test_a_comment_for_later_moves_unread_and_is_never_opened_by_a_move(cast, cora, theo):
    first, second = hold(cast.cleo, weeks_ago=1), hold(cast.cleo)
    there_first, there = hold(cora, weeks_ago=1), hold(cora)
    rating = rate(second, 7, comment="Slower.", audience="later")
    for opening in (first, there_first):
        with pytest.raises(NotMoved):
            move(rating, opening, cast.theo)
    page = theo.get(reverse("rating-move", args=[rating.pk])).content.decode()
    assert (str(there.pk) in page, str(first.pk) in page) == (True, False)
    new = move(rating, there, cast.theo)
    assert Comment.objects.get(rating=new).text == "Slower."
    assert not Comment.objects.readable_by(cast.theo).exclude(text="").exists()


def test_a_comment_that_was_kept_for_later_moves_anywhere_once_it_is_open(cast):
    first, second = hold(cast.cleo, weeks_ago=2), hold(cast.cleo, weeks_ago=1)
    rating = rate(second, 7, comment="Slower.", audience="later")
    hold(cast.cleo)
    assert move(rating, first, cast.theo).written.text == "Slower."


def test_standing_and_flags_of_both_are_worked_out_anew_and_as_before_when_it_is_moved_back(
    cast, cora
):
    sessions = run(cast.cleo, [8, 8, 8, 8, 8, 8, 1])
    run(cora, [8, 8, 8, 8, 8, 8, None])
    there = cora.sessions.get(number=7)
    assert (flags(cast.cleo), flags(cora)) == (["lower", "sliding"], [])
    before = [Standing.objects.filter(episode=one).values().get() for one in (cast.cleo, cora)]
    moved = move(sessions[-1].ratings.get(), there, cast.theo)
    assert (flags(cast.cleo), flags(cora)) == ([], ["lower", "sliding"])
    back = move(moved, sessions[-1], cast.theo)
    assert (flags(cast.cleo), flags(cora)) == (["lower", "sliding"], [])
    after = [Standing.objects.filter(episode=one).values().get() for one in (cast.cleo, cora)]
    assert after == before
    for episode in (cast.cleo, cora):
        assert differences(episode) == []
    assert list(Rating.objects.filter(session=sessions[-1]).standing()) == [back]


def test_it_is_on_the_record_of_both_clients_with_the_reason_and_no_content(cast, cora):
    old = rate(hold(cast.cleo), 7, comment="Slower.")
    new = move(old, hold(cora), cast.theo)
    away, here = AuditEvent.objects.filter(verb__startswith="rating.moved").order_by("pk")
    assert (away.verb, away.target_id, away.client_id) == (
        "rating.moved_away",
        str(old.pk),
        cast.cleo.client_id,
    )
    assert (here.verb, here.target_id, here.client_id) == (
        "rating.moved_here",
        str(new.pk),
        cora.client_id,
    )
    for event in (away, here):
        assert (event.actor, event.reason, event.fields) == (cast.theo, REASON, ["session"])


def test_that_its_therapist_read_it_goes_along_within_their_work(cast, cora):
    old = rate(hold(cast.cleo), 7)
    look(cast.cleo, cast.theo)
    new = move(old, hold(cora), cast.theo)
    assert Reading.objects.filter(rating=new, reader=cora.therapist).exists()


def test_a_form_that_is_open_for_the_other_session_closes_and_this_one_can_be_asked_again(cast):
    here, there = hold(cast.cleo, weeks_ago=1), hold(cast.cleo)
    old = rate(here, 7)
    asked, _secret = ask(there)
    move(old, there, cast.theo)
    assert RatingRequest.objects.get(pk=asked.pk).closing == "replaced"
    again, _secret = ask(here)
    assert again.closed_at is None


# --- What is not moved ---


def test_nothing_moves_to_where_something_stands_or_was_not_held_or_twice(cast, cora):
    rating = rate(hold(cast.cleo, weeks_ago=1), 7)
    rated = hold(cast.cleo)
    rate(rated, 6)
    missed = hold(cast.cleo, weeks_ago=2)
    correct_session(session=missed, by=cast.theo, status="missed")
    gone = hold(cora)
    hand_over_episode(episode=cora, to=cast.members["sue"], by=cast.theo)
    gone.refresh_from_db()
    gone.episode.refresh_from_db()
    for session in (rated, missed, gone, rating.session):
        with pytest.raises(NotMoved):
            move(rating, session, cast.theo)
    free = hold(cast.cleo, weeks_ago=3)
    other = hold(cast.cleo, weeks_ago=4)
    move(rating, free, cast.theo)
    with pytest.raises(NotMoved):
        move(rating, other, cast.theo)
    assert Rating.objects.standing().count() == 2


def test_nothing_moves_to_another_practice_where_the_same_therapist_works(cast, theo):
    there = join_practice(
        practice=cast.elsewhere, email=cast.theo.email, is_clinician=True, by=None
    )
    other = hold(add_client(therapist=there, code="X1", by=cast.theo))
    rating = rate(hold(cast.cleo), 7)
    with pytest.raises(NotMoved):
        move(rating, other, cast.theo)
    address = reverse("rating-move", args=[rating.pk])
    assert str(other.pk) not in theo.get(address).content.decode()


def test_both_episodes_are_locked_in_one_order_whichever_way_it_goes(cast, cora):
    there, back = (
        [episode.pk for episode in _lock(*ids)]
        for ids in ((cast.cleo.pk, cora.pk), (cora.pk, cast.cleo.pk))
    )
    assert there == back == sorted(there)
    assert len(_lock(cora.pk, cora.pk)) == 1


# --- By the pages ---


def test_a_therapist_chooses_sees_what_will_change_and_moves_it(cast, cora, theo):
    sessions = run(cast.cleo, [8, 8, 8, 8, 8, 8, 1])
    run(cora, [8, 8, 8, 8, 8, 8, None])
    there = cora.sessions.get(number=7)
    rating = sessions[-1].ratings.get()
    address = reverse("rating-move", args=[rating.pk])
    trend = theo.get(reverse("episode", args=[cast.cleo.pk])).content.decode()
    assert f'href="{address}"' in trend
    page = theo.get(address).content.decode()
    assert page.count("CORA · ") == 1
    sent = {"session": str(there.pk), "reason": REASON}
    sure = theo.post(address, sent).content.decode()
    assert "Move this rating?" in sure
    assert sure.count("7 · Lower than usual for this client") == 2
    assert REASON in sure
    assert list(Rating.objects.standing().filter(session=there)) == []
    assert not AuditEvent.objects.filter(verb__startswith="rating.moved").exists()
    changed = theo.post(address, sent | {"deed": "change"}).content.decode()
    assert REASON in changed
    done = theo.post(address, sent | {"deed": "move"}, follow=True)
    assert done.redirect_chain[-1][0] == reverse("episode", args=[cora.pk])
    assert "To undo it, move it back" in done.content.decode()
    assert Rating.objects.standing().get(session=there).total == 1
    assert theo.post(address, sent | {"deed": "move"}).status_code == 404


def test_where_nothing_that_is_marked_changes_that_is_said(cast, theo):
    rating = rate(hold(cast.cleo, weeks_ago=1), 7)
    sent = {"session": str(hold(cast.cleo).pk), "reason": REASON}
    page = theo.post(reverse("rating-move", args=[rating.pk]), sent).content.decode()
    assert "Nothing changes in what is marked." in page


def test_a_reason_is_needed_and_only_ones_own_sessions_can_be_chosen(cast, theo):
    rating = rate(hold(cast.cleo, weeks_ago=1), 7)
    address = reverse("rating-move", args=[rating.pk])
    free = str(hold(cast.cleo).pk)
    for sent in (
        {"session": free, "reason": ""},
        {"session": free, "reason": "x" * 281},
        {"session": str(hold(cast.dora).pk), "reason": REASON},
        {"session": str(rating.session_id), "reason": REASON},
        {"session": str(uuid.uuid4()), "reason": REASON},
        {"session": "x", "reason": REASON},
    ):
        page = theo.post(address, sent | {"deed": "move"})
        assert "is-invalid" in page.content.decode()
    assert Rating.objects.get() == rating


def test_what_changed_meanwhile_is_said(cast, theo, monkeypatch):
    rating = rate(hold(cast.cleo, weeks_ago=1), 7)
    sent = {"session": str(hold(cast.cleo).pk), "reason": REASON}

    def refused(**told):
        raise NotMoved

    monkeypatch.setattr("alliance.asking.correcting_views.move_rating", refused)
    answer = theo.post(
        reverse("rating-move", args=[rating.pk]), sent | {"deed": "move"}, follow=True
    )
    assert "one of the two has changed meanwhile" in answer.content.decode()


def test_what_a_client_wants_back_is_erased_with_a_reason_on_the_record(cast, theo):
    rating = rate(hold(cast.cleo), 7, comment="Slower.")
    address = reverse("rating-take-back", args=[rating.pk])
    assert "erased" in theo.get(address).content.decode()
    assert "is-invalid" in theo.post(address, {"reason": ""}).content.decode()
    answer = theo.post(address, {"reason": "She asked for it."}, follow=True)
    assert "Nothing of what it said is kept." in answer.content.decode()
    rating.refresh_from_db()
    assert rating.withdrawn_at
    assert (rating.total, rating.written.text, rating.comment_audience) == (None, "", "")
    assert set(rating.answers.values()) == {None}
    event = AuditEvent.objects.get(verb="rating.withdrawn")
    assert (event.actor, event.reason) == (cast.theo, "She asked for it.")
    assert theo.get(address).status_code == 404


def test_nobody_but_who_holds_both_moves_or_takes_back(cast, client):
    rating = rate(hold(cast.cleo), 7)
    for who in ("sue", "olga", "nils", "mara", "rita"):
        client.force_login(getattr(cast, who))
        for name in ("rating-move", "rating-take-back"):
            for method in ("get", "post"):
                answer = getattr(client, method)(reverse(name, args=[rating.pk]))
                assert answer.status_code == 404

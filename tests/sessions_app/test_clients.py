"""A client is a code; who it is, is kept apart. Episodes begin, end and change hands."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from sessions_app.access.models import AuditEvent, Membership
from sessions_app.clients.actions import (
    add_client,
    end_episode,
    hand_over_episode,
    open_episode,
)
from sessions_app.clients.forms import ClientForm
from sessions_app.clients.models import Client, ClientIdentity, Episode
from sessions_app.sessions.actions import log_session

# What looks like CLEO, or like nothing at all, and is not the same.
UNSEEN = ["CL\u200bEO", "CL\u00adEO", "\u202eOELC", "CL\tEO", "CL\nEO", "CL\0EO", "CLEO\u2060"]
EVERYONE = ("theo", "sue", "olga", "nils", "mara", "rita", "root")


def _add(cast, code="FAYE", therapist="theo", **values):
    member = cast.members[therapist]
    return add_client(therapist=member, code=code, by=member.user, **values)


def _form(cast, *, code, therapist):
    member = cast.members[therapist]
    typed = {"code": code, "therapist": member.pk, "modality": "individual", "language": "en"}
    return ClientForm(typed, memberships=[member])


def _who_sees(cast, episode):
    return {
        name
        for name in EVERYONE
        if Episode.objects.visible_to(getattr(cast, name)).filter(pk=episode.pk).exists()
    }


def _who_holds(cast, episode):
    return {
        name
        for name in EVERYONE
        if Episode.objects.held_by(getattr(cast, name)).filter(pk=episode.pk).exists()
    }


def _verbs(client):
    return list(
        AuditEvent.objects.filter(client_id=client.pk).order_by("pk").values_list("verb", flat=True)
    )


# --- Adding ---


def test_a_code_is_enough_and_then_nothing_says_who_the_client_is(cast):
    episode = _add(cast, code=" FAYE ")
    assert episode.client.code == "FAYE"
    assert episode.client.practice == cast.practice
    assert not ClientIdentity.objects.filter(client=episode.client).exists()
    assert (episode.modality, episode.ended_on, episode.follows) == ("individual", None, None)


def test_what_says_who_a_client_is_goes_into_a_table_of_its_own(cast):
    given = {
        "name": "Faye Miller",
        "email": "faye@example.org",
        "phone": "+43 1 234",
        "language": "ar",
        "birth_year": 1990,
    }
    episode = _add(cast, **given)
    identity = ClientIdentity.objects.get(client=episode.client)
    assert {name: getattr(identity, name) for name in given} == given
    for table in (Client, Episode):
        row = table.objects.filter(pk=identity.pk if table is Client else episode.pk).values().get()
        assert not {str(value) for value in given.values()} & {str(value) for value in row.values()}


@pytest.mark.parametrize(
    "given", [{"name": "Faye"}, {"email": "f@example.org"}, {"language": "ar"}]
)
def test_one_thing_given_is_kept_and_the_rest_stays_empty(cast, given):
    identity = _add(cast, **given).client.identity
    kept = {
        name: getattr(identity, name)
        for name in ("name", "email", "phone", "language", "birth_year")
        if getattr(identity, name)
    }
    assert kept == given


def test_the_trail_names_the_fields_of_a_new_client_and_not_what_is_in_them(cast):
    episode = _add(cast, name="Faye Miller", phone="+43 1 234")
    event = AuditEvent.objects.get(verb="client.added", client_id=episode.client_id)
    assert event.fields == ["code", "name", "phone"]
    assert (event.actor, event.practice) == (cast.theo, cast.practice)
    for row in AuditEvent.objects.filter(client_id=episode.client_id).values():
        assert "Miller" not in str(row)
        assert "FAYE" not in str(row)
        assert "+43" not in str(row)


@pytest.mark.parametrize("code", ["CLEO", "cleo", "Cleo", " cLEO "])
def test_a_code_is_used_once_in_a_practice_whatever_its_case(cast, code):
    with pytest.raises(ValidationError, match="already uses this code"):
        _add(cast, code=code, therapist="olga", name="Somebody")
    assert Client.objects.filter(code__iexact="CLEO").count() == 1
    assert "Somebody" not in [identity.name for identity in ClientIdentity.objects.all()]


def test_another_practice_may_use_the_same_code(cast):
    episode = _add(cast, code="CLEO", therapist="nils")
    assert episode.client.practice == cast.elsewhere
    assert Client.objects.filter(code="CLEO").count() == 2


@pytest.mark.parametrize("code", UNSEEN)
def test_a_code_with_a_sign_that_nobody_sees_is_refused(cast, code):
    with pytest.raises(ValidationError, match="cannot be seen") as refusal:
        _add(cast, code=code)
    assert list(refusal.value.message_dict) == ["code"]
    assert Client.objects.count() == 3


@pytest.mark.parametrize("code", ["A 7", "Müller-3", "عميل ٧", "№ 12"])
def test_a_code_may_be_made_of_any_signs_that_are_seen(cast, code):
    assert _add(cast, code=code).client.code == code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("cleo", "already uses this code"),
        ("Cleo ", "already uses this code"),
        ("CL\u200bEO", "cannot be seen"),
        ("", "Give this client a code"),
    ],
)
def test_the_form_refuses_a_code_beside_the_field(cast, code, said):
    form = _form(cast, code=code, therapist="olga")
    assert list(form.errors) == ["code"]
    assert said in str(form.errors["code"])


def test_the_form_takes_a_code_of_another_practice(cast):
    assert _form(cast, code="cleo", therapist="nils").is_valid()


def test_of_two_who_choose_one_code_at_once_the_second_is_told(committed, cast):
    outcomes, barrier = [], threading.Barrier(2)

    def choose(code, therapist):
        barrier.wait()
        try:
            outcomes.append(_add(cast, code=code, therapist=therapist).client.practice)
        except ValidationError as refusal:
            outcomes.append(refusal.messages)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=choose, args=told) for told in [("FAYE", "theo"), ("faye", "olga")]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == 2
    assert cast.practice in outcomes
    assert ["Your practice already uses this code."] in outcomes
    assert Client.objects.filter(code__iexact="faye").count() == 1


@pytest.mark.parametrize("code", ["", "   ", "x" * 25])
def test_a_client_without_a_code_or_with_one_too_long_is_refused(cast, code):
    with pytest.raises(ValidationError) as refusal:
        _add(cast, code=code)
    assert "code" in refusal.value.message_dict
    assert Client.objects.count() == 3


# --- Opening and ending ---


def test_a_second_episode_of_the_same_two_opens_only_when_the_first_has_ended(cast):
    together = {"client": cast.cleo.client, "therapist": cast.members["theo"], "by": cast.theo}
    with pytest.raises(ValidationError, match="have an open episode already"):
        open_episode(**together)
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert open_episode(**together).started_on == timezone.localdate()


def test_a_client_may_have_episodes_with_two_therapists_at_a_time(cast):
    couple = open_episode(
        client=cast.cleo.client, therapist=cast.members["olga"], by=cast.olga, modality="couple"
    )
    assert _who_sees(cast, couple) == {"olga"}
    assert _who_sees(cast, cast.cleo) == {"theo", "sue"}


def test_no_episode_opens_across_two_practices(cast):
    with pytest.raises(ValidationError, match="same practice"):
        open_episode(client=cast.cleo.client, therapist=cast.members["nils"], by=cast.nils)
    assert Episode.objects.count() == 3


def test_an_episode_ends_on_a_day_and_says_how_and_that_is_on_the_record(cast):
    day = timezone.localdate() - timedelta(days=3)
    end_episode(episode=cast.cleo, ending="unplanned", by=cast.theo, ended_on=day)
    cleo = Episode.objects.get(pk=cast.cleo.pk)
    assert (cleo.ended_on, cleo.ending) == (day, "unplanned")
    assert not Episode.objects.open().filter(pk=cleo.pk).exists()
    event = AuditEvent.objects.get(verb="episode.ended")
    assert (event.actor, event.fields) == (cast.theo, ["ended_on", "ending"])


def test_an_episode_that_ended_is_still_read_by_the_same_people(cast):
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert _who_sees(cast, cast.cleo) == {"theo", "sue"}
    assert _who_holds(cast, cast.cleo) == {"theo"}


@pytest.mark.parametrize(
    "values",
    [{"ending": ""}, {"ending": "vanished"}, {"ending": "planned", "days_ago": 201}],
)
def test_an_episode_does_not_end_without_saying_how_nor_before_it_began(cast, values):
    days_ago = values.pop("days_ago", 0)
    with pytest.raises(ValidationError):
        end_episode(
            episode=cast.cleo,
            by=cast.theo,
            ended_on=timezone.localdate() - timedelta(days=days_ago),
            **values,
        )
    assert Episode.objects.open().filter(pk=cast.cleo.pk).exists()


def test_an_episode_does_not_end_before_a_session_that_was_held(cast, clocks_apart):
    day = timezone.localdate() - timedelta(days=10)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    log_session(episode=cast.cleo, starts_at=noon, by=cast.theo)
    before = day - timedelta(days=1)
    with pytest.raises(ValidationError, match="held after this day") as refusal:
        end_episode(episode=cast.cleo, ending="planned", by=cast.theo, ended_on=before)
    assert list(refusal.value.message_dict) == ["ended_on"]
    assert Episode.objects.open().filter(pk=cast.cleo.pk).exists()
    assert not AuditEvent.objects.filter(verb="episode.ended").exists()
    assert end_episode(episode=cast.cleo, ending="planned", by=cast.theo, ended_on=day).ended_on


def test_an_episode_may_end_before_a_session_that_did_not_come_about(cast):
    log_session(episode=cast.cleo, starts_at=timezone.now(), by=cast.theo, status="missed")
    day = timezone.localdate() - timedelta(days=10)
    ended = end_episode(episode=cast.cleo, ending="unplanned", by=cast.theo, ended_on=day)
    assert ended.ended_on == day


def test_the_day_of_the_last_session_is_that_of_the_practices_own_clock(cast, clocks_apart):
    day = timezone.localdate() - timedelta(days=10)
    late = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)  # The next day in Vienna.
    for episode in (cast.cleo, cast.emil):
        log_session(episode=episode, starts_at=late, by=episode.therapist.user)
    ended = end_episode(episode=cast.emil, ending="planned", by=cast.nils, ended_on=day)
    assert ended.ended_on == day
    with pytest.raises(ValidationError, match="held after this day"):
        end_episode(episode=cast.cleo, ending="planned", by=cast.theo, ended_on=day)
    after = day + timedelta(days=1)
    ended = end_episode(episode=cast.cleo, ending="planned", by=cast.theo, ended_on=after)
    assert ended.ended_on == after


def test_an_episode_ends_once(cast):
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    with pytest.raises(ValidationError, match="already ended"):
        end_episode(episode=cast.cleo, ending="unplanned", by=cast.theo)
    assert Episode.objects.get(pk=cast.cleo.pk).ending == "planned"


# --- Handing over ---


def test_handing_over_ends_the_old_episode_and_opens_one_that_follows_it(cast):
    Episode.objects.filter(pk=cast.cleo.pk).update(modality="couple")
    new = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    old = Episode.objects.get(pk=cast.cleo.pk)
    assert (old.ending, old.ended_on) == ("transferred", timezone.localdate())
    assert old.therapist == cast.members["theo"]
    assert (new.follows, old.followed_by) == (old, new)
    assert (new.client, new.therapist) == (old.client, cast.members["olga"])
    assert (new.started_on, new.modality, new.ended_on) == (old.ended_on, "couple", None)
    assert _verbs(old.client)[-2:] == ["episode.ended", "episode.opened"]


def test_after_handing_over_each_therapist_sees_their_own_episode_and_not_the_other(cast):
    new = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    assert _who_sees(cast, new) == {"olga"}
    assert _who_sees(cast, cast.cleo) == {"theo", "sue"}


def test_after_handing_over_only_the_new_therapist_has_an_open_episode_of_the_client(cast):
    now = Episode.objects.open().filter(client=cast.cleo.client)
    assert now.held_by(cast.theo).exists()
    assert not now.held_by(cast.olga).exists()
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    assert not now.held_by(cast.theo).exists()
    assert now.held_by(cast.olga).exists()


def test_a_refused_handing_over_leaves_the_old_episode_open(cast):
    with pytest.raises(ValidationError, match="same practice"):
        hand_over_episode(episode=cast.cleo, to=cast.members["nils"], by=cast.theo)
    assert Episode.objects.open().filter(pk=cast.cleo.pk).exists()
    assert not AuditEvent.objects.filter(verb="episode.ended").exists()


def test_an_episode_is_handed_over_once(cast):
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    with pytest.raises(ValidationError, match="already ended"):
        hand_over_episode(episode=cast.cleo, to=cast.members["sue"], by=cast.theo)
    assert Episode.objects.filter(follows=cast.cleo).count() == 1


# --- Who reads ---


@pytest.mark.parametrize(
    ("episode", "readers", "holders"),
    [
        ("cleo", {"theo", "sue"}, {"theo"}),
        ("dora", {"olga"}, {"olga"}),
        ("emil", {"nils"}, {"nils"}),
    ],
)
def test_an_episode_is_read_by_its_therapist_and_their_supervisor_and_nobody_else(
    cast, episode, readers, holders
):
    episode = getattr(cast, episode)
    assert _who_sees(cast, episode) == readers
    assert _who_holds(cast, episode) == holders


def test_a_supervisor_reads_the_supervised_and_holds_only_her_own(cast):
    own = _add(cast, therapist="sue")
    assert set(Episode.objects.held_by(cast.sue)) == {own}
    assert set(Episode.objects.visible_to(cast.sue)) == {cast.cleo, own}


def test_a_manager_who_is_also_a_therapist_reads_her_own_episodes_only(cast):
    Membership.objects.filter(pk=cast.members["mara"].pk).update(is_clinician=True)
    own = _add(cast, therapist="mara")
    assert set(Episode.objects.visible_to(cast.mara)) == {own}

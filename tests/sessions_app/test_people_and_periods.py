"""Who belongs where, from when to when, and whose work that lets them read."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from sessions_app.access.actions import found_practice, join_practice, start_supervision
from sessions_app.access.models import AuditEvent, Membership, Practice, Supervision, User, today
from sessions_app.clients.actions import add_client
from sessions_app.tablets.actions import invite_tablet

DAY = timedelta(days=1)


def _last_event():
    return AuditEvent.objects.order_by("-pk").first()


def _names(ids):
    users = User.objects.filter(memberships__in=ids)
    return {name.lower() for name in users.values_list("name", flat=True)}


def _end(row, days_ago):
    type(row).objects.filter(pk=row.pk).update(ended_on=timezone.localdate() - days_ago * DAY)


# --- Founding and joining ---


def test_a_new_practice_is_on_the_record_and_nobody_belongs_to_it_yet(db):
    practice = found_practice(name="Birkenhof", time_zone="Europe/Berlin", crisis_note="Call 112.")
    practice.refresh_from_db()
    assert (practice.name, practice.time_zone) == ("Birkenhof", "Europe/Berlin")
    assert practice.crisis_note == "Call 112."
    assert not practice.memberships.exists()
    event = _last_event()
    assert (event.verb, event.practice, event.actor) == ("practice.founded", practice, None)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": ""}),
        ("time_zone", {"name": "Birkenhof", "time_zone": "Europe/Atlantis"}),
    ],
)
def test_a_practice_without_a_name_or_a_known_clock_is_refused(db, field, values):
    with pytest.raises(ValidationError) as refusal:
        found_practice(**values)
    assert list(refusal.value.message_dict) == [field]
    assert not Practice.objects.exists()
    assert not AuditEvent.objects.exists()


# A bell, ends of lines, what turns a text round, what has no width, and nothing but such.
UNSEEN_IN_NAMES = [
    *("A\x07nna", "Anna\nBerg", "Anna\u2028Berg", "Anna\u2029Berg", "\u202eannA"),
    *("\u2066Anna", "Anna\u200f", "An\u200bna", "An\u2060na", "An\u00adna", "\ufeffAnna"),
    *("\u200d", "\u0301"),
]
SEEN_IN_NAMES = [
    *("Anna Berg", "Müller-O’Neill 3", "Zoe\u0308", "№ 2", "山田\u3000花子"),
    *("مُحَمَّد", "می\u200cنا", "श्री", "ක්\u200dෂ"),
]


@pytest.mark.parametrize("name", UNSEEN_IN_NAMES)
def test_a_name_with_a_sign_that_nobody_sees_is_refused_wherever_names_are_kept(cast, name):
    asked = {
        "practice": lambda: found_practice(name=name),
        "person": lambda: join_practice(
            practice=cast.practice, email="a@example.org", name=name, is_clinician=True
        ),
        "tablet": lambda: invite_tablet(practice=cast.practice, name=name, by=cast.mara),
    }
    for what, keep in asked.items():
        with pytest.raises(ValidationError, match="cannot be seen") as refusal:
            keep()
        assert list(refusal.value.message_dict) == ["name"], what


@pytest.mark.parametrize("name", SEEN_IN_NAMES)
def test_a_name_of_any_script_is_kept_as_it_is_written(cast, name):
    assert found_practice(name=name).name == name
    member = join_practice(
        practice=cast.practice, email="a@example.org", name=name, is_clinician=True
    )
    assert member.user.name == name
    assert invite_tablet(practice=cast.practice, name=name, by=cast.mara)[0].name == name


def test_whoever_is_new_gets_an_account_without_a_password(cast):
    member = join_practice(
        practice=cast.practice, email="Paul@Example.org ", is_clinician=True, by=cast.mara
    )
    assert member.user.email == "paul@example.org"
    assert member.user.name == "Paul"
    assert not member.user.has_usable_password()
    assert member.started_on == timezone.localdate()
    event = _last_event()
    assert (event.verb, event.actor, event.practice) == (
        "membership.started",
        cast.mara,
        cast.practice,
    )


def test_one_person_joins_two_practices_with_one_account(cast):
    second = join_practice(
        practice=cast.elsewhere, email="THEO@example.ORG", name="Somebody", is_clinician=True
    )
    assert second.user == cast.theo
    assert second.user.name == "Theo"
    assert User.objects.filter(email__iexact="theo@example.org").count() == 1
    assert Membership.objects.own(cast.theo) == {cast.members["theo"].pk, second.pk}


def test_an_account_is_made_and_found_in_lower_case_however_it_is_typed(db):
    paul = User.objects.create_user("Paul@Example.ORG", name="Paul")
    paul.refresh_from_db()
    assert paul.email == "paul@example.org"
    assert User.objects.get_by_natural_key("PAUL@example.org") == paul


def test_nobody_joins_a_practice_twice_at_a_time(cast):
    with pytest.raises(ValidationError, match="already has a place in this practice"):
        join_practice(practice=cast.practice, email="theo@example.org", is_clinician=True)
    assert Membership.objects.filter(user=cast.theo).count() == 1


def test_whoever_left_may_come_back(cast):
    _end(cast.members["theo"], days_ago=10)
    again = join_practice(practice=cast.practice, email="theo@example.org", is_clinician=True)
    assert Membership.objects.own(cast.theo) == {again.pk}


def test_nobody_joins_for_nothing_and_then_no_account_is_left_behind(cast):
    with pytest.raises(ValidationError, match="Say what this person does here"):
        join_practice(practice=cast.practice, email="paul@example.org")
    assert not User.objects.filter(email="paul@example.org").exists()


# --- Supervision begins ---


def test_a_supervision_is_on_the_record(cast):
    supervision = start_supervision(
        supervisor=cast.members["sue"], therapist=cast.members["olga"], by=cast.mara
    )
    assert supervision.started_on == timezone.localdate()
    event = _last_event()
    assert (event.verb, event.actor, event.practice) == (
        "supervision.started",
        cast.mara,
        cast.practice,
    )


@pytest.mark.parametrize(
    ("supervisor", "therapist", "why"),
    [
        ("sue", "nils", "same practice"),
        ("mara", "olga", "Both must be clinicians"),
        ("sue", "rita", "Both must be clinicians"),
        ("sue", "theo", "supervises the other already"),
        ("sue", "sue", "Nobody supervises themselves"),
    ],
)
def test_a_supervision_is_between_two_clinicians_of_one_practice_and_only_once(
    cast, supervisor, therapist, why
):
    with pytest.raises(ValidationError, match=why):
        start_supervision(supervisor=cast.members[supervisor], therapist=cast.members[therapist])
    assert Supervision.objects.count() == 1


# --- From a day to a day ---


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "holds"),
    [
        (0, None, True),
        (0, 0, True),
        (-9, 0, True),
        (-9, 1, True),
        (-9, None, True),
        (-9, -1, False),
        (1, None, False),
        (1, 9, False),
    ],
)
@pytest.mark.parametrize("model", [Membership, Supervision])
def test_a_period_holds_from_its_first_day_to_its_last_inclusive(
    cast, model, starts_in, ends_in, holds
):
    today = timezone.localdate()
    row = model.objects.first()
    model.objects.filter(pk=row.pk).update(
        started_on=today + starts_in * DAY,
        ended_on=None if ends_in is None else today + ends_in * DAY,
    )
    assert model.objects.today().filter(pk=row.pk).exists() is holds


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize("hour", [1, 12, 23])
def test_a_place_begins_by_the_servers_clock_whatever_the_practices_own_says(
    cast, zone, hour, settings
):
    settings.TIME_ZONE = "UTC"
    moment = datetime(2026, 3, 10, hour, 30, tzinfo=UTC)
    with patch("django.utils.timezone.now", return_value=moment), timezone.override(zone):
        assert today() == moment.date()
        member = join_practice(practice=cast.practice, email="paul@example.org", is_clinician=True)
        assert member.started_on == moment.date()
        assert Membership.objects.own(member.user) == {member.pk}


def test_whoever_joins_where_it_is_still_yesterday_sees_their_own_clients_at_once(db, client):
    moment = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)  # The evening of the 9th in Los Angeles.
    with patch("django.utils.timezone.now", return_value=moment):
        practice = found_practice(name="Seaside", time_zone="America/Los_Angeles")
        faye = join_practice(practice=practice, email="faye@example.org", is_clinician=True)
        episode = add_client(therapist=faye, code="GWEN", by=faye.user)
        client.force_login(faye.user)
        page = client.get(reverse("caseload"))
        assert page.status_code == 200
        assert "GWEN" in page.content.decode()
        assert client.get(reverse("episode", args=[episode.pk])).status_code == 200


# --- Whose work one may read ---


@pytest.mark.parametrize(
    ("name", "own", "supervised"),
    [
        ("theo", {"theo"}, set()),
        ("sue", {"sue"}, {"theo"}),
        ("olga", {"olga"}, set()),
        ("nils", {"nils"}, set()),
        ("mara", set(), set()),
        ("rita", set(), set()),
        ("root", set(), set()),
    ],
)
def test_reach_is_ones_own_work_and_that_of_those_one_supervises(cast, name, own, supervised):
    user = getattr(cast, name)
    assert _names(Membership.objects.own(user)) == own
    assert _names(Membership.objects.supervised_by(user)) == supervised
    assert _names(Membership.objects.reach(user)) == own | supervised


def test_whoever_is_not_signed_in_reaches_nothing(cast):
    assert Membership.objects.reach(AnonymousUser()) == set()


@pytest.mark.parametrize("name", ["theo", "sue"])
def test_an_inactive_user_reaches_nothing(cast, name):
    User.objects.filter(email=f"{name}@example.org").update(is_active=False)
    assert Membership.objects.reach(User.objects.get(pk=getattr(cast, name).pk)) == set()


@pytest.mark.parametrize("name", ["theo", "sue"])
def test_whoever_left_yesterday_reaches_nothing_and_on_the_last_day_still_does(cast, name):
    before = Membership.objects.reach(getattr(cast, name))
    _end(cast.members[name], days_ago=0)
    assert Membership.objects.reach(getattr(cast, name)) == before
    _end(cast.members[name], days_ago=1)
    assert Membership.objects.reach(getattr(cast, name)) == set()


def test_a_supervision_that_ended_yesterday_leaves_only_ones_own_work(cast):
    _end(Supervision.objects.get(), days_ago=0)
    assert _names(Membership.objects.reach(cast.sue)) == {"sue", "theo"}
    _end(Supervision.objects.get(), days_ago=1)
    assert _names(Membership.objects.reach(cast.sue)) == {"sue"}


def test_a_supervision_yet_to_begin_opens_nothing(cast):
    start_supervision(
        supervisor=cast.members["sue"],
        therapist=cast.members["olga"],
        started_on=timezone.localdate() + DAY,
    )
    assert _names(Membership.objects.reach(cast.sue)) == {"sue", "theo"}


def test_a_supervisor_who_is_no_longer_a_clinician_reaches_nothing(cast):
    Membership.objects.filter(pk=cast.members["sue"].pk).update(is_clinician=False, is_manager=True)
    assert Membership.objects.reach(cast.sue) == set()


def test_a_supervisor_still_reads_the_work_of_a_therapist_who_left(cast):
    _end(cast.members["theo"], days_ago=1)
    assert _names(Membership.objects.reach(cast.sue)) == {"sue", "theo"}


def test_the_reach_of_one_practice_says_nothing_of_another(cast):
    join_practice(practice=cast.elsewhere, email="sue@example.org", is_clinician=True)
    assert cast.members["nils"].pk not in Membership.objects.reach(cast.sue)
    assert _names(Membership.objects.reach(cast.nils)) == {"nils"}


def test_reach_costs_the_same_few_queries_whoever_asks(cast, django_assert_num_queries):
    for name in ("theo", "sue", "mara", "root"):
        with django_assert_num_queries(2):
            Membership.objects.reach(getattr(cast, name))

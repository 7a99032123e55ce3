"""On PostgreSQL the database itself holds back what a forgotten filter would let through.

SQLite has no second wall, so these tests are not among those that run there.
"""

import os
import subprocess
from datetime import timedelta
from itertools import product
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.asking.actions import digest, submit_rating
from alliance.asking.models import Arrangement
from alliance.asking.second_thoughts import decline, open_again, stop_asking, take_back
from alliance.asking.standing_actions import make_standing_link
from alliance.asking.standing_models import StandingLink
from alliance.follow_up.actions import acknowledge, follow_up, reflect
from alliance.follow_up.models import Acknowledgement, FollowUp
from alliance.follow_up.own_models import Reflection
from alliance.goals.actions import agree_on_goal, note_worked_on, say_how_near
from alliance.goals.models import Goal, GoalMark, GoalTick
from alliance.measures.models import Perspective
from alliance.patterns.models import PracticeFigures
from alliance.ratings.models import Comment, Rating, RatingRequest
from alliance.sending.models import Message
from alliance.supervision.actions import add_line, agree, plan_meeting, write_private_note
from alliance.supervision.models import (
    AgendaItem,
    AgreedAction,
    PrivateNote,
    SupervisionMeeting,
)
from alliance.trends.models import Flag, Reading, Standing, StandingQuerySet
from alliance.trends.own_first_models import ShownUnrated
from sessions_app.access import rows
from sessions_app.access.models import Deputy, Membership, Practice, Supervision, User
from sessions_app.access.rows import (
    holes_in_the_wall,
    rows_counted,
    rows_of,
    rows_of_episode,
    rows_of_form,
    sees_all_rows,
)
from sessions_app.clients.actions import add_client
from sessions_app.clients.models import Client, ClientIdentity, Episode, EpisodeQuerySet
from sessions_app.meetings.actions import lead_alone, lead_together, log_meeting, make_circle
from sessions_app.meetings.models import (
    Circle,
    CircleMember,
    CircleQuerySet,
    Meeting,
    MeetingQuerySet,
)
from sessions_app.openings.models import Consent, EmergencyAccess
from sessions_app.sessions.models import Session, SessionQuerySet
from tests import test_access_matrix as matrix
from tests.conftest import ROLES, ask, hold, rate, working_as
from tests.postgres import find_binaries

# These belong to two people, not to an episode.
OF_MEETINGS = (SupervisionMeeting, PrivateNote, AgreedAction, AgendaItem)
WALLED = (
    Client,
    ClientIdentity,
    Episode,
    Session,
    RatingRequest,
    Rating,
    Comment,
    Arrangement,
    StandingLink,
    Message,
    Standing,
    Flag,
    Reading,
    FollowUp,
    Acknowledgement,
    *OF_MEETINGS,
    PracticeFigures,
    Goal,
    GoalTick,
    GoalMark,
    ShownUnrated,
    Circle,
    CircleMember,
    Meeting,
    Reflection,
)
pytestmark = pytest.mark.postgresql


def count_as(role, model):
    with working_as(role):
        return model._base_manager.count()


def of(function):
    """Return what one of the wall's functions gives, as a set."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}()")
        return {value for (value,) in cursor.fetchall()}


@pytest.fixture
def said(cast, sessions):
    """Something in each walled table, for each of the three clients."""
    for session in sessions.values():
        rate(session, 7, comment="A little slower, please.")
        Arrangement.objects.create(episode=session.episode)
        make_standing_link(episode=session.episode, by=session.episode.therapist.user)
        Message.objects.create(
            request=session.requests.get(), kind="invitation", due_at=timezone.now()
        )
    for back in range(1, 4):
        hold(cast.cleo, weeks_ago=back)
    for name, session in sessions.items():
        episode = getattr(cast, name)
        flag = Flag.objects.create(
            episode=episode,
            session=session,
            kind=Flag.Kind.UNRATED,
            rank=1,
            facts={},
            raised_at=timezone.now(),
        )
        acknowledge(flag=flag, outcome="nothing", by=episode.therapist.user)
        follow_up(
            rating=session.ratings.get(), agreed="A little slower.", by=episode.therapist.user
        )
        PracticeFigures.objects.create(
            practice=episode.therapist.practice,
            measure_version=session.ratings.get().measure_version,
            component={"cleo": "trust", "dora": "goals", "emil": "collaboration"}[name],
            worked_out_on=timezone.localdate(),
            therapists=5,
            clients=25,
            mu=7,
            mu_se=0.1,
            tau2=0,
            variance=1,
        )
        circle = make_circle(
            kind="family", code="LINDE", episodes=[episode], by=episode.therapist.user
        )
        log_meeting(
            circle=circle,
            starts_at=session.starts_at,
            became={circle.members.get().pk: "held"},
            by=episode.therapist.user,
        )
        reflect(episode=episode, said={"open": "Her brother."}, by=episode.therapist.user)
        Reading.objects.create(
            rating=session.ratings.get(), reader=episode.therapist, read_at=timezone.now()
        )
    for session in sessions.values():
        goal = agree_on_goal(episode=session.episode, words="To speak up.", by=None)
        note_worked_on(session=session, goals=[goal], by=None)
        say_how_near(goal=goal, by=None, client=4)
        ShownUnrated.objects.create(session=session)
    for place, _one in enumerate(sessions):
        meet(cast, days=place)
    return sessions


def meet(cast, *, days=0):
    """Let Theo and Sue have a meeting in which something is written, by each for themselves too."""
    supervision = cast.members["theo"].supervised.get()
    day = timezone.localdate() + timedelta(days=days)
    meeting = plan_meeting(supervision=supervision, planned_on=day, by=cast.theo)
    for person in (cast.theo, cast.sue):
        write_private_note(meeting=meeting, text="For myself.", by=person)
    agree(meeting=meeting, text="Ask about the pace.", by=cast.theo)
    add_line(meeting=meeting, text="Pace.", by=cast.theo)
    return meeting


# --- One rule, said twice ----------------------------------------------------------------

DAYS = st.integers(-2, 2)


@st.composite
def periods(draw):
    """From a day near today to a day near today, or for good."""
    start = draw(st.integers(-3, 1))
    length = draw(st.none() | st.integers(0, 4))
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    started_on = today + timedelta(days=start)
    return {
        "started_on": started_on,
        "ended_on": None if length is None else started_on + timedelta(days=length),
    }


@st.composite
def worlds(draw):
    """Say who works where and when, who supervises whom, whose clients came, and what opens."""
    people = draw(st.integers(2, 5))
    places = [
        {
            "practice": draw(st.integers(0, 1)),
            "user": draw(st.integers(0, people - 1)),
            "is_clinician": draw(st.sampled_from([True, True, True, False])),
            "is_locked": draw(st.sampled_from([False, False, False, True])),
            **draw(periods()),
        }
        for _place in range(draw(st.integers(2, 6)))
    ]
    index = st.integers(0, len(places) - 1)
    episodes = [
        {
            "therapist": draw(index),
            "follows": draw(st.none() | st.integers(0, n - 1)) if n else None,
            "is_over": draw(st.booleans()),
        }
        for n in range(draw(st.integers(1, 6)))
    ]
    which = st.integers(0, len(episodes) - 1)
    return SimpleNamespace(
        active=draw(st.lists(st.sampled_from([True, True, True, False]), min_size=5, max_size=5)),
        places=places,
        supervisions=[
            (draw(index), draw(index), draw(periods())) for _one in range(draw(st.integers(0, 4)))
        ],
        episodes=episodes,
        consents=[(draw(which), draw(st.booleans())) for _one in range(draw(st.integers(0, 3)))],
        deputies=[(draw(index), draw(st.booleans())) for _one in range(draw(st.integers(0, 3)))],
        emergencies=[
            (draw(which), draw(index), draw(st.sampled_from(["open", "over", "ended"])))
            for _one in range(draw(st.integers(0, 3)))
        ],
    )


def build(world):
    """Put a world into the tables, leaving out what no table would take."""
    now = timezone.now()
    practices = [Practice.objects.create(name=name) for name in ("One", "Other")]
    users = [
        User.objects.create(email=f"p{n}@example.org", name=f"P{n}", is_active=active)
        for n, active in enumerate(world.active)
    ]
    members, taken = [], set()
    for place in world.places:
        pair = (place["practice"], place["user"])
        is_open = place["ended_on"] is None
        if is_open and pair in taken:
            members.append(None)
            continue
        taken |= {pair} if is_open else set()
        members.append(
            Membership.objects.create(
                practice=practices[place["practice"]],
                user=users[place["user"]],
                is_clinician=place["is_clinician"],
                is_manager=not place["is_clinician"],
                locked_at=now if place["is_locked"] else None,
                started_on=place["started_on"],
                ended_on=place["ended_on"],
            )
        )
    pairs = set()
    for one, other, period in world.supervisions:
        supervisor, therapist = members[one], members[other]
        if None in (supervisor, therapist) or one == other or (one, other) in pairs:
            continue
        if supervisor.practice_id == therapist.practice_id:
            pairs.add((one, other))
            Supervision.objects.create(supervisor=supervisor, therapist=therapist, **period)
    episodes, followed = [], set()
    for n, told in enumerate(world.episodes):
        therapist = members[told["therapist"]]
        if therapist is None:
            episodes.append(None)
            continue
        before = None if told["follows"] is None else episodes[told["follows"]]
        if before in followed or (before and before.therapist.practice_id != therapist.practice_id):
            before = None
        followed |= {before} if before else set()
        client = before.client if before else None
        is_over = told["is_over"] or (
            client is not None
            and Episode.objects.filter(client=client, therapist=therapist, ended_on=None).exists()
        )
        day = timezone.localdate() - timedelta(days=1)
        episodes.append(
            Episode.objects.create(
                client=client or Client.objects.create(practice=therapist.practice, code=f"C{n}"),
                therapist=therapist,
                follows=before,
                started_on=day,
                ended_on=day if is_over else None,
                ending="planned" if is_over else "",
            )
        )
    agreed = set()
    for n, is_withdrawn in world.consents:
        episode = episodes[n]
        if episode is None or (not is_withdrawn and n in agreed):
            continue
        agreed |= set() if is_withdrawn else {n}
        Consent.objects.create(
            client=episode.client,
            episode=episode,
            kind=Consent.Kind.EARLIER_THERAPY,
            wording=1,
            given_at=now,
            withdrawn_at=now if is_withdrawn else None,
            recorded_by=episode.therapist,
        )
    appointed = set()
    for n, is_dismissed in world.deputies:
        if members[n] is None or (not is_dismissed and n in appointed):
            continue
        appointed |= set() if is_dismissed else {n}
        Deputy.objects.create(
            member=members[n], appointed_at=now, dismissed_at=now if is_dismissed else None
        )
    for n, who, state in world.emergencies:
        episode, member = episodes[n], members[who]
        if None in (episode, member) or episode.client.practice_id != member.practice_id:
            continue
        opened_at = now - timedelta(hours=2 if state == "over" else 0)
        EmergencyAccess.objects.create(
            client=episode.client,
            member=member,
            reason="It could not wait.",
            opened_at=opened_at,
            expires_at=opened_at + timedelta(hours=1),
            closed_at=now if state == "ended" else None,
        )
    return users


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=worlds())
def test_the_database_states_the_rule_that_the_application_states(db, world):
    with transaction.atomic():
        for user in build(world):
            expected = {
                "own_places": Membership.objects.own(user),
                "reached_places": Membership.objects.reach(user),
                "readable_episodes": set(
                    Episode.objects.visible_to(user).values_list("pk", flat=True)
                ),
                "writable_episodes": set(
                    Episode.objects.held_by(user).values_list("pk", flat=True)
                ),
            }
            with rows_of(user):
                assert {name: of(name) for name in expected} == expected
                with working_as("app"):
                    seen = set(Episode.objects.values_list("pk", flat=True))
                    assert {name: of(name) for name in expected} == expected
            in_the_office = Practice.objects.managed_by(user)
            counted = Episode.objects.filter(therapist__practice__in=in_the_office)
            assert seen == expected["readable_episodes"] | set(counted.values_list("pk", flat=True))
        transaction.set_rollback(True)


# --- Who sees what, table by table -------------------------------------------------------


@pytest.mark.parametrize("model", WALLED)
def test_where_nobody_is_bound_there_is_nothing(said, model):
    assert model._base_manager.count() >= 3
    assert count_as("app", model) == 0
    if model not in {
        ClientIdentity,
        Message,
        Acknowledgement,
        *OF_MEETINGS,
        PracticeFigures,
        Circle,
        CircleMember,
        Meeting,
        Reflection,
        Goal,
        GoalTick,
        GoalMark,
        ShownUnrated,
    }:  # The clients’ pages do not even reach these.
        assert count_as("form", model) == 0


@pytest.mark.parametrize(
    ("name", "clients"),
    [
        ("theo", {"CLEO"}),
        ("sue", {"CLEO"}),
        ("olga", {"DORA"}),
        ("nils", {"EMIL"}),
        ("mara", set()),
        ("rita", set()),
        ("root", set()),
    ],
)
def test_an_unscoped_query_finds_only_what_the_person_may_read(cast, said, name, clients):
    person = cast.root if name == "root" else getattr(cast, name)
    with rows_of(person), working_as("app"):
        names = set(ClientIdentity.objects.values_list("client__code", flat=True))
        assert names == (set() if name == "sue" else clients)  # She supervises; he holds.
        for model, path in (
            (Rating, "session__episode__client__code"),
            (Standing, "episode__client__code"),
            (Flag, "episode__client__code"),
            (Reading, "rating__session__episode__client__code"),
            (FollowUp, "rating__session__episode__client__code"),
            (Acknowledgement, "flag__episode__client__code"),
            (Goal, "episode__client__code"),
            (GoalTick, "goal__episode__client__code"),
            (GoalMark, "goal__episode__client__code"),
            (ShownUnrated, "session__episode__client__code"),
        ):
            assert set(model.objects.values_list(path, flat=True)) == clients, model


@pytest.fixture
def met(cast):
    return meet(cast)


def seen_of_meetings(person):
    with rows_of(person), working_as("app"):
        return [model.objects.count() for model in OF_MEETINGS]


def test_a_supervision_meeting_is_for_the_two_and_a_private_note_for_its_writer(cast, met):
    for name in ("theo", "sue"):
        assert seen_of_meetings(getattr(cast, name)) == [1, 1, 1, 1], name
        with rows_of(getattr(cast, name)), working_as("app"):
            assert PrivateNote.objects.get().writer == cast.members[name]
    for person in (cast.olga, cast.nils, cast.mara, cast.rita, cast.root):
        assert seen_of_meetings(person) == [0, 0, 0, 0], person
    with rows_counted(cast.practice), working_as("app"):
        assert seen_of_meetings(cast.mara) == [0, 0, 0, 0]


def test_after_the_supervision_the_therapist_reads_and_nobody_writes(cast, met):
    yesterday = timezone.localdate() - timedelta(days=1)
    Supervision.objects.update(ended_on=yesterday)
    later = Supervision.objects.create(
        supervisor=cast.members["olga"], therapist=cast.members["theo"]
    )
    assert later.meetings.count() == 0
    assert seen_of_meetings(cast.sue) == [0, 0, 0, 0]
    assert seen_of_meetings(cast.olga) == [0, 0, 0, 0], "who supervises later begins anew"
    assert seen_of_meetings(cast.theo) == [1, 1, 1, 1]
    with rows_of(cast.theo), working_as("app"):
        assert SupervisionMeeting.objects.update(held_on=yesterday) == 0
        assert AgendaItem.objects.update(is_discussed=True) == 0
        assert AgreedAction.objects.update(done_at=timezone.now()) == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            AgreedAction.objects.create(
                supervision=met.supervision, meeting=met, text="Something else."
            )


def test_nobody_writes_a_private_note_in_the_name_of_the_other(cast, met):
    PrivateNote.objects.filter(writer=cast.members["sue"]).delete()
    with (
        rows_of(cast.theo),
        working_as("app"),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        PrivateNote.objects.create(meeting=met, writer=cast.members["sue"], text="Not hers.")


@pytest.mark.parametrize("name", ["theo", "sue", "olga", "mara", "rita", "root"])
def test_a_reflection_opens_to_whoever_wrote_it_and_to_nobody_else(cast, said, name):
    person = cast.root if name == "root" else getattr(cast, name)
    with rows_of(person), working_as("app"):
        found = set(Reflection.objects.values_list("by__user", flat=True))
        assert found == ({person.pk} if name in {"theo", "olga"} else set())
        others = Reflection.objects.exclude(by__user=person)
        assert others.update(at=timezone.now()) == 0


def test_nobody_puts_a_reflection_into_anothers_hands(cast, said):
    with (
        rows_of(cast.sue),
        working_as("app"),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Reflection.objects.create(episode=cast.cleo, by=cast.members["theo"])


def test_managers_and_reception_see_that_there_are_clients_and_not_what_is_said(cast, said):
    for person in (cast.mara, cast.rita):
        with rows_of(person), working_as("app"):
            assert set(Episode.objects.values_list("client__code", flat=True)) == {"CLEO", "DORA"}
            assert Session.objects.count() == 5
            assert not Rating.objects.exists()
            assert not ClientIdentity.objects.exists()


def test_the_practices_figures_open_to_its_clinicians_and_nobody_in_a_room_writes_them(cast, said):
    for name in cast.members:
        user = getattr(cast, name)
        expected = set(PracticeFigures.objects.visible_to(user).values_list("pk", flat=True))
        assert len(expected) == {"theo": 2, "sue": 2, "olga": 2, "nils": 1}.get(name, 0)
        with rows_of(user), working_as("app"):
            assert set(PracticeFigures.objects.values_list("pk", flat=True)) == expected
            assert PracticeFigures.objects.update(mu=1) == 0


def test_a_manager_counts_what_is_said_in_their_own_practice_only_and_only_where_asked(cast, said):
    with rows_of(cast.mara), working_as("app"):
        with rows_counted(cast.practice):
            assert Rating.objects.count() == 2
        with rows_counted(cast.elsewhere):
            assert not Rating.objects.exists()
        assert not Rating.objects.exists()
    with rows_of(cast.olga), rows_counted(cast.practice), working_as("app"):
        assert Rating.objects.count() == 1


def test_a_form_opens_its_own_episode_and_no_other(cast, sessions):
    _asked, secret = ask(sessions["dora"])
    with rows_of_form(digest(secret)), working_as("form"):
        assert [one.session for one in RatingRequest.objects.all()] == [sessions["dora"]]
        assert [one.client.code for one in Episode.objects.all()] == ["DORA"]
        assert [one.code for one in Client.objects.all()] == ["DORA"]
    with rows_of_form(digest("a guess")), working_as("form"):
        assert not RatingRequest.objects.exists()


def test_whoever_got_into_the_clients_pages_binds_nobody_and_nothing(cast, said):
    with rows_of(cast.olga), rows_counted(cast.practice), rows_of_episode(cast.dora.pk):
        assert of("readable_episodes") >= {cast.dora.pk}
        with working_as("form"):
            assert of("readable_episodes") == of("writable_episodes") == set()
            assert not Rating.objects.exists()
            assert not Client.objects.exists()
            assert Standing.objects.update(sessions_held=0) == 0


def test_reception_changes_no_episode_and_no_colleague_takes_on_a_client(cast, said):
    with rows_of(cast.rita), working_as("app"):
        assert Episode.objects.exists()
        assert Episode.objects.update(modality="group") == 0
    with (
        rows_of(cast.theo),
        working_as("app"),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Episode.objects.create(client=cast.dora.client, therapist=cast.members["theo"])
    with rows_of(cast.theo), working_as("app"):
        assert Client.objects.filter(pk=cast.dora.client.pk).update(code="MINE") == 0


def test_who_has_no_right_here_runs_none_of_its_functions(cast, said):
    stranger = f"{ROLES}_stranger"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {stranger}")
        cursor.execute(
            "SELECT has_function_privilege(%s, 'readable_episodes()', 'EXECUTE')", [stranger]
        )
        assert cursor.fetchone() == (False,)


@pytest.mark.parametrize("audience", ["therapist", "later", "supervisor"])
@pytest.mark.parametrize("is_followed", [False, True])
def test_the_wall_opens_a_comment_to_whom_it_was_written(cast, audience, is_followed):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment="Slower.", audience=audience)
    if is_followed:
        hold(cast.cleo)
    for name in cast.members:
        user = getattr(cast, name)
        expected = set(Comment.objects.readable_by(user).values_list("pk", flat=True))
        with rows_of(user), working_as("app"):
            assert set(Comment.objects.values_list("pk", flat=True)) == expected, name


def test_a_form_reads_its_own_comment_only_and_no_earlier_one(cast):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment="Slower.", audience="therapist")
    asked, _secret = ask(hold(cast.cleo))
    with rows_of_form(asked.token_digest), working_as("form"):
        assert not Comment.objects.exists()
    submit_rating(request=asked, answers={}, comment="Faster.")
    with rows_of_form(asked.token_digest), working_as("form"):
        assert [comment.text for comment in Comment.objects.all()] == ["Faster."]


def test_a_supervisor_reads_and_changes_nothing(cast, said):
    with rows_of(cast.sue), working_as("app"):
        assert Rating.objects.update(answers={}) == 0
        assert Session.objects.update(minutes=10) == 0
        assert Episode.objects.update(modality="group") == 0
    assert not Session.objects.filter(minutes=10).exists()


@pytest.mark.parametrize("model", WALLED)
def test_the_server_deletes_no_clinical_row(cast, said, model):
    with (
        rows_of(cast.theo),
        working_as("app"),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        model._base_manager.all()._raw_delete("default")


def test_nobody_changes_the_trail_whatever_the_role(cast, said):
    for role in ("app", "form", "jobs", "backup"):
        for statement, (table, column) in product(
            ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"),
            (("sessions_app_auditevent", "verb"), ("sessions_app_auditseal", "day")),
        ):
            with (
                working_as(role),
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement.format(table, column))


# --- The ways in which such a wall is known to fail --------------------------------------


def test_it_holds_for_the_owner_of_the_tables_too(cast):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class"
            " WHERE relname = ANY (%s)",
            [[model._meta.db_table for model in WALLED]],
        )
        assert cursor.fetchone() == (len(WALLED), True)
        # An owner looks past a wall that is not forced, so the word matters.
        owner = f"{ROLES}_owner"
        cursor.execute(f"ALTER ROLE {owner} NOBYPASSRLS")
        cursor.execute("CREATE TABLE walled AS SELECT 1 AS one")
        cursor.execute(f"ALTER TABLE walled OWNER TO {owner}")
        cursor.execute("ALTER TABLE walled ENABLE ROW LEVEL SECURITY")
        for seen in (1, 0):
            cursor.execute(f"SET SESSION AUTHORIZATION {owner}")
            cursor.execute("SELECT count(*) FROM walled")
            assert cursor.fetchone() == (seen,)
            cursor.execute("RESET SESSION AUTHORIZATION")
            cursor.execute("ALTER TABLE walled FORCE ROW LEVEL SECURITY")


def test_no_view_is_a_way_around_it(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm')"
            " AND relnamespace = 'public'::regnamespace"
            " AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)"
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    ("role", "holes"),
    [
        ("app", []),
        ("form", []),
        ("owner", ["sees all rows"]),
        ("jobs", ["sees all rows"]),
        ("backup", ["sees all rows"]),
        (None, ["sees all rows"]),
    ],
)
def test_the_server_is_refused_in_a_role_that_the_wall_does_not_hold_back(db, role, holes):
    if role is None:
        found = holes_in_the_wall()
    else:
        with working_as(role):
            found = holes_in_the_wall()
    assert len(found) == len(holes)
    assert all(part in sentence for part, sentence in zip(holes, found, strict=True))


def test_the_server_is_refused_where_it_could_become_one_that_sees_all(db):
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT {ROLES}_jobs TO {ROLES}_app")
    with working_as("app"):
        assert "may take on one that does" in holes_in_the_wall()[0]


@pytest.mark.parametrize(("role", "count"), [("form", 0), ("app", 1)])
def test_the_clients_pages_alone_are_refused_in_a_role_that_reads_accounts(
    db, settings, role, count
):
    settings.PUBLIC_ONLY = True
    with working_as(role):
        assert len(holes_in_the_wall()) == count


def test_the_server_is_refused_as_owner_and_where_a_table_is_open(db):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {ROLES}_owner NOBYPASSRLS")
        cursor.execute("ALTER TABLE alliance_flag DISABLE ROW LEVEL SECURITY")
    with working_as("owner"):
        owns, stands_open = holes_in_the_wall()
    assert "owns clinical tables" in owns
    assert "is not on for all" in stands_open


def test_a_server_that_sees_all_rows_gets_no_connection(committed, settings):
    settings.IS_LOCAL = False
    try:
        with pytest.raises(ImproperlyConfigured, match="database_roles"):
            connection.close()
            rows.refuse_holes()
        with pytest.raises(ImproperlyConfigured):
            User.objects.count()
    finally:
        rows.connection_created.disconnect(dispatch_uid="the second wall")
    assert User.objects.count() == 0


def bound():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('alliance.person', true),"
            " current_setting('alliance.form', true)"
        )
        return tuple(value or "" for value in cursor.fetchone())


def test_what_was_bound_ends_with_the_transaction(committed, cast):
    with rows_of(cast.theo):
        assert bound() == (str(cast.theo.pk), "")
    assert bound() == ("", "")
    with working_as("app"):  # An empty setting is not a number, and no error either.
        assert not Episode.objects.exists()
    with pytest.raises(KeyError), rows_of(cast.theo):
        raise KeyError
    assert bound() == ("", "")


def test_within_a_transaction_it_ends_with_the_block(cast):
    with rows_of(cast.theo):
        with rows_of(cast.olga), rows_of_form("some digest"):
            assert bound() == (str(cast.olga.pk), "some digest")
        assert bound() == (str(cast.theo.pk), "")
        with pytest.raises(KeyError), rows_of(cast.olga):
            raise KeyError
        assert bound() == (str(cast.theo.pk), "")
    assert bound() == ("", "")


def test_after_a_request_nobody_is_bound(cast, client):
    client.force_login(cast.theo)
    assert client.get(reverse("caseload")).status_code == 200
    assert bound() == ("", "")


@pytest.mark.parametrize("model", [Rating, Flag, Reading])
def test_nothing_is_hung_on_a_row_that_is_not_seen(cast, said, model):
    """A foreign key alone would take it: it looks past the wall."""
    foreign = model.objects.get(
        **{
            Rating: {"session": said["dora"]},
            Flag: {"episode": cast.dora},
            Reading: {"rating__session": said["dora"]},
        }[model]
    )
    foreign._state.adding, foreign.pk = True, model._meta.pk.get_default()
    if model is Rating:
        foreign.respondent, foreign.request = Perspective.THERAPIST, None
    if model is Flag:
        foreign.kind = Flag.Kind.LOW
    if model is Reading:
        foreign.reader = cast.members["theo"]
    with (
        rows_of(cast.theo),
        working_as("app"),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        foreign.save(force_insert=True)


def test_nobody_comes_together_with_a_client_of_somebody_else(cast, said):
    circle = Circle.objects.get(therapist=cast.members["theo"])
    values = {"circle": circle, "client": cast.dora.client, "joined_on": timezone.localdate()}
    foreign = CircleMember.objects.get(episode=cast.dora)
    for episode in (cast.dora, cast.cleo):
        with (
            rows_of(cast.theo),
            working_as("app"),
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
        ):
            CircleMember.objects.create(**values, episode=episode)
    with rows_of(cast.theo), working_as("app"):
        assert CircleMember.objects.filter(pk=foreign.pk).update(left_on=timezone.localdate()) == 0
        assert Meeting.objects.filter(circle=foreign.circle_id).update(minutes=1) == 0


def test_an_episode_is_begun_for_nobody_but_who_leads_it_too_and_its_members(cast, said):
    circle = Circle.objects.get(therapist=cast.members["theo"])
    with rows_of(cast.theo), working_as("app"):
        lead_together(circle=circle, co_therapist=cast.members["olga"], by=cast.theo)
    olgas = Episode.objects.filter(client=cast.cleo.client, therapist=cast.members["olga"])
    assert olgas.open().exists()
    with rows_of(cast.theo), working_as("app"):
        lead_alone(circle=circle, by=cast.theo)
        lead_together(circle=circle, co_therapist=cast.members["olga"], by=cast.theo)
    assert circle.members.present().get().co_episode_id == olgas.get().pk
    other = add_client(therapist=cast.members["theo"], code="OTHER", by=cast.theo)
    for therapist, client in (("sue", cast.cleo.client), ("olga", other.client)):
        with (
            rows_of(cast.theo),
            working_as("app"),
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
        ):
            Episode.objects.create(client=client, therapist=cast.members[therapist])


@pytest.mark.parametrize(
    "command",
    [("check_standing",), ("fit_parameters",), ("rotate_keys",), ("migrate",)],
)
def test_a_command_that_would_see_only_some_rows_is_refused(cast, said, command):
    assert sees_all_rows()
    with working_as("app"):
        assert not sees_all_rows()
        with pytest.raises(CommandError, match="role that sees all rows"):
            call_command(*command, verbosity=0)


def test_the_jobs_role_sees_all_rows(cast, said):
    Flag.objects.all().delete()
    call_command("check_standing", "--mend", verbosity=0)
    with working_as("jobs"):
        assert sees_all_rows()
        call_command("check_standing", verbosity=0)


def test_no_answer_is_sent_row_by_row_after_the_transaction(cast, said, client):
    client.force_login(cast.theo)
    for name in ("episode-csv", "episode-series"):
        answer = client.get(reverse(name, args=[cast.cleo.pk]))
        assert not answer.streaming
        assert answer.content.count(b"\n") > 1


def test_work_on_an_episode_that_somebody_else_sets_off_sees_all_of_it(cast, said):
    with working_as("app"), rows_of(cast.mara):
        assert not Rating.objects.exists()
        with rows_of_episode(cast.cleo.pk):
            assert Rating.objects.count() == 1
        assert not Rating.objects.exists()


def dump(role, *options):
    """Dump the tests' database as a role; return what came, and how it ended."""
    given = connection.settings_dict
    return subprocess.run(
        [
            find_binaries() / "pg_dump",
            *("--host", given["HOST"], "--port", str(given["PORT"])),
            *("--username", f"{ROLES}_{role}", "--no-password", *options, given["NAME"]),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PGPASSWORD": ""},
    )


def test_the_servers_role_cannot_dump_the_tables_and_that_of_backups_can(committed, cast):
    hold(cast.cleo)
    refused = dump("app")
    assert refused.returncode
    assert "row-level security" in refused.stderr or "permission denied" in refused.stderr
    done = dump("backup")
    assert done.returncode == 0, done.stderr
    (rows_dumped,) = [
        part
        for part in done.stdout.split("COPY public.")
        if part.startswith("sessions_app_session")
    ]
    assert rows_dumped.count(str(cast.cleo.pk)) == 1


# --- The roles ---------------------------------------------------------------------------


def test_roles_can_be_set_up_again_and_what_was_taken_is_put_right(cast, capsys):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"GRANT DELETE ON alliance_rating TO {ROLES}_app")
        cursor.execute(f"ALTER ROLE {ROLES}_form BYPASSRLS")
        cursor.execute("ALTER TABLE alliance_rating NO FORCE ROW LEVEL SECURITY")
    call_command("database_roles", prefix=ROLES)
    told = capsys.readouterr().out
    assert "password" not in told
    assert f"{ROLES}_app sees what the policies let through." in told
    assert f"Row-level security holds on {len(WALLED)} tables" in told
    with working_as("form"):
        assert holes_in_the_wall() == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, 'alliance_rating', 'DELETE')", [f"{ROLES}_app"]
        )
        assert cursor.fetchone() == (False,)


def test_a_new_role_gets_a_password_that_is_told_once(db, capsys):
    call_command("database_roles", prefix=f"{ROLES}_anew")
    told = capsys.readouterr().out
    assert told.count("Its password, which is not shown again: ") == 5
    call_command("database_roles", prefix=f"{ROLES}_anew")
    assert "password" not in capsys.readouterr().out


@pytest.mark.parametrize(("role", "is_patient"), [("app", False), ("form", False), ("jobs", True)])
def test_what_serves_people_waits_for_no_statement_without_end(db, role, is_patient):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolconfig FROM pg_roles WHERE rolname = %s", [f"{ROLES}_{role}"])
        (settings_of_role,) = cursor.fetchone()
    assert ("statement_timeout=15s" in settings_of_role) is not is_patient
    assert "jit=off" in settings_of_role


def test_before_there_are_tables_no_roles_are_made(db):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT polname, polrelid::regclass::text FROM pg_policy")
        for name, table in cursor.fetchall():
            cursor.execute(f"DROP POLICY {name} ON {table}")
    with pytest.raises(CommandError, match="There are no clinical tables"):
        call_command("database_roles", prefix=ROLES)


def test_only_a_superuser_sets_up_roles(db):
    with working_as("owner"), pytest.raises(CommandError, match="Only a superuser"):
        call_command("database_roles", prefix=ROLES)


def test_the_clients_pages_reach_no_account_and_no_name(db):
    for table in (
        *("sessions_app_user", "sessions_app_clientidentity", "django_session"),
        "shared_cache",  # What is kept there is unpickled by the server of staff.
    ):
        with (
            working_as("form"),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT 1 FROM {table}")  # noqa: S608 - the names above


def test_a_client_answers_where_their_pages_are_served_alone(cast, sessions, settings, client):
    for back in range(1, 6):
        rate(hold(cast.dora, weeks_ago=back), 8)
    _asked, secret = ask(sessions["dora"])
    settings.ROOT_URLCONF = "alliance.asking.public_urls"
    settings.MIDDLEWARE = settings.PUBLIC_MIDDLEWARE
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "public_cache"},
    }
    form = f"/r/{secret}/"
    assert client.get(form).status_code == 200
    answer = client.post(form, {"sent": "1", "say": "2", "matter": "2", "comment": "Slower."})
    assert answer.headers["Location"] == form
    assert "Thank you" in client.get(form).content.decode()
    assert sessions["dora"].ratings.get().written.text == "Slower."
    assert client.get(f"/r/{'x' * 43}/").status_code == 404
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public_cache")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("column", ["session", "submitted_at", "entered_by", "input_mode"])
def test_the_clients_pages_change_of_a_rating_only_what_taking_back_erases(cast, sessions, column):
    asked, _secret = ask(sessions["cleo"])
    rating = submit_rating(request=asked, answers={"say": 7})
    Arrangement.objects.create(episode=cast.cleo)
    with rows_of_form(asked.token_digest), working_as("form"):
        assert Rating.objects.filter(pk=rating.pk).update(answers={"say": None}) == 1
        for changed in ({column: getattr(rating, column)}, {"superseded_by": None}):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                Rating.objects.filter(pk=rating.pk).update(**changed)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Arrangement.objects.update(way="email")


def test_in_their_role_a_client_takes_back_begins_again_skips_and_stops(cast, sessions):
    asked, _secret = ask(sessions["cleo"])
    Arrangement.objects.create(episode=cast.cleo)
    submit_rating(request=asked, answers={"say": 7}, comment="Slower.", tension="spoken")
    with rows_of_form(asked.token_digest), working_as("form"):
        take_back(request=asked)
        open_again(request=asked)
        decline(request=asked)
        stop_asking(request=asked)
    asked.refresh_from_db()
    assert asked.closing == "declined"
    rating = Rating.objects.get()
    assert (rating.answers, rating.tension, rating.written.text) == ({"say": None}, "", "")
    assert Arrangement.objects.get().stopped_by == "client"


# --- With the first wall taken out -------------------------------------------------------


@pytest.fixture
def first_wall_out(monkeypatch):
    """Let every scope keep everything, as if each had been forgotten."""

    def everything(queryset, user):
        return queryset.all()

    for queryset, names in (
        (EpisodeQuerySet, ("visible_to", "held_by", "managed_by")),
        (SessionQuerySet, ("held_by",)),
        (StandingQuerySet, ("held_by", "supervised_by")),
        (CircleQuerySet, ("visible_to", "held_by", "led_by")),
        (MeetingQuerySet, ("held_by",)),
    ):
        for name in names:
            monkeypatch.setattr(queryset, name, everything)
            for model in (Episode, Session, Standing, Circle, Meeting):
                manager = model.objects
                if hasattr(type(manager), name) and manager._queryset_class is queryset:
                    monkeypatch.setattr(
                        type(manager), name, lambda self, user: self.get_queryset().all()
                    )


ASKED_FOR = sorted(name for name in matrix.CLINICAL if matrix.MATRIX[name][0])


def things_of(cast, sessions):
    return {
        "episode": {name: getattr(cast, name).pk for name in matrix.OBJECTS},
        "session": {name: sessions[name].pk for name in matrix.OBJECTS},
    }


def made_for(target, cast, sessions):
    """Return what an address asks for, by the client's name."""
    made = matrix.MADE.get(target)
    return made(cast) if made else things_of(cast, sessions).get(target, {})


@pytest.mark.parametrize("name", ASKED_FOR)
def test_the_second_wall_alone_keeps_strangers_out(name, cast, sessions, first_wall_out):
    matrix.add_the_others(cast)
    target, sent, _told = matrix.MATRIX[name]
    things = made_for(target, cast, sessions)
    refused = 0
    for person in matrix.PEOPLE:
        for thing in matrix.OBJECTS:
            for method in ("GET", "POST"):
                with matrix.undone():
                    before = Rating.objects.count(), Session.objects.count()
                    answer = matrix.visit(
                        cast, person, method, matrix.path(name, target, things[thing]), sent
                    )
                    after = Rating.objects.count(), Session.objects.count()
                if person not in matrix.READS[thing]:
                    assert answer.status_code in {302, 404, 405}, (person, thing, method)
                    assert "/sign-in/" in answer.headers.get("Location", "/sign-in/")
                    refused += answer.status_code == 404
                if person not in matrix.HOLDS[thing]:
                    assert before == after, (person, thing, method)
    assert refused >= 10


@pytest.mark.parametrize("name", sorted(matrix.CLINICAL))
def test_the_second_wall_alone_lets_no_page_name_a_client_of_others(
    name, cast, sessions, first_wall_out
):
    matrix.add_the_others(cast)
    target, sent, _told = matrix.MATRIX[name]
    things = made_for(target, cast, sessions)
    named = 0
    for person in matrix.PEOPLE:
        for thing in matrix.OBJECTS if target else [None]:
            for method in ("GET", "POST"):
                address = matrix.path(name, target, things.get(thing))
                with matrix.undone():
                    body = matrix.visit(cast, person, method, address, sent).content.decode()
                for client, readers in matrix.READS.items():
                    named += client.upper() in body
                    if person not in readers:
                        assert client.upper() not in body, (person, thing, method, client)
    nameless = {"rating-own", "rating-aloud", "sheet", "standing-ask", "asking-stop"}
    nameless |= {"goal-near", "goals-worked-on", "rating-show"}
    nameless |= {"circle-leave", "last-time", "patterns-list"}
    assert named or name in nameless


def test_what_the_second_wall_holds_back_is_reported_as_the_mistake_that_it_is(
    cast, sessions, first_wall_out, caplog
):
    browser = Browser()
    browser.force_login(cast.sue)
    answer = browser.post(reverse("rating-ask", args=[sessions["cleo"].pk]), {"channel": "link"})
    assert answer.status_code == 404
    assert "second wall" in caplog.text
    assert not RatingRequest.objects.exists()

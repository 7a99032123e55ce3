"""Every promise of the tables is broken here, on whichever engine runs.

Each entry of PROMISES says how to write a row, which values break the promise,
and which keep it: what keeps it is written too, so that no refusal comes from
something else.
"""

import importlib
import re
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from alliance.asking.models import Arrangement, AskingRules, Way, When
from alliance.asking.standing_actions import make_standing_link
from alliance.asking.standing_models import StandingLink
from alliance.detection.actions import choose_sensitivity
from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.digests.models import Digest
from alliance.follow_up.actions import acknowledge, follow_up, reflect
from alliance.follow_up.models import Acknowledgement, FollowUp
from alliance.follow_up.own_models import PracticePrompt
from alliance.goals.actions import agree_on_goal, note_worked_on, say_how_near
from alliance.goals.models import Goal, GoalMark, GoalTick
from alliance.measures.licences import Licence
from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.patterns.models import PracticeFigures
from alliance.ratings.models import Comment, Rating, RatingRequest
from alliance.sending.models import Message
from alliance.supervision.actions import add_line, agree, plan_meeting, write_private_note
from alliance.supervision.models import AgendaItem, PrivateNote
from alliance.trends.actions import open_trend
from alliance.trends.models import Flag, Reading, Standing
from alliance.trends.own_first_models import OwnFirst, ShownUnrated
from sessions_app.access.actions import appoint_deputy
from sessions_app.access.fields import Ciphertext
from sessions_app.access.models import AuditEvent, AuditSeal, Deputy, Membership, Supervision
from sessions_app.calendars.actions import make_feed
from sessions_app.calendars.models import CalendarFeed
from sessions_app.clients.actions import hand_over_episode
from sessions_app.clients.models import Client, Episode
from sessions_app.meetings.actions import log_meeting, make_circle
from sessions_app.meetings.models import Circle, CircleMember, Meeting
from sessions_app.openings.actions import give_consent, open_in_emergency
from sessions_app.openings.models import Consent, EmergencyAccess
from sessions_app.places.actions import invite
from sessions_app.places.models import Invitation
from sessions_app.sessions.models import Session
from sessions_app.tablets.actions import invite_tablet, pair_tablet
from sessions_app.tablets.models import Tablet
from tests.alliance.own_measures import add as add_measure_to
from tests.alliance.own_measures import license_it
from tests.conftest import Cast, ask, hold, rate

DAY = timedelta(days=1)
SUBMISSION = uuid.UUID(int=1)
APPS = ("sessions_app", "alliance")


@dataclass
class Scene:
    """The cast, and in Cleo's episode a rated session and one whose form is still open."""

    cast: Cast
    rated: Session
    rating: Rating
    own: Rating
    asked: RatingRequest

    @property
    def cleo(self):
        return self.cast.cleo

    @property
    def members(self):
        return self.cast.members

    @property
    def supervision(self):
        return Supervision.objects.get()

    @property
    def standing(self):
        return Standing.objects.get(episode=self.cleo)

    @property
    def parameters(self):
        return ParameterVersion.objects.get()

    @property
    def parameter_values(self):
        return {
            "practice": self.cast.practice,
            "measure_version": self.english,
            "number": 2,
            "mean": 7,
            "between": 1,
            "state": 1,
            "error": 1,
            "persistence": 0,
            "origin": "fitted",
            "made_at": timezone.now(),
        }

    @property
    def sensitivity(self):
        return Sensitivity.objects.get()

    @property
    def flag(self):
        return Flag.objects.get(kind="lower")

    @property
    def flag_values(self):
        return {
            "episode": self.cleo,
            "session": self.rated,
            "kind": "lower",
            "rank": 70,
            "facts": {},
            "raised_at": timezone.now(),
        }

    @property
    def english(self):
        """A wording that has been rated."""
        return self.rating.measure_version

    @property
    def arabic(self):
        """A wording that nobody has rated."""
        return MeasureVersion.objects.get(measure__key="session", language="ar")

    @property
    def request_values(self):
        return {
            "session": self.asked.session,
            "respondent": "client",
            "measure_version": self.english,
            "channel": "link",
            "token_digest": "0" * 64,
            "asked_at": self.asked.asked_at,
            "asked_by": self.cast.theo,
            "expires_at": self.asked.expires_at,
        }

    @property
    def rating_values(self):
        return {
            "session": self.rated,
            "respondent": "client",
            "measure": self.rating.measure,
            "measure_version": self.english,
            "answers": {},
            "submitted_at": self.rating.submitted_at,
        }


@pytest.fixture
def scene(cast):
    rated = hold(cast.cleo, weeks_ago=1)
    rating = rate(rated, 7)
    own = rate(rated, 6, respondent="therapist")
    asked, _secret = ask(hold(cast.cleo))
    open_trend(episode=cast.cleo, by=cast.theo, shown=[rating])
    choose_sensitivity(practice=cast.practice, preset="quiet", comparators=[], by=cast.mara)
    scene = Scene(cast, rated, rating, own, asked)
    Flag.objects.create(**scene.flag_values)
    return scene


def change(row):
    """Return a way to change `row` that no validation stands in front of."""

    def write(**values):
        assert type(row)._base_manager.filter(pk=row.pk).update(**values) == 1

    return write


def add(model, **given):
    """Return a way to add a row that no validation stands in front of."""
    return lambda **values: model._base_manager.bulk_create([model(**given | values)])


def add_item(version, **values):
    given = {"key": "new", "position": 7, "component": "trust", "text": "A seventh statement."}
    add(Item, version=version, **given)(**values)


def add_by_sql(row):
    """Return a way to add a copy of `row`, on SQLite in the place of what stands in its way."""
    table = row._meta.db_table
    deed = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"

    def write(**values):
        columns = [field.column for field in row._meta.local_concrete_fields]
        given = ", ".join("%s" if column in values else column for column in columns)
        sql = f"{deed} INTO {table} ({', '.join(columns)}) SELECT {given} FROM {table}"  # noqa: S608
        told = [values[column] for column in columns if column in values]
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} WHERE {row._meta.pk.column} = %s", [*told, row.pk])

    return write


def _score(field):
    missing = {field: None} if field == "total" else {field: None, "total": None}
    return lambda s: (
        change(s.rating),
        [{field: -0.01}, {field: 10.01}],
        [{field: 0}, {field: 10}, missing],
    )


def _encrypted(row, name, *, may_be_empty=True):
    """Say that a field is stored empty or encrypted, even by those who get round the field."""

    def told(scene):
        found = row(scene)
        field = found._meta.get_field(name)
        clear = [{name: Ciphertext(field, text)} for text in ("Plain words.", "aes0.k1.AAAA")]
        empty = [{name: ""}] if may_be_empty else []
        return change(found), clear, [{name: field.seal("Plain words.", found.pk)}, *empty]

    return told


def _known(row, field, *right):
    return lambda s: (change(row(s)), [{field: "other"}], [{field: value} for value in right])


def _comment(scene):
    return Comment.objects.get_or_create(rating=scene.rating)[0]


def _followed_up(scene):
    words = {"discussed": "How we use the time.", "agreed": "A little slower."}
    return follow_up(rating=scene.rating, by=scene.cast.theo, **words)


def _acknowledged(scene):
    return acknowledge(flag=scene.flag, outcome="nothing", by=scene.cast.theo)


def _supervision_meeting(scene):
    by, day = scene.cast.theo, timezone.localdate()
    return plan_meeting(supervision=scene.supervision, planned_on=day, by=by)


def _noted(scene):
    return write_private_note(meeting=_supervision_meeting(scene), text="Pace.", by=scene.cast.theo)


def _agreed(scene, text="Ask."):
    return agree(meeting=_supervision_meeting(scene), text=text, by=scene.cast.theo)


def _line(scene):
    return add_line(meeting=_supervision_meeting(scene), text="Pace.", by=scene.cast.theo)


def _agenda(scene, **values):
    """Return a way to add a point to the agenda of a meeting that has none yet."""
    meeting = _supervision_meeting(scene)
    meeting.agenda.all().delete()
    return add(AgendaItem, **{"meeting": meeting, "place": 1, "episode": scene.cleo} | values)


def _once_on_an_agenda(name, row, other):
    """Say that what a point is about is on an agenda once."""

    def told(scene):
        kind = "flag" if name == "flag" else "action"
        write = _agenda(scene, kind=kind)
        write(place=2, **{name: row(scene)})
        return write, [{name: row(scene)}], [{name: other(scene)}]

    return told


def _figures(scene):
    """Return what changes the second of two rows of figures."""
    told = {
        "practice": scene.cast.practice,
        "measure_version": scene.english,
        "worked_out_on": timezone.localdate(),
        "therapists": 5,
        "clients": 25,
        "mu": 7,
        "mu_se": 0.1,
        "tau2": 0.1,
        "variance": 1,
    }
    if not PracticeFigures.objects.exists():
        PracticeFigures.objects.create(**told, component="goals")
        PracticeFigures.objects.create(**told, component="trust")
    return change(PracticeFigures.objects.get(component="trust"))


def _goal(scene):
    """A goal of Cleo's, agreed on today."""
    kept = Goal.objects.filter(episode=scene.cleo).first()
    return kept or agree_on_goal(episode=scene.cleo, words="To speak up.", by=scene.cast.theo)


def _tick(scene):
    goal = _goal(scene)
    note_worked_on(session=scene.asked.session, goals=[goal], by=scene.cast.theo)
    return GoalTick.objects.get()


def _near(scene, respondent="client"):
    say_how_near(goal=_goal(scene), by=scene.cast.theo, **{respondent: 4})
    return GoalMark.objects.get(respondent=respondent)


def _own_first(scene):
    return OwnFirst.objects.get_or_create(
        practice=scene.cast.practice, member=None, defaults={"is_on": True}
    )[0]


def _reflected(scene):
    return reflect(episode=scene.cleo, said={"open": "Her brother."}, by=scene.cast.theo)


def _digest(scene):
    member = scene.members["theo"]
    chosen = {"every": "day", "due_at": timezone.now()}
    return Digest.objects.get_or_create(member=member, defaults=chosen)[0]


def _rules(scene):
    return AskingRules.objects.get_or_create(practice=scene.cast.practice)[0]


def _arrangement(scene):
    return Arrangement.objects.get_or_create(episode=scene.cleo)[0]


def _invitation(scene, email="a@example.org"):
    """Invite somebody, or return the invitation that waits for them."""
    waiting = Invitation.objects.filter(email=email).first()
    if waiting:
        return waiting
    values = {"practice": scene.cast.practice, "email": email, "is_clinician": True}
    return invite(**values, by=scene.cast.mara)[0]


def _message_values(scene):
    message = _message(scene)
    return {"request": message.request, "kind": message.kind, "due_at": message.due_at}


def _message(scene):
    """Let a message about the open form wait: once."""
    values = {"kind": "invitation", "due_at": timezone.now()}
    return scene.asked.messages.first() or scene.asked.messages.create(**values)


def _consent(scene):
    """Let Dora be handed over to Theo, and agree that he reads what was said before: once."""
    given = Consent.objects.first()
    if given:
        return given
    after = hand_over_episode(episode=scene.cast.dora, to=scene.members["theo"], by=scene.cast.mara)
    return give_consent(episode=after.follows, recorded_by=after.therapist, by=scene.cast.theo)


def _consent_values(scene):
    consent = _consent(scene)
    names = ("client", "episode", "kind", "wording", "recorded_by")
    return {name: getattr(consent, name) for name in names}


def _emergency(scene):
    """Let Olga open Cleo's record, or return what she opened."""
    opened = EmergencyAccess.objects.first()
    if opened:
        return opened
    olga = scene.members["olga"]
    appoint_deputy(member=olga, by=scene.cast.mara)
    return open_in_emergency(
        client=scene.cleo.client,
        member=olga,
        reason="The therapist is ill.",
        by=olga.user,
        absolute=str,
    )


def _own(scene, *, is_licensed=True):
    """Add a questionnaire of the practice's own, or return it."""
    found = MeasureVersion.objects.filter(measure__practice=scene.cast.practice).first()
    version = found or add_measure_to(scene.cast.practice, by=scene.cast.mara)
    if is_licensed and not version.licences.exists():
        license_it(version, by=scene.cast.mara)
    return version


def _licence(scene):
    return _own(scene).licences.get()


def _second_own(scene, version):
    """Return what a further wording of the same questionnaire would hold."""
    names = ("measure_id", "language", "minimum", "maximum", "step", "least_answered", "licence")
    return {name: getattr(version, name) for name in names} | {"number": 2}


def _born(scene):
    """Add a wording that is active from the start, of a practice's own or of ours."""
    own = _own(scene)

    def write(*, version, **values):
        add(MeasureVersion, **_second_own(scene, version))(**values | {"state": "active"})

    return write, [{"version": own}], [{"version": scene.arabic, "number": 3}]


def _expire(licence):
    change(licence)(
        attested_on=timezone.localdate() - 9 * DAY, valid_until=timezone.localdate() - 3 * DAY
    )


def _activate(scene):
    """Activate a wording of the practice's own whose licence holds, is over, or is not there."""
    own = _own(scene)

    def write(licence="holds"):
        if licence == "over":
            _expire(own.licences.get())
        if licence == "missing":
            own.licences.all().delete()
        change(own)(state="active")

    return write, [{"licence": "over"}, {"licence": "missing"}], [{}]


def _tablet(scene, name="Room 2"):
    """Prepare a tablet, or return the one of this name."""
    found = Tablet.objects.filter(name=name).first()
    return found or invite_tablet(practice=scene.cast.practice, name=name, by=scene.cast.mara)[0]


def _bookmark(scene, episode=None):
    """Make a client's bookmark, or return the one there is."""
    episode = episode or scene.cleo
    found = StandingLink.objects.filter(episode=episode).first()
    return found or make_standing_link(episode=episode, by=scene.cast.theo)[0]


def _paired(scene, name="Room 2"):
    """Pair a tablet, or return the one of this name."""
    found = Tablet.objects.standing().filter(name=name).first()
    if found:
        return found
    invited = {"practice": scene.cast.practice, "name": name, "by": scene.cast.mara}
    pair_tablet(secret=invite_tablet(**invited)[1])
    return Tablet.objects.standing().get(name=name)


def _circle(scene):
    """Let Cleo come together with nobody yet, or return the circle there is."""
    found = Circle.objects.first()
    values = {"kind": "group", "code": "LINDE", "episodes": [scene.cleo]}
    return found or make_circle(**values, by=scene.cast.theo)


def _in_circle(scene):
    return _circle(scene).members.get()


def _meeting(scene):
    """Let them have met at Cleo's rated session, or return the meeting there is."""
    found = Meeting.objects.first()
    return found or log_meeting(
        circle=_circle(scene),
        starts_at=scene.rated.starts_at,
        became={_in_circle(scene).pk: "held"},
        by=scene.cast.theo,
    )


# name: how to write, what breaks the promise, what keeps it
PROMISES = {
    # --- Couples, families and groups ---
    "circle_code_is_used_once_by_a_therapist": lambda s: (
        add(Circle, kind="group", therapist=_circle(s).therapist),
        [{"code": "linde"}],
        [{"code": "BUCHE"}, {"code": "LINDE", "therapist": s.members["olga"]}],
    ),
    "circle_has_a_code": lambda s: (change(_circle(s)), [{"code": ""}], [{"code": "BUCHE"}]),
    "circle_kind_is_known": _known(_circle, "kind", "couple", "family", "group"),
    "circle_is_led_by_two_different_therapists": lambda s: (
        change(_circle(s)),
        [{"co_therapist": s.members["theo"]}],
        [{"co_therapist": s.members["olga"]}, {"co_therapist": None}],
    ),
    "circle_member_leaves_after_joining": lambda s: (
        change(_in_circle(s)),
        [{"left_on": _in_circle(s).joined_on - DAY}],
        [{"left_on": _in_circle(s).joined_on}, {"left_on": None}],
    ),
    "circle_member_has_an_episode_with_each_therapist": lambda s: (
        change(_in_circle(s)),
        [{"co_episode": s.cleo}],
        [{"co_episode": s.cast.dora}, {"co_episode": None}],
    ),
    "circle_member_is_in_one_circle_at_a_time": lambda s: (
        add(
            CircleMember,
            circle=_in_circle(s).circle,
            client=s.cleo.client,
            joined_on=timezone.localdate(),
        ),
        [{"episode": s.cleo}],
        [{"episode": s.cast.dora}, {"episode": s.cleo, "left_on": timezone.localdate()}],
    ),
    "meeting_once_at_a_time_in_a_circle": lambda s: (
        add(Meeting, circle=_meeting(s).circle),
        [{"starts_at": _meeting(s).starts_at}],
        [{"starts_at": _meeting(s).starts_at + DAY}],
    ),
    "meeting_minutes_are_plausible": lambda s: (
        change(_meeting(s)),
        [{"minutes": 0}, {"minutes": 601}],
        [{"minutes": 1}, {"minutes": 600}],
    ),
    "meeting_setting_is_known": _known(_meeting, "setting", "in_person", "video", "phone"),
    "session_once_of_a_meeting_in_an_episode": lambda s: (
        change(s.asked.session),
        [{"meeting": _meeting(s)}],
        [{"meeting": None}],
    ),
    # --- Who belongs where ---
    "practice_has_a_name": lambda s: (
        change(s.cast.practice),
        [{"name": ""}],
        [{"name": "Birkenhof"}],
    ),
    "practice_signs_out_after_5_to_120_minutes": lambda s: (
        change(s.cast.practice),
        [{"idle_minutes": 4}, {"idle_minutes": 121}],
        [{"idle_minutes": 5}, {"idle_minutes": 120}],
    ),
    "user_email_is_in_lower_case": lambda s: (
        change(s.cast.theo),
        [{"email": "Theo.B@example.org"}, {"email": ""}],
        [{"email": "theo.b@example.org"}],
    ),
    "membership_ends_after_it_starts": lambda s: (
        change(s.members["theo"]),
        [{"ended_on": s.members["theo"].started_on - DAY}],
        [{"ended_on": s.members["theo"].started_on}, {"ended_on": None}],
    ),
    "membership_is_for_something": lambda s: (
        change(s.members["theo"]),
        [{"is_clinician": False}],
        [{"is_clinician": False, role: True} for role in ("is_manager", "is_reception")],
    ),
    "membership_open_once_in_a_practice": lambda s: (
        add(Membership, user=s.cast.theo, is_clinician=True, started_on=timezone.localdate()),
        [{"practice": s.cast.practice}],
        [
            {"practice": s.cast.elsewhere},
            {"practice": s.cast.practice, "ended_on": timezone.localdate()},
        ],
    ),
    "supervision_ends_after_it_starts": lambda s: (
        change(s.supervision),
        [{"ended_on": s.supervision.started_on - DAY}],
        [{"ended_on": s.supervision.started_on}],
    ),
    "supervision_is_not_of_oneself": lambda s: (
        add(Supervision, supervisor=s.members["sue"]),
        [{"therapist": s.members["sue"]}],
        [{"therapist": s.members["olga"]}],
    ),
    "supervision_open_once_for_a_pair": lambda s: (
        add(Supervision, supervisor=s.members["sue"], therapist=s.members["theo"]),
        [{}],
        [{"ended_on": timezone.localdate()}],
    ),
    "supervision_within_one_practice": lambda s: (
        add(Supervision, supervisor=s.members["sue"]),
        [{"therapist": s.members["nils"]}],
        [{"therapist": s.members["olga"]}],
    ),
    "supervision_stays_within": lambda s: (
        change(s.supervision),
        [{"therapist": s.members["nils"]}, {"supervisor": s.members["nils"]}],
        [{"therapist": s.members["olga"]}],
    ),
    # --- The trail ---
    "audit_event_says_what_was_done": lambda s: (
        add(AuditEvent, target_model="sessions_app.Client", target_id="1"),
        [{"verb": ""}],
        [{"verb": "client.added"}],
    ),
    "audit_is_never_changed": lambda s: (
        lambda **values: AuditEvent.objects.update(**values),
        [{"verb": "nothing.happened"}],
        [],
    ),
    "audit_is_never_deleted": lambda s: (
        lambda: AuditEvent.objects.all()[0].delete(),
        [{}],
        [],
    ),
    "audit_is_never_replaced": lambda s: (
        add_by_sql(AuditEvent.objects.earliest("pk")),
        [{"verb": "nothing.happened"}],
        [{"id": AuditEvent.objects.latest("pk").pk + 1}],
    ),
    "seal_is_never_changed": lambda s: (
        lambda **values: AuditSeal.objects.filter(pk=_seal().pk).update(**values),
        [{"digest": "0" * 64}],
        [],
    ),
    "seal_is_never_deleted": lambda s: (
        lambda: _seal().delete(),
        [{}],
        [],
    ),
    "seal_is_never_replaced": lambda s: (
        add_by_sql(_seal()),
        [{"digest": "1" * 64}],
        [{"day": timezone.localdate()}],
    ),
    # --- Invitations ---
    "invitation_secret_is_its_own": lambda s: (
        change(_invitation(s, "b@example.org")),
        [{"token_digest": _invitation(s).token_digest}],
        [{"token_digest": "0" * 64}],
    ),
    "invitation_waits_once_for_an_address": lambda s: (
        change(_invitation(s, "b@example.org")),
        [{"email": _invitation(s).email}],
        [
            {"email": "c@example.org"},
            {"email": _invitation(s).email, "revoked_at": timezone.now()},
        ],
    ),
    "invitation_email_is_in_lower_case": lambda s: (
        change(_invitation(s)),
        [{"email": "A@example.org"}, {"email": ""}],
        [{"email": "b@example.org"}],
    ),
    "invitation_is_for_something": lambda s: (
        change(_invitation(s)),
        [{"is_clinician": False}],
        [{"is_clinician": False, role: True} for role in ("is_manager", "is_reception")],
    ),
    "invitation_accepted_says_by_whom": lambda s: (
        change(_invitation(s)),
        [{"accepted_at": timezone.now()}, {"accepted_by": s.cast.theo}],
        [{"accepted_at": timezone.now(), "accepted_by": s.cast.theo}],
    ),
    "invitation_revoked_was_not_accepted": lambda s: (
        change(_invitation(s)),
        [
            {
                "accepted_at": timezone.now(),
                "accepted_by": s.cast.theo,
                "revoked_at": timezone.now(),
            }
        ],
        [{"revoked_at": timezone.now()}],
    ),
    "invitation_expires_after_it_was_made": lambda s: (
        change(_invitation(s)),
        [{"expires_at": _invitation(s).invited_at}],
        [{"expires_at": _invitation(s).invited_at + DAY}],
    ),
    # --- Tablets ---
    "tablet_has_a_name": lambda s: (change(_tablet(s)), [{"name": ""}], [{"name": "Room 3"}]),
    "tablet_name_is_used_once_in_a_practice": lambda s: (
        change(_tablet(s, "Room 3")),
        [{"name": _tablet(s).name}, {"name": _tablet(s).name.upper()}],
        [
            {"name": "Room 4"},
            {"name": _tablet(s).name, "practice": s.cast.elsewhere},
            {"name": _tablet(s).name, "revoked_at": timezone.now()},
        ],
    ),
    "tablet_secret_is_its_own": lambda s: (
        change(_tablet(s, "Room 3")),
        [{"pairing_digest": _tablet(s).pairing_digest}],
        [{"pairing_digest": "0" * 64}],
    ),
    "tablet_key_is_its_own": lambda s: (
        change(_paired(s, "Room 3")),
        [{"key_digest": _paired(s).key_digest}],
        [{"key_digest": "0" * 64}],
    ),
    "tablet_has_a_secret_or_a_key": lambda s: (
        change(_paired(s)),
        [
            {"key_digest": ""},
            {"pairing_digest": "0" * 64},
            {"paired_at": None},
            {"key_digest": "", "paired_at": None},
        ],
        [{"key_digest": "", "paired_at": None, "pairing_digest": "0" * 64}],
    ),
    "tablet_secret_expires_after_it_was_made": lambda s: (
        change(_tablet(s)),
        [{"expires_at": _tablet(s).invited_at}],
        [{"expires_at": _tablet(s).invited_at + DAY}],
    ),
    "tablet_shows_a_form_while_it_is_paired": lambda s: (
        change(_paired(s)),
        [
            {"form_digest": "0" * 64},
            {"form_until": timezone.now()},
            {"form_digest": "0" * 64, "form_until": timezone.now(), "revoked_at": timezone.now()},
        ],
        [{"form_digest": "0" * 64, "form_until": timezone.now()}, {"revoked_at": timezone.now()}],
    ),
    # --- What opens a record beyond one's own work ---
    "deputy_is_appointed_once": lambda s: (
        add(Deputy),
        [{"member": _emergency(s).member}],
        [
            {"member": s.members["sue"]},
            {"member": _emergency(s).member, "dismissed_at": timezone.now() + DAY},
        ],
    ),
    "deputy_is_dismissed_after_being_appointed": lambda s: (
        change(_emergency(s).member.deputyships.get()),
        [{"dismissed_at": timezone.now() - DAY}],
        [{"dismissed_at": timezone.now() + DAY}],
    ),
    "consent_stands_once": lambda s: (
        add(Consent, **_consent_values(s)),
        [{}],
        [{"withdrawn_at": timezone.now() + DAY}],
    ),
    "consent_kind_is_known": _known(lambda s: _consent(s), "kind", "earlier_therapy"),
    "consent_names_its_wording": lambda s: (
        change(_consent(s)),
        [{"wording": 0}],
        [{"wording": 2}],
    ),
    "consent_is_withdrawn_after_it_was_given": lambda s: (
        change(_consent(s)),
        [{"withdrawn_at": timezone.now() - DAY}],
        [{"withdrawn_at": timezone.now() + DAY}],
    ),
    "consent_is_about_this_client": lambda s: (
        add(Consent, **_consent_values(s) | {"withdrawn_at": timezone.now() + DAY}),
        [{"episode": s.cleo}, {"client": s.cleo.client}],
        [{"episode": s.cleo, "client": s.cleo.client}],
    ),
    "consent_stays_about_this_client": lambda s: (
        change(_consent(s)),
        [{"episode": s.cleo}, {"client": s.cleo.client}],
        [{"episode": s.cleo, "client": s.cleo.client}],
    ),
    "emergency_has_a_reason": lambda s: (
        change(_emergency(s)),
        [{"reason": ""}],
        [{"member": s.members["sue"]}],
    ),
    "emergency_reason_is_encrypted": _encrypted(
        lambda s: _emergency(s), "reason", may_be_empty=False
    ),
    "emergency_is_over_after_it_began": lambda s: (
        change(_emergency(s)),
        [{"expires_at": _emergency(s).opened_at}],
        [{"expires_at": _emergency(s).opened_at + DAY}],
    ),
    "emergency_is_ended_after_it_began": lambda s: (
        change(_emergency(s)),
        [{"closed_at": _emergency(s).opened_at - DAY}],
        [{"closed_at": _emergency(s).opened_at}],
    ),
    "emergency_within_one_practice": lambda s: (
        add(
            EmergencyAccess,
            client=s.cleo.client,
            member=s.members["olga"],
            reason="The therapist is ill.",
            expires_at=timezone.now() + DAY,
        ),
        [{"member": s.members["nils"]}, {"client": s.cast.emil.client}],
        [{}],
    ),
    "emergency_stays_within": lambda s: (
        change(_emergency(s)),
        [{"member": s.members["nils"]}, {"client": s.cast.emil.client}],
        [{"member": s.members["sue"]}, {"client": s.cast.dora.client}],
    ),
    # --- Who comes ---
    "client_code_is_used_once_in_a_practice": lambda s: (
        add(Client),
        [{"practice": s.cast.practice, "code": code} for code in ("CLEO", "cleo", "Cleo")],
        [
            {"practice": s.cast.elsewhere, "code": "CLEO"},
            {"practice": s.cast.practice, "code": "FAYE"},
        ],
    ),
    "client_has_a_code": lambda s: (change(s.cleo.client), [{"code": ""}], [{"code": "C"}]),
    "client_closes_after_opening": lambda s: (
        change(s.cleo.client),
        [{"closed_on": s.cleo.client.opened_on - DAY}],
        [{"closed_on": s.cleo.client.opened_on}],
    ),
    "identity_birth_year_is_plausible": lambda s: (
        change(s.cleo.client.identity),
        [{"birth_year": 1899}, {"birth_year": 2101}],
        [{"birth_year": 1900}, {"birth_year": 2100}, {"birth_year": None}],
    ),
    "identity_name_is_encrypted": _encrypted(lambda s: s.cleo.client.identity, "name"),
    "identity_email_is_encrypted": _encrypted(lambda s: s.cleo.client.identity, "email"),
    "identity_phone_is_encrypted": _encrypted(lambda s: s.cleo.client.identity, "phone"),
    "episode_ends_after_it_starts": lambda s: (
        change(s.cleo),
        [{"ending": "planned", "ended_on": s.cleo.started_on - DAY}],
        [{"ending": "planned", "ended_on": s.cleo.started_on}],
    ),
    "episode_that_ended_says_how": lambda s: (
        change(s.cleo),
        [{"ended_on": timezone.localdate()}, {"ending": "planned"}],
        [{"ended_on": timezone.localdate(), "ending": "planned"}],
    ),
    "episode_modality_is_known": _known(lambda s: s.cleo, "modality", *Episode.Modality.values),
    "episode_ending_is_known": lambda s: (
        change(s.cleo),
        [{"ended_on": timezone.localdate(), "ending": "other"}],
        [{"ended_on": timezone.localdate(), "ending": ending} for ending in Episode.Ending.values],
    ),
    "episode_does_not_follow_itself": lambda s: (
        change(s.cleo),
        [{"follows": s.cleo}],
        [{"follows": s.cast.dora}],
    ),
    "episode_open_once_for_a_pair": lambda s: (
        add(Episode, client=s.cleo.client, therapist=s.members["theo"]),
        [{}],
        [
            {"ended_on": timezone.localdate(), "ending": "planned"},
            {"therapist": s.members["olga"]},
        ],
    ),
    "episode_within_one_practice": lambda s: (
        add(Episode, client=s.cleo.client),
        [{"therapist": s.members["nils"]}],
        [{"therapist": s.members["olga"]}],
    ),
    "episode_stays_within": lambda s: (
        change(s.cleo),
        [{"therapist": s.members["nils"]}, {"client": s.cast.emil.client}],
        [{"therapist": s.members["olga"]}],
    ),
    # --- Sessions ---
    "session_once_at_a_time_in_an_episode": lambda s: (
        add(Session, episode=s.cleo, number=3, starts_at=s.rated.starts_at),
        [{}],
        [
            {"starts_at": s.rated.starts_at - DAY},
            {"episode": s.cast.dora},
            {"number": None, "status": "dropped"},
        ],
    ),
    "calendar_secret_is_its_own": lambda s: (
        add(CalendarFeed, owner=s.cast.olga),
        [{"token_digest": make_feed(owner=s.cast.theo)[0].token_digest}],
        [{"token_digest": "0" * 64}],
    ),
    "calendar_in_use_once_for_a_person": lambda s: (
        add(CalendarFeed, token_digest="0" * 64),
        [{"owner": make_feed(owner=s.cast.theo)[0].owner}],
        [{"owner": s.cast.olga}, {"owner": s.cast.theo, "ended_at": timezone.now()}],
    ),
    "session_number_is_used_once_in_an_episode": lambda s: (
        add(Session, episode=s.cleo, number=1, starts_at=s.rated.starts_at - DAY),
        [{}],
        [{"number": 3}, {"episode": s.cast.dora}],
    ),
    "session_is_numbered_when_held": lambda s: (
        change(s.rated),
        [{"number": None}, {"number": 0}, {"status": "missed"}],
        [{"number": 9}, {"number": None, "status": "missed"}],
    ),
    "session_minutes_are_plausible": lambda s: (
        change(s.rated),
        [{"minutes": 0}, {"minutes": 601}],
        [{"minutes": 1}, {"minutes": 600}],
    ),
    "session_status_is_known": lambda s: (
        change(s.rated),
        [{"number": None, "status": "other"}],
        [{"number": None, "status": "planned"}, {"number": None, "status": "dropped"}],
    ),
    "session_setting_is_known": _known(lambda s: s.rated, "setting", *Session.Setting.values),
    "session_note_is_encrypted": _encrypted(lambda s: s.rated, "note"),
    "session_cancelled_says_by_whom": lambda s: (
        change(s.rated),
        [
            {"called_off_by": "client"},
            {"number": None, "status": "cancelled"},
            {"number": None, "status": "cancelled", "called_off_by": "other"},
        ],
        [
            {"number": None, "status": "cancelled", "called_off_by": who}
            for who in Session.CalledOffBy.values
        ],
    ),
    # --- Questionnaires ---
    "measure_key_is_used_once": lambda s: (
        add(Measure, name="Another", perspective="client"),
        [{"key": "session"}],
        [{"key": "another"}, {"key": "session", "practice": s.cast.practice}],
    ),
    "measure_key_is_used_once_in_a_practice": lambda s: (
        add(Measure, name="Another", perspective="client", key=_own(s).measure.key),
        [{"practice": s.cast.practice}],
        [{"practice": s.cast.elsewhere}, {}],
    ),
    "measure_perspective_is_known": _known(
        lambda s: s.rating.measure, "perspective", "client", "therapist"
    ),
    "version_is_unique_in_a_language": lambda s: (
        change(s.arabic),
        [{"language": "en"}],
        [{"language": "it"}, {"language": "en", "number": 2}],
    ),
    "version_range_is_not_empty": lambda s: (
        change(s.arabic),
        [{"minimum": 10}, {"minimum": 11}],
        [{"minimum": 9}],
    ),
    "version_step_is_positive": lambda s: (
        change(s.arabic),
        [{"step": 0}, {"step": -1}],
        [{"step": 0.5}],
    ),
    "version_missing_rule_is_a_share": lambda s: (
        change(s.arabic),
        [{"least_answered": -0.01}, {"least_answered": 1.01}],
        [{"least_answered": 0}, {"least_answered": 1}],
    ),
    "version_has_a_licence": lambda s: (change(s.arabic), [{"licence": ""}], [{"licence": "MIT"}]),
    "version_audience_is_known": _known(lambda s: s.arabic, "audience", "adult", "young", "easy"),
    "version_method_is_known": _known(lambda s: s.arabic, "method", "mean", "sum"),
    "version_state_is_known": lambda s: (
        change(s.arabic),
        [{"state": "other"}],
        [{"state": "draft"}, {"state": "active"}, {"state": "retired"}],
    ),
    "version_stands_once_rated": lambda s: (
        lambda version, **values: change(version)(**values or {"title": "Another title"}),
        [{"version": s.english}, {"version": s.english, "number": 9, "state": "retired"}],
        [{"version": s.arabic}, {"version": s.english, "state": "retired"}],
    ),
    "version_is_active_under_a_licence": _activate,
    "version_begins_under_a_licence": _born,
    "licence_says_whose_and_which": lambda s: (
        change(_licence(s)),
        [{"holder": ""}, {"number": ""}],
        [{"holder": "A", "number": "1"}],
    ),
    "licence_kind_is_known": _known(_licence, "kind", *Licence.Kind.values),
    "licence_holds_when_it_is_attested": lambda s: (
        change(_licence(s)),
        [{"valid_until": timezone.localdate() - DAY}],
        [{"valid_until": timezone.localdate()}],
    ),
    "version_stays_once_rated": lambda s: (
        add_by_sql(s.english),
        [{"title": "Another title"}],
        [{"id": MeasureVersion.objects.latest("pk").pk + 1, "number": 2}],
    ),
    "item_key_is_used_once_in_a_version": lambda s: (
        lambda **values: add_item(s.arabic, **values),
        [{"key": "say"}],
        [{"key": "new"}],
    ),
    "item_has_a_place_of_its_own": lambda s: (
        lambda **values: add_item(s.arabic, **values),
        [{"position": 1}],
        [{"position": 7}],
    ),
    "item_component_is_known": _known(
        lambda s: s.arabic.items.first(), "component", "", *Item.Component.values
    ),
    "item_has_words": lambda s: (
        change(s.arabic.items.first()),
        [{"text": ""}],
        [{"text": "Other words."}],
    ),
    "item_stands_once_rated": lambda s: (
        lambda version: change(version.items.first())(text="Other words."),
        [{"version": s.english}],
        [{"version": s.arabic}],
    ),
    "item_stays_once_rated": lambda s: (
        lambda version: version.items.all().delete(),
        [{"version": s.english}],
        [{"version": s.arabic}],
    ),
    "item_joins_before_rating": lambda s: (
        add_item,
        [{"version": s.english}],
        [{"version": s.arabic}],
    ),
    # --- Asking and rating ---
    "request_secret_is_its_own": lambda s: (
        change(s.asked),
        [{"token_digest": s.rating.request.token_digest}],
        [{"token_digest": "0" * 64}],
    ),
    "request_open_once_for_a_respondent": lambda s: (
        add(RatingRequest, **s.request_values),
        [{}],
        [{"closed_at": timezone.now(), "closing": "replaced"}, {"respondent": "therapist"}],
    ),
    "request_that_closed_says_how": lambda s: (
        change(s.asked),
        [{"closed_at": timezone.now()}, {"closing": "answered"}],
        [{"closed_at": timezone.now(), "closing": "answered"}],
    ),
    "request_expires_after_asking": lambda s: (
        change(s.asked),
        [{"expires_at": s.asked.asked_at}],
        [{"expires_at": s.asked.asked_at + timedelta(seconds=1)}],
    ),
    "standing_secret_is_its_own": lambda s: (
        change(_bookmark(s)),
        [{"token_digest": _bookmark(s, s.cast.dora).token_digest}],
        [{"token_digest": "0" * 64}],
    ),
    "standing_link_once_for_an_episode": lambda s: (
        add(StandingLink, token_digest="0" * 64, made_by=s.cast.theo),
        [{"episode": _bookmark(s).episode}],
        [
            {"episode": _bookmark(s).episode, "revoked_at": timezone.now()},
            {"episode": s.cast.dora},
        ],
    ),
    "standing_pin_is_hashed": lambda s: (
        change(_bookmark(s)),
        [{"pin": "4071"}],
        [{"pin": ""}, {"pin": make_password("4071")}],
    ),
    "standing_link_ends_after_too_many_wrong_pins": lambda s: (
        change(_bookmark(s)),
        [
            {"pin": "a$b", "wrong_pins": 15},
            {"pin": "a$b", "wrong_pins": 16, "revoked_at": timezone.now()},
        ],
        [
            {"pin": "a$b", "wrong_pins": 14},
            {"pin": "a$b", "wrong_pins": 15, "revoked_at": timezone.now()},
        ],
    ),
    "standing_link_counts_wrong_pins_once_it_has_one": lambda s: (
        change(_bookmark(s)),
        [{"wrong_pins": 1}, {"locked_until": timezone.now()}],
        [{"pin": "a$b", "wrong_pins": 5, "locked_until": timezone.now()}],
    ),
    "request_respondent_is_known": _known(lambda s: s.asked, "respondent", "client", "therapist"),
    "request_channel_is_known": _known(lambda s: s.asked, "channel", *RatingRequest.Channel.values),
    "rating_stands_once_for_a_respondent_and_measure": lambda s: (
        add(Rating, **s.rating_values),
        [{}],
        [
            {"withdrawn_at": timezone.now()},
            {"superseded_by": s.rating},
            {"respondent": "therapist"},
            {"measure": s.own.measure},
            {"session": s.asked.session},
        ],
    ),
    "rating_filled_in_on_is_of_paper": lambda s: (
        change(s.own),
        [{"filled_in_on": timezone.localdate()}],
        [{"filled_in_on": timezone.localdate(), "input_mode": "paper"}],
    ),
    "rating_typed_in_says_by_whom": lambda s: (
        change(s.rating),
        [{"input_mode": mode} for mode in ("paper", "aloud")],
        [{"input_mode": mode, "entered_by": s.cast.theo} for mode in ("paper", "aloud")],
    ),
    "rating_trust_is_0_to_10_or_missing": _score("trust"),
    "rating_goals_is_0_to_10_or_missing": _score("goals"),
    "rating_collaboration_is_0_to_10_or_missing": _score("collaboration"),
    "rating_total_is_0_to_10_or_missing": _score("total"),
    "rating_guess_is_0_to_10_or_missing": lambda s: (
        change(s.own),
        [{"guess": -0.01}, {"guess": 10.01}],
        [{"guess": 0}, {"guess": 10}, {"guess": None}],
    ),
    "rating_guess_is_the_therapists": lambda s: (
        lambda rating, guess: change(rating)(guess=guess),
        [{"rating": s.rating, "guess": 5}],
        [{"rating": s.own, "guess": 5}, {"rating": s.rating, "guess": None}],
    ),
    "rating_total_needs_all_components": lambda s: (
        change(s.rating),
        [{part: None} for part in ("trust", "goals", "collaboration")],
        [{"trust": None, "total": None}],
    ),
    "rating_respondent_is_known": _known(lambda s: s.rating, "respondent", "client", "therapist"),
    "rating_answers_a_request_once": lambda s: (
        add(Rating, **s.rating_values, request=s.rating.request),
        [{"respondent": "therapist", "session": s.asked.session}],
        [
            {"withdrawn_at": timezone.now()},
            {"measure": s.own.measure},
            {"request": s.asked, "session": s.asked.session},
        ],
    ),
    "rating_is_sent_once": lambda s: (
        lambda other, **values: [
            change(s.rating)(submission=SUBMISSION),
            add(Rating, **s.rating_values | {"session": s.asked.session} | values)(
                submission=other
            ),
        ],
        [{"other": SUBMISSION}],
        [{"other": None}, {"other": SUBMISSION, "measure": s.own.measure}],
    ),
    "rating_input_mode_is_known": _known(lambda s: s.own, "input_mode", *Rating.InputMode.values),
    "rating_tension_is_known": _known(lambda s: s.rating, "tension", "", *Rating.Tension.values),
    "rating_comment_audience_is_known": _known(
        lambda s: s.rating, "comment_audience", "", *Rating.Audience.values
    ),
    "rating_comment_that_was_read_is_there": lambda s: (
        change(s.rating),
        [{"comment_read_at": timezone.now(), "comment_audience": ""}],
        [{"comment_read_at": timezone.now(), "comment_audience": "therapist"}],
    ),
    "comment_is_encrypted": _encrypted(lambda s: _comment(s), "text"),
    "measure_purpose_is_known": _known(
        lambda s: s.rating.measure, "purpose", *Measure.Purpose.values
    ),
    "request_reminded_or_bounced_was_sent": lambda s: (
        change(s.asked),
        [{"reminded_at": timezone.now()}, {"bounced_at": timezone.now()}],
        [
            {"sent_at": timezone.now()},
            {"sent_at": timezone.now(), "reminded_at": timezone.now()},
        ],
    ),
    # --- How clients are asked ---
    "asking_way_is_known": _known(_rules, "way", *Way.values),
    "asking_when_is_known": _known(_rules, "when", *When.values),
    "asking_qualities_are_rare": lambda s: (
        change(_rules(s)),
        [{"qualities_every": 21}],
        [{"qualities_every": 0}, {"qualities_every": 20}],
    ),
    "asking_reminds_within_two_weeks": lambda s: (
        change(_rules(s)),
        [{"remind_after_days": 0}, {"remind_after_days": 15}],
        [{"remind_after_days": 1}, {"remind_after_days": 14}, {"remind_after_days": None}],
    ),
    "arranged_way_is_known": _known(_arrangement, "way", "", *Way.values),
    "arranged_when_is_known": _known(_arrangement, "when", "", *When.values),
    "arranged_reminder_is_within_two_weeks": lambda s: (
        change(_arrangement(s)),
        [{"remind_after_days": 15}],
        [{"remind_after_days": 0}, {"remind_after_days": 14}, {"remind_after_days": None}],
    ),
    "arrangement_that_stopped_says_by_whom": lambda s: (
        change(_arrangement(s)),
        [
            {"stopped_at": timezone.now()},
            {"stopped_by": "client"},
            {"stopped_at": timezone.now(), "stopped_by": "other"},
        ],
        [{"stopped_at": timezone.now(), "stopped_by": "client"}],
    ),
    "rating_does_not_supersede_itself": lambda s: (
        change(s.rating),
        [{"superseded_by": s.rating}],
        [{"superseded_by": s.own}],
    ),
    # --- Messages ---
    "message_once_of_a_kind": lambda s: (
        add(Message, **_message_values(s)),
        [{}],
        [{"kind": "reminder"}, {"request": s.rating.request}],
    ),
    "message_kind_is_known": _known(lambda s: _message(s), "kind", *Message.Kind.values),
    "message_that_closed_says_how": lambda s: (
        change(_message(s)),
        [
            {"closed_at": timezone.now()},
            {"closing": "sent"},
            {"closed_at": timezone.now(), "closing": "other"},
        ],
        [{"closed_at": timezone.now(), "closing": how} for how in Message.Closing.values],
    ),
    # --- What it amounts to ---
    "standing_rates_no_more_than_was_held": lambda s: (
        change(s.standing),
        [{"sessions_rated": 3}],
        [{"sessions_rated": 2}],
    ),
    "standing_misses_no_more_than_was_held": lambda s: (
        change(s.standing),
        [{"unrated_run": 3}],
        [{"unrated_run": 2}],
    ),
    # --- What a practice amounts to ---
    "figures_once_for_a_practice_version_and_component": lambda s: (
        _figures(s),
        [{"component": "goals"}],
        [{"component": "trust"}],
    ),
    "figures_component_is_known": lambda s: (
        _figures(s),
        [{"component": "total"}],
        [{"component": "collaboration"}],
    ),
    "figures_are_of_five_therapists_with_five_clients": lambda s: (
        _figures(s),
        [{"therapists": 4}, {"clients": 24}],
        [{"therapists": 6, "clients": 30}],
    ),
    "figures_can_be_reckoned_with": lambda s: (
        _figures(s),
        [{"mu": 10.1}, {"mu": -0.1}, {"mu_se": -1}, {"tau2": -0.1}, {"variance": 0}],
        [{"mu": 0, "mu_se": 0, "tau2": 0}],
    ),
    # --- Goals, and own ratings first ---
    "goal_words_are_encrypted": lambda s: (
        change(_goal(s)),
        [{"words": ""}, *_encrypted(_goal, "words", may_be_empty=False)(s)[1]],
        _encrypted(_goal, "words", may_be_empty=False)(s)[2],
    ),
    "goal_remark_is_encrypted": _encrypted(lambda s: _goal(s), "remark"),
    "goal_that_ended_says_how": lambda s: (
        change(_goal(s)),
        [{"ended_on": _goal(s).agreed_on}, {"ending": "reached"}],
        [{"ended_on": _goal(s).agreed_on, "ending": "reached"}],
    ),
    "goal_ends_after_it_was_agreed": lambda s: (
        change(_goal(s)),
        [{"ended_on": _goal(s).agreed_on - DAY, "ending": "reached"}],
        [{"ended_on": _goal(s).agreed_on, "ending": "reached"}],
    ),
    "goal_ending_is_known": lambda s: (
        change(_goal(s)),
        [{"ended_on": _goal(s).agreed_on, "ending": "other"}],
        [{"ended_on": _goal(s).agreed_on, "ending": ending} for ending in Goal.Ending.values],
    ),
    "goal_tick_once_for_a_goal_and_session": lambda s: (
        add(GoalTick, goal=_tick(s).goal, is_worked_on=False),
        [{"session": s.asked.session}],
        [{"session": s.rated}],
    ),
    "goal_mark_once_a_day_for_each": lambda s: (
        add(GoalMark, goal=_near(s).goal, marked_on=_near(s).marked_on, mark=5),
        [{"respondent": "client"}],
        [{"respondent": "therapist"}],
    ),
    "goal_mark_is_0_to_10_or_not_said": lambda s: (
        change(_near(s)),
        [{"mark": 11}],
        [{"mark": 0}, {"mark": 10}, {"mark": None}],
    ),
    "goal_mark_respondent_is_known": _known(_near, "respondent", "client", "therapist"),
    "goal_mark_of_a_therapist_says_something": lambda s: (
        change(_near(s, "therapist")),
        [{"mark": None}],
        [{"mark": 0}, {"mark": None, "respondent": "client"}],
    ),
    "own_first_once_for_a_practice": lambda s: (
        add(OwnFirst, practice=_own_first(s).practice, is_on=False),
        [{"member": None}],
        [{"member": s.members["theo"]}],
    ),
    "own_first_of_a_practice_is_yes_or_no": lambda s: (
        change(_own_first(s)),
        [{"is_on": None}],
        [{"is_on": False}, {"is_on": None, "member": s.members["theo"]}],
    ),
    "OwnFirst.member": lambda s: (
        lambda **values: add(OwnFirst, practice=s.cast.practice, is_on=True)(
            **{
                "member": OwnFirst.objects.get_or_create(
                    practice=s.cast.practice, member=s.members["theo"]
                )[0].member,
                **values,
            }
        ),
        [{}],
        [{"member": s.members["olga"]}],
    ),
    "ShownUnrated.session": lambda s: (
        add(ShownUnrated, session=ShownUnrated.objects.get_or_create(session=s.rated)[0].session),
        [{}],
        [{"session": s.asked.session}],
    ),
    # --- What came of it ---
    "follow_up_discussed_is_encrypted": _encrypted(lambda s: _followed_up(s), "discussed"),
    "follow_up_agreed_is_encrypted": _encrypted(lambda s: _followed_up(s), "agreed"),
    "follow_up_discussed_says_when": lambda s: (
        change(_followed_up(s)),
        [{"discussed_at": None}],
        [{"discussed_at": None, "discussed": ""}],
    ),
    "follow_up_agreed_says_when": lambda s: (
        change(_followed_up(s)),
        [{"agreed_at": None}],
        [{"agreed_at": None, "agreed": ""}],
    ),
    "acknowledgement_remark_is_encrypted": _encrypted(lambda s: _acknowledged(s), "remark"),
    "FollowUp.rating": lambda s: (
        add(FollowUp, rating=_followed_up(s).rating, by=s.members["theo"]),
        [{}],
        [{"rating": s.own}],
    ),
    "Acknowledgement.flag": lambda s: (
        add(Acknowledgement, flag=_acknowledged(s).flag, outcome="mended", by=s.members["theo"]),
        [{}],
        [{"flag": Flag.objects.get_or_create(**s.flag_values | {"kind": "top"})[0]}],
    ),
    "reflection_is_encrypted": _encrypted(lambda s: _reflected(s), "text"),
    "practice_prompt_once_for_a_list": lambda s: (
        add(
            PracticePrompt,
            practice=PracticePrompt.objects.get_or_create(
                practice=s.cast.practice, key="goals.help"
            )[0].practice,
            key="goals.help",
        ),
        [{}],
        [{"key": "goals.avoid"}, {"practice": s.cast.elsewhere}],
    ),
    "digest_is_due_unless_never": lambda s: (
        change(_digest(s)),
        [{"due_at": None}, {"every": "never"}, {"every": "hour"}],
        [{"every": "week"}, {"every": "never", "due_at": None}],
    ),
    "acknowledgement_outcome_is_known": _known(
        lambda s: _acknowledged(s), "outcome", *Acknowledgement.Outcome.values
    ),
    "supervision_meeting_notes_are_encrypted": _encrypted(_supervision_meeting, "notes"),
    "private_note_is_encrypted": _encrypted(_noted, "text"),
    "agreed_action_is_encrypted": _encrypted(_agreed, "text", may_be_empty=False),
    "agenda_item_is_encrypted": _encrypted(_line, "text", may_be_empty=False),
    "private_note_once_for_a_meeting_and_writer": lambda s: (
        add(PrivateNote, meeting=_noted(s).meeting),
        [{"writer": s.members["theo"]}],
        [{"writer": s.members["sue"]}],
    ),
    "agreed_action_says_what": lambda s: (change(_agreed(s)), [{"text": ""}], [{"due_on": None}]),
    "agreed_action_is_done_after_it_was_agreed": lambda s: (
        change(_agreed(s)),
        [{"done_at": timezone.now() - DAY}],
        [{"done_at": timezone.now() + DAY}, {"done_at": None}],
    ),
    "agenda_item_has_a_place_of_its_own": lambda s: (
        add(AgendaItem, meeting=_line(s).meeting, kind="line", text="Pace."),
        [{"place": 1}],
        [{"place": 2}],
    ),
    "agenda_item_once_for_a_flag": _once_on_an_agenda(
        "flag",
        lambda s: s.flag,
        lambda s: Flag.objects.get_or_create(**s.flag_values | {"kind": "back"})[0],
    ),
    "agenda_item_once_for_an_action": _once_on_an_agenda(
        "action", _agreed, lambda s: _agreed(s, "Ask again.")
    ),
    "agenda_item_is_about_what_its_kind_says": lambda s: (
        _agenda(s),
        [
            {"kind": "flag"},
            {"kind": "unrated"},
            {"kind": "action"},
            {"kind": "ending", "episode": None},
            {"kind": "line"},
            {"kind": "line", "text": "Pace.", "flag": s.flag},
            {"kind": "flag", "flag": s.flag, "text": "Pace."},
            {"kind": "other", "flag": s.flag},
        ],
        [
            {"kind": "flag", "flag": s.flag},
            {"kind": "unrated", "flag": s.flag},
            {"kind": "ending"},
            {"kind": "line", "text": "Pace."},
            {"kind": "line", "text": "Pace.", "episode": None},
        ],
    ),
    "flag_once_for_a_session_and_kind": lambda s: (
        add(Flag, **s.flag_values),
        [{}],
        [{"kind": "top"}, {"session": s.asked.session}],
    ),
    "flag_kind_is_known": lambda s: (
        change(s.flag),
        [{"kind": "other"}],
        [{"kind": kind} for kind in Flag.Kind.values],
    ),
    "reading_is_first_once": lambda s: (
        add(Reading, rating=s.rating, read_at=timezone.now()),
        [{"reader": s.members["theo"]}],
        [{"reader": s.members["sue"]}],
    ),
    # --- By which numbers and rules ---
    "parameters_are_numbered": lambda s: (
        add(ParameterVersion, **s.parameter_values),
        [{"number": 1}],
        [
            {},
            {"number": 1, "practice": s.cast.elsewhere},
            {"number": 1, "measure_version": s.arabic},
        ],
    ),
    "parameters_variances_are_possible": lambda s: (
        change(s.parameters),
        [{"between": -0.01}, {"state": -0.01}, {"error": 0}, {"error": -0.01}],
        [{"between": 0, "state": 0, "error": 0.01}],
    ),
    "parameters_persistence_is_a_correlation": lambda s: (
        change(s.parameters),
        [{"persistence": -1}, {"persistence": 1}],
        [{"persistence": -0.99}, {"persistence": 0}, {"persistence": 0.99}],
    ),
    "parameters_origin_is_known": _known(
        lambda s: s.parameters, "origin", *ParameterVersion.Origin.values
    ),
    "sensitivity_preset_is_known": _known(
        lambda s: s.sensitivity, "preset", *Sensitivity.Preset.values
    ),
    "sensitivity_is_chosen_one_at_a_time": lambda s: (
        add(Sensitivity, chosen_by=s.cast.mara, chosen_at=s.sensitivity.chosen_at),
        [{"practice": s.cast.practice}],
        [
            {"practice": s.cast.elsewhere},
            {"practice": s.cast.practice, "chosen_at": s.sensitivity.chosen_at + DAY},
        ],
    ),
    # --- Columns in which each value comes once ---
    "User.email": lambda s: (
        change(s.cast.theo),
        [{"email": "sue@example.org"}],
        [{"email": "theo.b@example.org"}],
    ),
    "Episode.follows": lambda s: (
        lambda first: [change(row)(follows=s.cast.emil) for row in {first, s.cleo}],
        [{"first": s.cast.dora}],
        [{"first": s.cleo}],
    ),
    "Rating.superseded_by": lambda s: (
        lambda rows: [change(row)(superseded_by=_third(s)) for row in rows],
        [{"rows": [s.rating, s.own]}],
        [{"rows": [s.rating]}],
    ),
}
# On SQLite inserting and updating need a trigger each, and both say the same.
SAID_BY_TRIGGERS = {
    "supervision_stays_within": "supervision_within_one_practice",
    "episode_stays_within": "episode_within_one_practice",
    "consent_stays_about_this_client": "consent_is_about_this_client",
    "emergency_stays_within": "emergency_within_one_practice",
}


# On PostgreSQL one trigger serves both deeds, and an id that is there is never replaced.
SAID_BY_POSTGRESQL = SAID_BY_TRIGGERS | {
    "audit_is_never_replaced": "sessions_app_auditevent_pkey",
    "seal_is_never_replaced": "sessions_app_auditseal_pkey",
}


def _seal():
    values = {"events": 0, "previous": "0" * 64, "digest": "0" * 64}
    return AuditSeal.objects.first() or AuditSeal.objects.create(day=date(2026, 1, 1), **values)


def _third(scene):
    values = scene.rating_values | {"session": scene.asked.session}
    return Rating.objects.filter(session=scene.asked.session).first() or Rating.objects.create(
        **values
    )


def _models():
    return [model for app in APPS for model in apps.get_app_config(app).get_models()]


def _constraints():
    return {
        constraint.name: (model, constraint)
        for model in _models()
        for constraint in model._meta.constraints
    }


def _columns_of_their_own():
    return {
        f"{model.__name__}.{field.name}": (model, field)
        for model in _models()
        for field in model._meta.local_fields
        if field.unique and not field.primary_key
    }


def _triggers():
    promises = importlib.import_module("sessions_app.migrations.0002_promises_kept_by_triggers")
    wording = importlib.import_module("alliance.migrations.0011_licensed_measures")
    places = importlib.import_module(
        "sessions_app.migrations.0005_invitations_consents_and_breaking_glass"
    )
    seals = importlib.import_module("sessions_app.migrations.0007_audit_seals")
    tables = [*promises.NAMES.values(), *places.NAMES.values(), *seals.NAMES.values()]
    return {name for names in tables for name in names} | set(wording.NAMES)


def _said(name):
    """Return what the engine says when the promise `name` is broken."""
    is_sqlite = connection.vendor == "sqlite"
    if name in _columns_of_their_own():
        model, field = _columns_of_their_own()[name]
        table, column = model._meta.db_table, field.column
        return f"{table}.{column}" if is_sqlite else f"{table}_{column}_key"
    model, constraint = _constraints().get(name, (None, None))
    if is_sqlite and isinstance(constraint, models.UniqueConstraint) and constraint.fields:
        columns = (model._meta.get_field(field).column for field in constraint.fields)
        return "failed: " + ", ".join(f"{model._meta.db_table}.{column}" for column in columns)
    return SAID_BY_TRIGGERS.get(name, name) if is_sqlite else SAID_BY_POSTGRESQL.get(name, name)


@pytest.mark.parametrize("name", PROMISES)
def test_the_database_takes_what_keeps_a_promise_and_refuses_what_breaks_it(scene, name):
    write, breaking, keeping = PROMISES[name](scene)
    for values in keeping:
        with transaction.atomic():
            write(**values)
            connection.check_constraints()
            transaction.set_rollback(True)
    for values in breaking:
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            write(**values)
        assert re.search(rf"{re.escape(_said(name))}(?!\w|, )", str(refusal.value)), values


def test_every_constraint_trigger_and_unique_column_is_broken_here():
    assert {*_constraints(), *_columns_of_their_own(), *_triggers()} == set(PROMISES)


def test_every_promise_is_broken_in_at_least_one_way(scene):
    assert [name for name, told in PROMISES.items() if not told(scene)[1]] == []


def test_no_two_constraints_share_a_name():
    names = [constraint.name for model in _models() for constraint in model._meta.constraints]
    assert len(names) == len(set(names))


def test_the_trail_cannot_be_emptied_at_one_stroke(cast):
    connection.check_constraints()  # PostgreSQL truncates nothing while checks are pending.
    deed = "TRUNCATE" if connection.vendor == "postgresql" else "DELETE FROM"
    with pytest.raises(IntegrityError, match="audit_is_never_deleted"), transaction.atomic():
        connection.cursor().execute(f"{deed} sessions_app_auditevent")
    assert AuditEvent.objects.exists()


@pytest.mark.parametrize("model", [Client, Episode, Session, RatingRequest, Rating, Reading, Flag])
def test_clinical_rows_cannot_be_counted_by_their_ids(model):
    assert isinstance(model._meta.pk, models.UUIDField)
    assert model._meta.pk.default is uuid.uuid4


def test_no_item_moves_into_a_wording_that_has_been_rated(cast):
    rate(hold(cast.cleo), 7)
    rated = Rating.objects.get().measure_version
    item = Item.objects.exclude(version=rated).first()
    with pytest.raises(IntegrityError, match="item_stands_once_rated"), transaction.atomic():
        Item.objects.filter(pk=item.pk).update(version=rated, key="moved", position=99)

"""Every address × every kind of person × own and foreign objects × every method.

The table below is the whole of it: an address that is not in it fails, and so
does any answer that differs from it. A stranger's 404 is the very page that
an address without anything behind it gives.
"""

import uuid
from contextlib import contextmanager
from datetime import timedelta
from http.cookies import SimpleCookie
from itertools import product
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, resolve, reverse
from django.utils import timezone

from alliance.asking.actions import send_to_tablet
from alliance.asking.standing_actions import choose_pin, make_standing_link
from alliance.follow_up.actions import reflect
from alliance.goals.actions import agree_on_goal
from alliance.ratings.models import RatingRequest
from alliance.sending.actions import ask_by_message
from alliance.supervision.actions import add_line, agree, plan_meeting
from alliance.trends.models import Flag
from sessions_app.access.actions import appoint_deputy, join_practice, start_supervision
from sessions_app.access.models import AuditEvent, User
from sessions_app.calendars.actions import make_feed
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from sessions_app.meetings.actions import lead_together, log_meeting, make_circle
from sessions_app.openings.actions import open_in_emergency
from sessions_app.people.middleware import SecondFactor
from sessions_app.places.actions import end_membership, invite, lock_membership
from sessions_app.sessions.planning_actions import plan_sessions
from sessions_app.tablets.actions import invite_tablet, pair_tablet
from tests.alliance.own_measures import TOML, add
from tests.conftest import ask, give_app, hold, rate
from tests.passkeys import give_passkey

# Beside those whom every test knows: Una supervises Nils in the other practice, Xena was a
# therapist until yesterday, and Lena's account is closed, though her cookie is still there.
PEOPLE = [
    *("anonymous", "theo", "sue", "olga", "nils", "mara", "rita", "root"),
    *("una", "xena", "lena"),
]
CLINICIANS = {"theo", "sue", "olga", "nils", "una"}
OBJECTS = ["cleo", "dora", "emil"]
READS = {"cleo": {"theo", "sue"}, "dora": {"olga"}, "emil": {"nils", "una"}}
HOLDS = {"cleo": {"theo"}, "dora": {"olga"}, "emil": {"nils"}}
WITH_APP = {"theo", "sue", "olga", "nils", "mara", "una"}
WITH_PASSKEY = {"theo", "olga", "nils"}
SIGN_IN = 302  # Whoever is not signed in is sent to do so.
STRANGER = 404
NOT_SO = 405


def everyone(get, post):
    """Answer all alike, whatever the object."""
    return lambda person, name, method: get if method == "GET" else post


def signed_in(get, post, anonymous_get=SIGN_IN, anonymous_post=SIGN_IN):
    """Answer all who are signed in alike."""

    def answer(person, name, method):
        if person == "anonymous":
            return anonymous_get if method == "GET" else anonymous_post
        return get if method == "GET" else post

    return answer


def clinicians(get, post):
    """Let clinicians in, all of them alike; others find nothing."""

    def answer(person, name, method):
        if person == "anonymous":
            return SIGN_IN
        if person not in CLINICIANS:
            return STRANGER
        return get if method == "GET" else post

    return answer


def by_object(admitted, get, post):
    """Let in whom the object admits; what the address lacks, to all clinicians."""

    def answer(person, name, method):
        if person == "anonymous":
            return SIGN_IN
        if person not in CLINICIANS:
            return STRANGER
        status = get if method == "GET" else post
        return status if status == NOT_SO or person in admitted[name] else STRANGER

    return answer


def factors(admitted, get, post, others=SIGN_IN):
    """Answer those with such a factor; others are sent elsewhere, or find nothing."""

    def answer(person, name, method):
        if person not in admitted:
            return SIGN_IN if person == "anonymous" else others
        return get if method == "GET" else post

    return answer


def app_removed(person, name, method):
    """Let the app go only from where there is something else."""
    if person not in WITH_APP:
        return SIGN_IN if person == "anonymous" else STRANGER
    return 302 if method == "POST" and person in WITH_PASSKEY else 200


def managers(person, name, method):
    """Let in who manages the practice of Cleo and Dora; for all others it does not exist."""
    if person == "anonymous":
        return SIGN_IN
    if person == "mara" and name in {"cleo", "dora"}:
        return 200 if method == "GET" else 302
    return STRANGER


MANAGED = {"cleo", "dora"}  # Of the practice that Mara manages.
# Who may end the emergencies below: who opened the record, its therapists, the manager.
ENDS = {
    "cleo": {"sue", "olga", "theo", "mara"},
    "dora": {"olga", "theo", "mara"},
    "emil": {"nils"},
}


def managed(get, post):
    """Let Mara in to what is her practice's; what the address lacks, to her for any."""

    def answer(person, name, method):
        if person == "anonymous":
            return SIGN_IN
        status = get if method == "GET" else post
        return status if person == "mara" and (name in MANAGED or status == NOT_SO) else STRANGER

    return answer


def at_reception(get, post):
    """Let Rita in to what is her practice's; what the address lacks, to her for any."""

    def answer(person, name, method):
        if person == "anonymous":
            return SIGN_IN
        status = get if method == "GET" else post
        is_hers = name in MANAGED | {None} or status == NOT_SO
        return status if person == "rita" and is_hers else STRANGER

    return answer


def ends(person, name, method):
    if person == "anonymous":
        return SIGN_IN
    if method == "GET":
        return NOT_SO
    return 302 if person in ENDS[name] else STRANGER


def home(person, name, method):
    if person == "anonymous":
        return SIGN_IN
    if method == "POST":
        return NOT_SO
    return 302 if person in CLINICIANS else 200


# Between whom the supervision meetings below are.
MEETS = {"cleo": {"theo", "sue"}, "dora": {"theo", "olga"}, "emil": {"nils", "una"}}
RULES = {
    "way": "email",
    "when": "hour",
    "qualities_every": "4",
    "quick_exit_to": "https://www.example.org/",
}

# name of the address: (what is asked for, what is sent, what each person is answered)
MATRIX = {
    # Anyone
    "health": (None, {}, everyone(200, NOT_SO)),
    "policy-report": (None, {}, everyone(NOT_SO, 400)),
    "hand-back": (None, {}, everyone(NOT_SO, 302)),
    "rate": ("secret", {"sent": "1", "say": "7"}, everyone(200, 302)),
    "standing": ("bookmark", {"pin": "4071"}, everyone(200, 302)),
    "standing-form": ("behind a bookmark", {"sent": "1"}, everyone(302, 302)),
    "demo-sign-in": ("token", {}, everyone(404, NOT_SO)),
    "join": ("invited", {}, everyone(200, 200)),
    "calendar-feed": ("calendar secret", {}, everyone(200, NOT_SO)),
    "bounces": (None, {}, everyone(NOT_SO, 404)),  # Without its key nothing is there.
    "tablet-pair": ("pairing secret", {}, everyone(200, 302)),
    # One's own account (django-allauth)
    "account_login": (None, {}, signed_in(302, 302, 200, 200)),
    "account_logout": (None, {}, signed_in(200, 302)),
    "account_signup": (None, {}, signed_in(302, 302, 200, 200)),
    "account_inactive": (None, {}, everyone(200, NOT_SO)),
    "account_change_password": (None, {}, signed_in(302, 302)),
    "account_set_password": (None, {}, signed_in(200, 200)),
    "account_reset_password": (None, {}, everyone(200, 200)),
    "account_reset_password_done": (None, {}, everyone(200, NOT_SO)),
    "account_reset_password_from_key": ("key", {}, everyone(200, 200)),
    "account_reset_password_from_key_done": (None, {}, everyone(200, NOT_SO)),
    "mfa_authenticate": (None, {}, everyone(302, 302)),
    "mfa_login_webauthn": (None, {}, everyone(302, 302)),
    "account_reauthenticate": (None, {}, signed_in(302, 302)),
    "mfa_reauthenticate": (None, {}, factors(WITH_APP, 200, 200)),
    "mfa_reauthenticate_webauthn": (None, {}, factors(WITH_PASSKEY, 200, 302)),
    "mfa_index": (None, {}, signed_in(200, NOT_SO)),
    "mfa_activate_totp": (None, {}, factors({"rita", "root", "xena"}, 200, 200)),
    "mfa_deactivate_totp": (None, {}, app_removed),
    "mfa_add_webauthn": (None, {}, signed_in(200, 200)),
    "passkey-remove": ("passkey", {}, by_object(HOLDS, 200, 302)),
    "mfa_view_recovery_codes": (None, {}, signed_in(404, NOT_SO)),
    "mfa_generate_recovery_codes": (None, {}, factors(WITH_APP, 200, 302, others=200)),
    "still-here": (None, {}, signed_in(204, NOT_SO)),
    "sign-out-elsewhere": (None, {}, signed_in(NOT_SO, 302)),
    # Whoever is signed in
    "home": (None, {}, home),
    "join-own": (None, {}, signed_in(200, 404)),
    "emergency-end": ("emergency", {}, ends),
    # Managers, and what is theirs
    "sensitivity": ("practice", {"preset": "quiet"}, managers),
    "practice-own-first": ("practice", {"is_on": "on"}, managers),
    "people": ("practice", {}, managed(200, NOT_SO)),
    "invite": ("practice", {"email": "new@example.org", "duties": "is_manager"}, managed(200, 302)),
    "invitation-revoke": ("invitation", {}, managed(NOT_SO, 302)),
    "member": ("member", {}, managed(200, NOT_SO)),
    "member-duties": ("member", {"duties": "is_clinician"}, managed(200, 302)),
    "member-leave": ("member", {"ended_on": "2099-01-01"}, managed(200, 200)),
    "member-lock": ("member", {}, managed(NOT_SO, 302)),
    "member-unlock": ("member", {}, managed(NOT_SO, 302)),
    "hand-over": ("member", {}, managed(200, 200)),
    "supervision-create": ("member", {}, managed(200, 200)),
    "supervision-end": ("supervision", {"ended_on": "2099-01-01"}, managed(200, 302)),
    "practice-trail": ("practice", {}, managed(200, NOT_SO)),
    "practice-emergencies": ("practice", {}, managed(200, NOT_SO)),
    "deputy-appoint": ("practice", {}, managed(NOT_SO, 200)),
    "deputy-dismiss": ("deputy", {}, managed(NOT_SO, 302)),
    "practice-crisis": ("practice", {}, managed(200, 302)),
    "practice-asking": ("practice", {}, managed(200, NOT_SO)),
    "practice-asking-rules": ("practice", RULES, managed(200, 302)),
    "practice-asking-sample": ("practice", {}, managed(NOT_SO, 302)),
    "practice-numbers": ("practice", {}, managed(200, NOT_SO)),
    "prompts": ("practice", {}, managed(200, NOT_SO)),
    "prompts-change": ("prompts", {"help": "Ask."}, managed(200, 302)),
    "tablets": ("practice", {}, managed(200, NOT_SO)),
    "tablet-invite": ("practice", {"name": "Room 2"}, managed(200, 200)),
    "tablet-revoke": ("tablet", {}, managed(NOT_SO, 302)),
    "measures": ("practice", {}, managed(200, NOT_SO)),
    "measure-upload": ("practice", {}, managed(200, 200)),
    "measure-write": ("practice", {}, managed(200, 200)),
    "measure": ("own measure", {}, managed(200, NOT_SO)),
    "measure-edit": ("own measure", {}, managed(200, 200)),
    "measure-licence": ("own measure", {}, managed(200, 200)),
    "measure-activate": ("own measure", {}, managed(NOT_SO, 302)),
    "measure-stop": ("own measure", {}, managed(NOT_SO, 302)),
    "measure-fhir": ("own measure", {}, managed(200, NOT_SO)),
    "measure-preview": ("own measure", {}, managed(200, NOT_SO)),
    # Reception, and what it may ask for
    "reception": (None, {}, at_reception(200, NOT_SO)),
    "reception-ask": ("at reception", {}, at_reception(NOT_SO, 302)),
    "reception-sheet": ("at reception", {}, at_reception(NOT_SO, 302)),
    "reception-sheet-enter": (
        "at reception",
        {"line": "100", "mark-say": "7"},
        at_reception(200, 302),
    ),
    "reception-sheets": (None, {"code": "0000-0000"}, at_reception(200, 200)),
    "reception-today": (None, {}, at_reception(200, 302)),
    # Clinicians, and what is theirs
    "client-create": (None, {}, clinicians(200, 200)),
    "caseload": (None, {"code": "c"}, clinicians(200, 200)),
    "caseload-supervised": (None, {}, clinicians(200, NOT_SO)),
    "patterns-list": (None, {}, clinicians(200, NOT_SO)),
    "patterns": ("member", {}, by_object(READS, 200, NOT_SO)),
    "endings": ("member", {}, by_object(READS, 200, NOT_SO)),
    "episode": ("episode", {}, by_object(READS, 200, NOT_SO)),
    "episode-csv": ("episode", {}, by_object(READS, 200, NOT_SO)),
    "episode-series": ("episode", {}, by_object(READS, 200, NOT_SO)),
    "session-create": ("episode", {}, by_object(HOLDS, 200, 200)),
    "session-edit": ("session", {}, by_object(HOLDS, 200, 200)),
    "session-plan": ("episode", {}, by_object(HOLDS, 200, 200)),
    "session-planned": ("planned", {"deed": "off-client"}, by_object(HOLDS, 200, 302)),
    "calendar": (None, {}, clinicians(200, 200)),
    "rating-ask": ("session", {"channel": "link"}, by_object(HOLDS, 200, 302)),
    "sheet": ("not asked", {}, by_object(HOLDS, NOT_SO, 200)),
    "sheet-enter": ("session", {"line": "100", "mark-say": "7"}, by_object(HOLDS, 200, 302)),
    "sheets": (None, {"code": "0000-0000"}, clinicians(200, 200)),
    "rating-aloud": ("session", {"deed": "begin"}, by_object(HOLDS, 302, 302)),
    "standing-make": ("episode", {}, by_object(HOLDS, 200, 200)),
    "standing-ask": ("with bookmark", {}, by_object(HOLDS, NOT_SO, 302)),
    "rating-move": ("rating", {}, by_object(HOLDS, 200, 200)),
    "rating-take-back": ("rating", {"reason": "Asked for."}, by_object(HOLDS, 200, 302)),
    "rating-own": ("session", {}, by_object(HOLDS, NOT_SO, 302)),
    "rating-show": ("session", {}, by_object(HOLDS, NOT_SO, 302)),
    "own-first": (None, {}, clinicians(200, 200)),
    "rating-follow-up": ("rating", {"agreed": "Slower."}, by_object(HOLDS, 200, 302)),
    "last-time": ("after a flag", {"discussed": "Pace."}, by_object(HOLDS, 200, 302)),
    "marked-own": (None, {}, clinicians(200, NOT_SO)),
    "reflection": ("episode", {"open": "Much."}, by_object(HOLDS, 200, 302)),
    "reflection-empty": ("reflection", {}, by_object(HOLDS, NOT_SO, 302)),
    "digest": (None, {}, clinicians(200, 200)),
    "flag-acknowledge": ("flag", {"outcome": "mended"}, by_object(HOLDS, 200, 302)),
    "rating-send": ("by mail", {"way": "email"}, by_object(HOLDS, NOT_SO, 302)),
    "episode-asking": ("episode", {"way": "standing"}, by_object(HOLDS, 200, 302)),
    "asking-stop": ("episode", {}, by_object(HOLDS, NOT_SO, 302)),
    "asking-resume": ("own episode", {}, by_object(HOLDS, NOT_SO, 302)),
    "asked-bounced": ("sent", {}, by_object(HOLDS, NOT_SO, 302)),
    "ask-today": (None, {}, clinicians(200, 302)),
    "goals": ("episode", {"words": ""}, by_object(HOLDS, 200, 200)),
    "goal": ("goal", {"words": ""}, by_object(HOLDS, 200, 200)),
    "goal-near": ("goal", {"therapist": "4"}, by_object(HOLDS, NOT_SO, 302)),
    "goals-worked-on": ("session", {}, by_object(HOLDS, NOT_SO, 302)),
    # Couples, families and groups
    "circles": (None, {}, clinicians(200, NOT_SO)),
    "circle-create": (None, {}, clinicians(200, 200)),
    "circle": ("circle", {}, by_object(READS, 200, NOT_SO)),
    "circle-members": ("circle", {}, by_object(HOLDS, 200, 200)),
    "circle-leave": ("circle member", {}, by_object(HOLDS, NOT_SO, 302)),
    "circle-lead": ("circle", {}, by_object(HOLDS, 200, 200)),
    "circle-lead-alone": ("circle of two", {}, by_object(HOLDS, NOT_SO, 302)),
    "meeting-log": ("circle", {}, by_object(HOLDS, 200, 200)),
    "meeting-correct": ("meeting", {}, by_object(HOLDS, 200, 200)),
    "meeting-ask": ("meeting", {}, by_object(HOLDS, 200, NOT_SO)),
    "consent": ("taken over", {"answer": "agrees"}, by_object(HOLDS, 200, 302)),
    "clients-trail": (None, {}, clinicians(200, NOT_SO)),
    "emergencies": (None, {}, clinicians(200, 200)),
    "emergency": (
        "emergency",
        {},
        by_object({"cleo": {"sue"}, "dora": {"olga"}, "emil": {"nils"}}, 200, NOT_SO),
    ),
    # Supervision, for the two whose meeting it is
    "supervisions": (None, {}, clinicians(200, NOT_SO)),
    "supervision-plan": ("meets", {"planned_on": "2026-05-04"}, by_object(MEETS, NOT_SO, 302)),
    "supervision-meeting": ("supervision meeting", {}, by_object(MEETS, 200, NOT_SO)),
    "supervision-refresh": ("supervision meeting", {}, by_object(MEETS, NOT_SO, 302)),
    "supervision-line": ("supervision meeting", {"text": "Pace."}, by_object(MEETS, NOT_SO, 302)),
    "supervision-notes": ("supervision meeting", {"notes": "Pace."}, by_object(MEETS, NOT_SO, 302)),
    "supervision-own-notes": (
        "supervision meeting",
        {"notes": "Pace."},
        by_object(MEETS, NOT_SO, 302),
    ),
    "supervision-agree": ("supervision meeting", {"text": "Ask."}, by_object(MEETS, NOT_SO, 302)),
    "supervision-held": ("supervision meeting", {}, by_object(MEETS, NOT_SO, 302)),
    "supervision-agenda": ("supervision meeting", {}, by_object(MEETS, 200, NOT_SO)),
    "supervision-tick": ("point", {}, by_object(MEETS, NOT_SO, 302)),
    "supervision-done": ("agreed", {}, by_object(MEETS, NOT_SO, 302)),
    "episode-page": ("own episode", {}, by_object(READS, 200, NOT_SO)),
}
CLINICAL = {
    name
    for name, (target, *_rest) in MATRIX.items()
    if target
    in {
        *("episode", "session", "planned", "not asked", "with bookmark", "rating"),
        *("circle", "circle member", "meeting"),
        *("goal", "flag", "after a flag"),
    }
} | {"caseload", "caseload-supervised", "patterns-list"}


def addresses(patterns=None):
    """Yield the name of every address of the project."""
    for pattern in patterns or get_resolver().url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns)
        else:
            yield pattern.name


@contextmanager
def undone():
    """Undo whatever a request does."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def path(name, target, thing):
    if target is None:
        return reverse(name)
    if target == "key":
        return reverse(name, kwargs={"uidb36": "1", "key": "set-password"})
    if target in {"behind a bookmark", "prompts"}:
        return reverse(name, kwargs=thing)
    return reverse(name, args=[thing])


def invitations(cast):
    """Return somebody's invitation to the practice of each client, with its secret."""
    return {
        name: invite(
            practice=getattr(cast, name).client.practice,
            email=f"{name}@example.org",
            is_reception=True,
            by=None,
        )
        for name in OBJECTS
    }


def supervisions(cast):
    """Return a supervision of each therapist: Theo's, and two that begin tomorrow."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    nell = join_practice(practice=cast.elsewhere, email="nell@example.org", is_clinician=True)
    begun = {
        "dora": {"supervisor": cast.members["sue"], "therapist": cast.members["olga"]},
        "emil": {"supervisor": nell, "therapist": cast.members["nils"]},
    }
    return {"cleo": cast.members["theo"].supervised.get()} | {
        name: start_supervision(started_on=tomorrow, **pair) for name, pair in begun.items()
    }


def taken_over(cast):
    """Hand another client over to each therapist: Amy from Olga, Bea from Theo, Cal from Nell."""
    nell = join_practice(practice=cast.elsewhere, email="nell@example.org", is_clinician=True)
    before = {"cleo": cast.members["olga"], "dora": cast.members["theo"], "emil": nell}
    return {
        name: hand_over_episode(
            episode=add_client(therapist=before[name], code=code, by=before[name].user),
            to=getattr(cast, name).therapist,
            by=before[name].user,
        )
        for name, code in zip(OBJECTS, ("AMY", "BEA", "CAL"), strict=True)
    }


def deputies(cast):
    """Appoint Sue, Olga and Nils to open records in an emergency."""
    return {
        name: appoint_deputy(member=cast.members[who], by=None)
        for name, who in zip(OBJECTS, ("sue", "olga", "nils"), strict=True)
    }


def emergencies(cast):
    """Let Sue open Bea's record, Olga Amy's, and Nils Cal's."""
    clients = {name: after.client for name, after in taken_over(cast).items()}
    opened = {"cleo": clients["dora"], "dora": clients["cleo"], "emil": clients["emil"]}
    return {
        name: open_in_emergency(
            client=opened[name],
            member=deputy.member,
            reason="The therapist is ill.",
            by=deputy.member.user,
            absolute=str,
        )
        for name, deputy in deputies(cast).items()
    }


def tablets(cast):
    """Prepare a tablet for the practice of each client, each with the secret that pairs it."""
    nora = join_practice(practice=cast.elsewhere, email="nora@example.org", is_manager=True)
    managers = {"cleo": cast.mara, "dora": cast.mara, "emil": nora.user}
    return {
        name: invite_tablet(
            practice=getattr(cast, name).client.practice, name=f"Room of {name}", by=manager
        )
        for name, manager in managers.items()
    }


def circles(cast):
    """Let each client come together with another of the same therapist."""
    return {
        name: make_circle(
            kind="couple",
            code="TOGETHER",
            episodes=[
                add_client(
                    therapist=getattr(cast, name).therapist, code=f"B-{place}", by=cast.root
                ),
                getattr(cast, name),
            ],
            by=getattr(cast, name).therapist.user,
        )
        for place, name in enumerate(OBJECTS)
    }


def circles_of_two(cast):
    """Let a new colleague lead each couple too; whose it is stays with whoever made it."""
    told = {}
    for name, circle in circles(cast).items():
        beside = join_practice(
            practice=circle.therapist.practice,
            email=f"beside.{name}@example.org",
            is_clinician=True,
        )
        told[name] = lead_together(circle=circle, co_therapist=beside, by=circle.therapist.user)
    return told


def circle_members(cast):
    return {
        name: circle.members.get(episode=getattr(cast, name))
        for name, circle in circles(cast).items()
    }


def meetings(cast):
    """Let each of these couples have met."""
    return {
        name: log_meeting(
            circle=circle,
            starts_at=timezone.now() - timedelta(days=3),
            became={
                member.pk: "held" for member in circle.members.filter(episode=getattr(cast, name))
            },
            by=circle.therapist.user,
        )
        for name, circle in circles(cast).items()
    }


def own_measures(cast):
    """Add a questionnaire to the practice of each client; Cleo's and Dora's share one practice."""
    texts = {"cleo": TOML, "dora": TOML.replace('"teapots"', '"kettles"'), "emil": TOML}
    return {
        name: add(getattr(cast, name).client.practice, by=cast.mara, text=text)
        for name, text in texts.items()
    }


def others(cast):
    """Hold another session with each client."""
    return {name: hold(getattr(cast, name), weeks_ago=1) for name in OBJECTS}


def planned(cast):
    """Plan a session with each client, for tomorrow."""
    tomorrow = timezone.now().replace(microsecond=0) + timedelta(days=1)
    return {
        name: plan_sessions(
            episode=getattr(cast, name),
            starts_at=tomorrow,
            by=getattr(cast, name).therapist.user,
        )[0]
        for name in OBJECTS
    }


def calendars(cast):
    """Return the secret of each therapist's calendar."""
    return {name: make_feed(owner=getattr(cast, name).therapist.user)[1] for name in OBJECTS}


def bookmarks(cast):
    """Return the secret of each client's bookmark, which has a PIN."""
    made = {
        name: make_standing_link(episode=getattr(cast, name), by=getattr(cast, name).therapist.user)
        for name in OBJECTS
    }
    for link, _secret in made.values():
        choose_pin(link=link, pin="4071")
    return {name: secret for name, (_link, secret) in made.items()}


def by_mail(cast):
    """Hold a session with each client, whose e-mail address is known."""
    for name in OBJECTS:
        identity = getattr(cast, name).client.identity
        identity.email = f"{name}@clients.example.org"
        identity.save()
    return {name: hold(getattr(cast, name), weeks_ago=2) for name in OBJECTS}


def sent(cast):
    """Ask each client by e-mail, and let it have gone out."""
    found = {}
    for name, session in by_mail(cast).items():
        found[name] = ask_by_message(session=session, way="email", by=None)
        RatingRequest.objects.filter(pk=found[name].pk).update(sent_at=timezone.now())
    return found


def meets(cast):
    """Return a supervision of each therapist: by Sue, by Theo, and by Una."""
    return {
        "cleo": cast.members["theo"].supervised.get(),
        "dora": start_supervision(supervisor=cast.members["theo"], therapist=cast.members["olga"]),
        "emil": cast.members["nils"].supervised.first() or _supervised_elsewhere(cast),
    }


def _supervised_elsewhere(cast):
    nell = join_practice(practice=cast.elsewhere, email="nell@example.org", is_clinician=True)
    return start_supervision(supervisor=nell, therapist=cast.members["nils"])


def supervision_meetings(cast):
    """Plan a supervision meeting of each therapist."""
    day = timezone.localdate()
    return {
        name: plan_meeting(supervision=pair, planned_on=day, by=pair.therapist.user)
        for name, pair in meets(cast).items()
    }


def written_in(cast, write):
    """Write something in each of those meetings."""
    return {
        name: write(meeting=one, text="Pace.", by=one.supervision.therapist.user)
        for name, one in supervision_meetings(cast).items()
    }


def goals(cast):
    """Write down a goal of each client."""
    return {
        name: agree_on_goal(episode=getattr(cast, name), words="To speak up.", by=None)
        for name in OBJECTS
    }


def flags(cast):
    """Mark something in each client's ratings, a week before the session that is there."""
    return {
        name: Flag.objects.create(
            episode=session.episode,
            session=rate(session, 3).session,
            kind=Flag.Kind.LOWER,
            rank=70,
            facts={"probability": 0.01},
            raised_at=timezone.now() - timedelta(days=2),
        )
        for name, session in others(cast).items()
    }


def keys(rows):
    return {name: row.pk for name, row in rows.items()}


# What only some addresses ask for is made only for them.
MADE = {
    "invited": lambda cast: {name: told[1] for name, told in invitations(cast).items()},
    "invitation": lambda cast: {name: told[0].pk for name, told in invitations(cast).items()},
    "pairing secret": lambda cast: {name: told[1] for name, told in tablets(cast).items()},
    "tablet": lambda cast: {name: told[0].pk for name, told in tablets(cast).items()},
    "member": lambda cast: {name: getattr(cast, name).therapist_id for name in OBJECTS},
    "supervision": lambda cast: keys(supervisions(cast)),
    "taken over": lambda cast: keys(taken_over(cast)),
    "deputy": lambda cast: keys(deputies(cast)),
    "emergency": lambda cast: keys(emergencies(cast)),
    "own measure": lambda cast: keys(own_measures(cast)),
    "rating": lambda cast: keys({name: rate(one, 7) for name, one in others(cast).items()}),
    "not asked": lambda cast: keys(others(cast)),
    "circle": lambda cast: keys(circles(cast)),
    "circle of two": lambda cast: keys(circles_of_two(cast)),
    "circle member": lambda cast: keys(circle_members(cast)),
    "meeting": lambda cast: keys(meetings(cast)),
    "with bookmark": lambda cast: bookmarks(cast) and keys(others(cast)),
    "bookmark": bookmarks,
    "behind a bookmark": lambda cast: {
        name: {"secret": secret, "which": "0" * 16} for name, secret in bookmarks(cast).items()
    },
    "goal": lambda cast: keys(goals(cast)),
    "by mail": lambda cast: keys(by_mail(cast)),
    "sent": lambda cast: keys(sent(cast)),
    "planned": lambda cast: keys(planned(cast)),
    "calendar secret": calendars,
    "meets": lambda cast: keys(meets(cast)),
    "supervision meeting": lambda cast: keys(supervision_meetings(cast)),
    "point": lambda cast: keys(written_in(cast, add_line)),
    "agreed": lambda cast: keys(written_in(cast, agree)),
    "prompts": lambda cast: {
        name: {"practice_id": getattr(cast, name).client.practice_id, "key": "goals"}
        for name in OBJECTS
    },
    "reflection": lambda cast: {
        name: reflect(episode=one, said={"open": "Much."}, by=one.therapist.user).pk
        for name in OBJECTS
        if (one := getattr(cast, name))
    },
    "flag": lambda cast: keys(flags(cast)),
    "after a flag": lambda cast: (
        flags(cast)
        and {name: getattr(cast, name).sessions.latest("starts_at").pk for name in OBJECTS}
    ),
    "own episode": lambda cast: {name: getattr(cast, name).pk for name in OBJECTS},
}


@pytest.fixture
def things(cast, sessions, request):
    """What addresses ask for, by kind and by the client's name."""
    target = MATRIX[request.node.callspec.params["name"]][0]
    made = {target: MADE[target](cast)} if target in MADE else {}
    return made | {
        "at reception": {name: sessions[name].pk for name in OBJECTS},
        "episode": {name: getattr(cast, name).pk for name in OBJECTS},
        "session": {name: sessions[name].pk for name in OBJECTS},
        "secret": {name: ask(sessions[name])[1] for name in OBJECTS},
        "token": dict.fromkeys(OBJECTS, "MQ.forged"),
        "passkey": {
            name: give_passkey(getattr(cast, name).therapist.user)[1].pk for name in OBJECTS
        },
        "practice": {name: getattr(cast, name).therapist.practice_id for name in OBJECTS},
    }


def add_the_others(cast):
    """Let Una, Xena and Lena come in; Lena signs in before her account is closed."""
    yesterday = timezone.localdate() - timedelta(days=1)
    for name, practice in (
        ("una", cast.elsewhere),
        ("xena", cast.practice),
        ("lena", cast.practice),
    ):
        cast.members[name] = join_practice(
            practice=practice,
            email=f"{name}@example.org",
            name=name.title(),
            is_clinician=True,
            started_on=yesterday - timedelta(days=100),
        )
    give_app(cast.una)
    start_supervision(
        supervisor=cast.members["una"],
        therapist=cast.members["nils"],
        started_on=yesterday - timedelta(days=100),
    )
    for name, code in (("xena", "XARA"), ("lena", "LEVI")):
        hers = add_client(
            therapist=cast.members[name],
            code=code,
            by=cast.members[name].user,
            started_on=yesterday,
        )
        end_episode(episode=hers, ending="planned", by=hers.therapist.user, ended_on=yesterday)
    end_membership(membership=cast.members["xena"], ended_on=yesterday, by=cast.mara)
    lock_membership(membership=cast.members["lena"], by=cast.mara)
    cast.lena.refresh_from_db()


@pytest.fixture(autouse=True)
def all_of_them(request):
    """Let everyone be there whom the table tells of."""
    if "cast" in request.fixturenames:
        add_the_others(request.getfixturevalue("cast"))


def sign_everybody_in(cast):
    """Let each person sign in once, before what a request does is undone."""
    cast.signed_in = {person: _sign_in(cast, person).cookies for person in PEOPLE}


def _sign_in(cast, person):
    client = Client()
    if person != "anonymous":
        client.force_login(cast.root if person == "root" else getattr(cast, person))
    return client


def visit(cast, person, method, address, sent):
    """Ask as `person`, with the cookies that they have from signing in."""
    signed_in = getattr(cast, "signed_in", {})
    client = Client() if person in signed_in else _sign_in(cast, person)
    if person in signed_in:
        kept = {name: morsel.value for name, morsel in signed_in[person].items()}
        client.cookies = SimpleCookie(kept)
    if method in {"GET", "POST"}:
        return client.get(address) if method == "GET" else client.post(address, sent)
    return client.generic(
        method, address, urlencode(sent), content_type="application/x-www-form-urlencoded"
    )


def expected_of(told, person, thing, method):
    """Return what the matrix tells; whose account is closed is nobody."""
    return told("anonymous" if person == "lena" else person, thing, method)


def test_the_matrix_has_a_row_for_every_address_and_no_other():
    assert sorted(addresses()) == sorted(MATRIX)


@pytest.mark.parametrize("name", MATRIX)
def test_each_person_gets_the_answer_that_the_matrix_tells(name, cast, things):
    """And no page names a client beyond its reader's reach."""
    target, sent, told = MATRIX[name]
    found, expected = {}, {}
    sign_everybody_in(cast)
    for person in PEOPLE:
        for thing in OBJECTS if target in things else [None]:
            for method in ("GET", "POST"):
                address = path(name, target, things.get(target, {}).get(thing))
                with undone():
                    answer = visit(cast, person, method, address, sent)
                if name in CLINICAL:
                    body = answer.content.decode()
                    foreign = [one for one in OBJECTS if person not in READS[one]]
                    named = [one for one in foreign if one.upper() in body]
                    assert named == [], (person, thing, method)
                found[person, thing, method] = answer.status_code
                expected[person, thing, method] = expected_of(told, person, thing, method)
    assert found == expected


@pytest.mark.parametrize("name", MATRIX)
def test_other_methods_open_nothing_to_anybody(name, cast, things):
    """HEAD is answered like GET; what django-allauth takes for a sent form, like such a form."""
    target, sent, told = MATRIX[name]
    is_ours = not name.startswith(("account_", "mfa_", "passkey"))
    sign_everybody_in(cast)
    for person, method in product(PEOPLE, ("HEAD", "PUT", "PATCH", "DELETE")):
        for thing in OBJECTS if target in things else [None]:
            address = path(name, target, things.get(target, {}).get(thing))
            with undone():
                answer = visit(cast, person, method, address, sent)
            if method == "HEAD":
                expected = {expected_of(told, person, thing, "GET")}
                assert answer.content == b""
            elif is_ours:
                expected = {SIGN_IN} if person in {"anonymous", "lena"} else set()
                expected |= {STRANGER, NOT_SO}
            else:
                like_a_form = expected_of(told, person, thing, "POST")
                expected = {SIGN_IN, STRANGER, NOT_SO, 200, like_a_form}
            assert answer.status_code in expected, (person, thing, method)


@pytest.mark.parametrize("name", [name for name in sorted(CLINICAL) if MATRIX[name][0] is not None])
def test_what_is_foreign_looks_like_what_does_not_exist(name, cast, things):
    target, sent, told = MATRIX[name]
    compared = 0
    for person in sorted(CLINICIANS):
        for method in ("GET", "POST"):
            nowhere = visit(cast, person, method, path(name, target, uuid.uuid4()), sent)
            for thing in OBJECTS:
                if told(person, thing, method) == STRANGER:
                    address = path(name, target, things[target][thing])
                    assert visit(cast, person, method, address, sent).content == nowhere.content
                    compared += 1
    assert compared >= 8


@pytest.mark.parametrize("name", sorted(CLINICAL))
def test_a_clinical_page_that_is_read_leaves_an_event_and_a_refused_one_leaves_none(
    name, cast, things
):
    target, sent, told = MATRIX[name]
    method = "POST" if told("theo", "cleo", "GET") == NOT_SO else "GET"
    for person in PEOPLE:
        for thing in OBJECTS if target else [None]:
            with undone():
                before = AuditEvent.objects.count()
                address = path(name, target, things.get(target, {}).get(thing))
                status = visit(cast, person, method, address, sent).status_code
                written = AuditEvent.objects.count() - before
                is_in = status in {200, 302} and person in CLINICIANS
                assert (written > 0) == is_in, (person, thing, status)
                if is_in:
                    event = AuditEvent.objects.latest("pk")
                    assert event.actor == getattr(cast, person)
                    if target:
                        assert event.client_id == getattr(cast, thing).client_id


def hand_over(cast, device):
    """Let Theo, who is signed in there, hand over this device."""
    address = reverse("rating-ask", args=[hold(cast.cleo, weeks_ago=9).pk])
    return device.post(address, {"channel": "device"}).cookies


def make_tablet(cast, device):
    """Return the cookie of a tablet that shows a form of Theo's."""
    tablet, secret = invite_tablet(practice=cast.practice, name="Room 2", by=cast.mara)
    _tablet, key = pair_tablet(secret=secret)
    send_to_tablet(session=hold(cast.cleo, weeks_ago=9), tablet=tablet, by=cast.theo)
    return {"tablet": key}


# Devices on which there is no staff: how to get one, and what is there beside the form.
SEALED = {
    "handed over": (hand_over, {"health", "policy-report", "hand-back"}),
    "tablet": (make_tablet, {"health", "policy-report"}),
}


@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize("kind", SEALED)
def test_on_a_sealed_device_no_address_exists_whoever_was_signed_in(
    kind, name, cast, things, client
):
    """The cookie is there, and by some mistake a session of staff beside it."""
    seal, beside_the_form = SEALED[kind]
    target, sent, _told = MATRIX[name]
    nowhere = client.get("/nowhere/")
    client.force_login(cast.theo)
    sealed = Client(enforce_csrf_checks=True)
    sealed.cookies.update(client.cookies)
    for cookie, value in seal(cast, client).items():
        sealed.cookies[cookie] = getattr(value, "value", value)
    client.force_login(cast.theo)
    sealed.cookies["sessionid"] = client.cookies["sessionid"].value
    for thing in OBJECTS if target in things else [None]:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            address = path(name, target, things.get(target, {}).get(thing))
            with undone():
                answer = sealed.generic(method, address, urlencode(sent))
            if name in beside_the_form:
                assert answer.status_code != 404
            else:
                assert answer.status_code == 404
                assert answer.content == (b"" if method == "HEAD" else nowhere.content)
                assert answer.headers == nowhere.headers


@pytest.mark.parametrize("name", sorted(set(MATRIX) - SecondFactor.OPEN))
def test_without_the_second_factor_that_one_needs_no_address_opens(name, cast, things):
    target, sent, _told = MATRIX[name]
    Authenticator.objects.all().delete()
    User.objects.update(second_factor_asked_at=timezone.now())
    compared = 0
    for person in sorted(WITH_APP):
        for thing in OBJECTS if target in things else [None]:
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
                address = path(name, target, things.get(target, {}).get(thing))
                if getattr(resolve(address).func, "door", "") == "public":
                    continue
                before = AuditEvent.objects.count()
                client = Client()
                client.force_login(getattr(cast, person))
                with undone():
                    answer = client.generic(method, address, urlencode(sent))
                    written = AuditEvent.objects.count() - before
                assert answer.headers.get("Location") == reverse("mfa_index"), (person, method)
                assert (answer.status_code, written) == (302, 0)
                compared += 1
    assert compared >= 30 or getattr(resolve(address).func, "door", "") == "public"


def test_a_secret_that_nobody_gave_admits_nobody(cast, client):
    assert client.get(reverse("rate", args=["x" * 43])).status_code == 404
    assert client.post(reverse("rate", args=["x" * 43]), {"say": "7"}).status_code == 404


def test_ids_in_the_body_are_resolved_within_ones_own_places(cast, client):
    client.force_login(cast.theo)
    told = {
        "therapist": cast.members["olga"].pk,
        "code": "MINE",
        "modality": "individual",
        "language": "en",
    }
    answer = client.post(reverse("client-create"), told)
    assert answer.status_code == 200
    assert not cast.practice.clients.filter(code="MINE").exists()
    client.post(reverse("client-create"), told | {"therapist": cast.members["theo"].pk})
    assert cast.practice.clients.get(code="MINE").episodes.get().therapist.user == cast.theo


def test_only_declared_fields_of_a_form_change_anything(cast, sessions, client):
    client.force_login(cast.theo)
    session = sessions["cleo"]
    sent = {
        "happened": "held",
        "starts_at": f"{timezone.localtime(session.starts_at):%Y-%m-%dT%H:%M}",
        "minutes": "45",
        "setting": "video",
        "number": "99",
        "episode": str(cast.dora.pk),
        "episode_id": str(cast.dora.pk),
        "id": str(uuid.uuid4()),
        "status": "missed",
    }
    client.post(reverse("session-edit", args=[session.pk]), sent)
    session.refresh_from_db()
    assert (session.minutes, session.setting) == (45, "video")
    assert (session.number, session.episode, session.status) == (1, cast.cleo, "held")


def test_who_has_left_is_out_at_the_next_request(cast, client):
    client.force_login(cast.theo)
    assert client.get(reverse("episode", args=[cast.cleo.pk])).status_code == 200
    theo = cast.members["theo"]
    theo.ended_on = theo.started_on
    theo.save()
    # The sign-in ends with the last place; a new one finds nothing any more.
    for name, args in (("episode", [cast.cleo.pk]), ("caseload", [])):
        assert client.get(reverse(name, args=args)).status_code == 302
    client.force_login(cast.theo)
    for name, args in (("episode", [cast.cleo.pk]), ("caseload", [])):
        assert client.get(reverse(name, args=args)).status_code == 404

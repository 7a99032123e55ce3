"""No clinical page is read without a trace.

Every address, asked for by everyone: whatever is answered with a page leaves an
event in the trail, unless UNRECORDED says why it need not. A new address is
in neither list, and so fails until somebody has decided.
"""

import re

import pytest
from django.urls import reverse

from sessions_app.access.models import AuditEvent
from tests import test_access_matrix as matrix
from tests.conftest import look
from tests.test_access_matrix import MATRIX, OBJECTS, PEOPLE, path, undone, visit

things = matrix.things
all_of_them = matrix.all_of_them
CODES = re.compile(rb"\b(CLEO|DORA|EMIL|AMY|BEA|CAL|XARA|LEVI)\b")

NO_CLIENT = "no client is on it"
OWN_ACCOUNT = "one's own account"
BEFORE_SIGNING_IN = "nobody is signed in yet, and nobody's data are shown"
UNRECORDED = {
    "health": NO_CLIENT,
    "rate": "the client's own form: it shows questions, never an answer",
    "calendar-feed": "for a program that does not sign in; written down once a day",
    "calendar": "an address, and no client; making and ending it are recorded",
    "standing": "a PIN is asked for; nothing of whose it is",
    "sheets": "asks for a sheet's code; looking one up is recorded",
    "reception-sheets": "asks for a sheet's code; looking one up is recorded",
    "measures": "questionnaires of a practice; no client",
    "measure": "a questionnaire; no client",
    "measure-upload": "a questionnaire; no client, and adding one is recorded",
    "measure-write": "a questionnaire; no client, and adding one is recorded",
    "measure-edit": "a questionnaire; no client, and changing one is recorded",
    "measure-licence": "a licence; no client, and attesting one is recorded",
    "measure-preview": "a questionnaire as clients see it; no client",
    "join": NO_CLIENT,
    "join-own": NO_CLIENT,
    "home": NO_CLIENT,
    "client-create": "a form without any client on it; adding one is recorded",
    "people": "people of the practice and numbers of clients, no code",
    "invite": "people of the practice, no client",
    "member-duties": "what a person does; no client",
    "supervision-create": "people of the practice, no client",
    "supervision-end": "people of the practice, no client",
    "practice-asking-rules": "what a practice asks; no client, and choosing is recorded",
    "practice-crisis": "what a practice tells its clients; no client, and writing it is recorded",
    "practice-own-first": "what a practice has chosen; no client, and choosing is recorded",
    "own-first": "what one has chosen for oneself; no client, and choosing is recorded",
    "sensitivity": "counts, none so small that it points at a client; choosing is recorded",
    "prompts-change": "what could help, in a practice's words; no client, and it is recorded",
    "digest": "how often one wants news; no client, and choosing is recorded",
    "tablet-pair": "a device and a practice; no client, and nobody is signed in on it",
    "tablets": "devices of the practice; no client",
    "tablet-invite": "the name of a device; no client, and inviting it is recorded",
    "clients-trail": "who else read one's own clients: a look at the trail of oneself",
    **dict.fromkeys(
        (
            "account_login",
            "account_signup",
            "account_inactive",
            "account_reset_password",
            "account_reset_password_done",
            "account_reset_password_from_key",
            "account_reset_password_from_key_done",
        ),
        BEFORE_SIGNING_IN,
    ),
    **dict.fromkeys(
        (
            "account_logout",
            "account_set_password",
            "mfa_reauthenticate",
            "mfa_reauthenticate_webauthn",
            "mfa_index",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_add_webauthn",
            "passkey-remove",
            "mfa_generate_recovery_codes",
        ),
        OWN_ACCOUNT,
    ),
}
# Against an empty list: these show clients, so somebody must have been shown them here.
OF_CLIENTS = {
    *("episode", "episode-csv", "episode-series", "session-create", "session-edit"),
    *("session-plan", "session-planned"),
    *("rating-ask", "consent", "caseload", "caseload-supervised", "emergency", "emergencies"),
    *("practice-emergencies", "practice-trail", "member", "member-leave", "hand-over"),
    *("reception", "reception-today", "ask-today", "episode-asking"),
    *("rating-follow-up", "flag-acknowledge", "reflection"),
}
METHODS = ("GET", "HEAD", "POST")


def ask(cast, person, method, address, sent):
    if method != "HEAD":
        return visit(cast, person, method, address, sent)
    client = matrix.Client()
    if person != "anonymous":
        client.force_login(cast.root if person == "root" else getattr(cast, person))
    return client.head(address)


def pages(name, cast, things):
    """Yield each page with which this address answers anybody, and the events that it left."""
    target, sent, _told = MATRIX[name]
    for person in PEOPLE:
        for thing in OBJECTS if target in things else [None]:
            for method in METHODS:
                address = path(name, target, things.get(target, {}).get(thing))
                with undone():
                    before = AuditEvent.objects.count()
                    answer = ask(cast, person, method, address, sent)
                    if answer.status_code == 200:
                        told = list(AuditEvent.objects.order_by("pk")[before:])
                        yield (person, thing, method), answer, told


@pytest.mark.parametrize("name", [name for name in MATRIX if name not in UNRECORDED])
def test_whatever_is_shown_leaves_an_event_of_who_saw_it(name, cast, things):
    shown = 0
    for who, _answer, events in pages(name, cast, things):
        assert events, who
        assert {event.actor for event in events} == {getattr(cast, who[0])}, who
        shown += 1
    assert shown or name not in OF_CLIENTS


@pytest.mark.parametrize("name", sorted(set(UNRECORDED) - {"clients-trail"}))
def test_what_need_not_be_recorded_shows_no_client_to_anybody(name, cast, things):
    shown = 0
    for who, answer, _events in pages(name, cast, things):
        assert not CODES.search(answer.content), who
        shown += 1
    assert shown or name == "home"


def test_of_clients_read_only_ones_own_are_told_to_whom_it_concerns(cast, client):
    look(cast.cleo, cast.sue)
    for person, is_told in (("theo", True), ("olga", False)):
        client.force_login(getattr(cast, person))
        assert bool(CODES.search(client.get(reverse("clients-trail")).content)) == is_told


def test_nothing_is_left_out_that_does_not_exist():
    assert set(UNRECORDED) | OF_CLIENTS <= set(MATRIX)
    assert not OF_CLIENTS & set(UNRECORDED)
    assert not matrix.CLINICAL & set(UNRECORDED)

"""Every address × every kind of person × own and foreign objects × GET and POST.

The table below is the whole of it: an address that is not in it fails, and so
does any answer that differs from it. A stranger's 404 is the very page that
an address without anything behind it gives.
"""

import uuid
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from sessions_app.access.models import AuditEvent
from tests.conftest import ask

PEOPLE = ["anonymous", "theo", "sue", "olga", "nils", "mara", "rita", "root"]
CLINICIANS = {"theo", "sue", "olga", "nils"}
OBJECTS = ["cleo", "dora", "emil"]
READS = {"cleo": {"theo", "sue"}, "dora": {"olga"}, "emil": {"nils"}}
HOLDS = {"cleo": {"theo"}, "dora": {"olga"}, "emil": {"nils"}}
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


def managers(person, name, method):
    """Let in who manages the practice of Cleo and Dora; for all others it does not exist."""
    if person == "anonymous":
        return SIGN_IN
    if person == "mara" and name in {"cleo", "dora"}:
        return 200 if method == "GET" else 302
    return STRANGER


def home(person, name, method):
    if person == "anonymous":
        return SIGN_IN
    if method == "POST":
        return NOT_SO
    return 302 if person in CLINICIANS else 200


# name of the address: (what is asked for, what is sent, what each person is answered)
MATRIX = {
    # Anyone
    "health": (None, {}, everyone(200, NOT_SO)),
    "rate": ("secret", {"sent": "1", "say": "7"}, everyone(200, 302)),
    "demo-sign-in": ("token", {}, everyone(404, NOT_SO)),
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
    # Whoever is signed in
    "home": (None, {}, home),
    # Managers, and what is theirs
    "sensitivity": ("practice", {"preset": "quiet"}, managers),
    # Clinicians, and what is theirs
    "client-create": (None, {}, clinicians(200, 200)),
    "caseload": (None, {}, clinicians(200, NOT_SO)),
    "caseload-supervised": (None, {}, clinicians(200, NOT_SO)),
    "episode": ("episode", {}, by_object(READS, 200, NOT_SO)),
    "episode-csv": ("episode", {}, by_object(READS, 200, NOT_SO)),
    "episode-series": ("episode", {}, by_object(READS, 200, NOT_SO)),
    "session-create": ("episode", {}, by_object(HOLDS, 200, 200)),
    "session-edit": ("session", {}, by_object(HOLDS, 200, 200)),
    "rating-ask": ("session", {"channel": "link"}, by_object(HOLDS, 200, 302)),
    "rating-own": ("session", {}, by_object(HOLDS, NOT_SO, 302)),
}
CLINICAL = {
    name for name, (target, *_rest) in MATRIX.items() if target in {"episode", "session"}
} | {"caseload", "caseload-supervised"}


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
    return reverse(name, args=[thing])


@pytest.fixture
def things(cast, sessions):
    """What addresses ask for, by kind and by the client's name."""
    return {
        "episode": {name: getattr(cast, name).pk for name in OBJECTS},
        "session": {name: sessions[name].pk for name in OBJECTS},
        "secret": {name: ask(sessions[name])[1] for name in OBJECTS},
        "token": dict.fromkeys(OBJECTS, "MQ.forged"),
        "practice": {name: getattr(cast, name).therapist.practice_id for name in OBJECTS},
    }


def visit(cast, person, method, address, sent):
    client = Client()
    if person != "anonymous":
        user = cast.root if person == "root" else getattr(cast, person)
        client.force_login(user)
    return client.get(address) if method == "GET" else client.post(address, sent)


def test_the_matrix_has_a_row_for_every_address_and_no_other():
    assert sorted(addresses()) == sorted(MATRIX)


@pytest.mark.parametrize("name", MATRIX)
def test_each_person_gets_the_answer_that_the_matrix_tells(name, cast, things):
    target, sent, told = MATRIX[name]
    found, expected = {}, {}
    for person in PEOPLE:
        for thing in OBJECTS if target in things else [None]:
            for method in ("GET", "POST"):
                address = path(name, target, things.get(target, {}).get(thing))
                with undone():
                    answer = visit(cast, person, method, address, sent)
                found[person, thing, method] = answer.status_code
                expected[person, thing, method] = told(person, thing, method)
    assert found == expected


@pytest.mark.parametrize("name", sorted(CLINICAL))
def test_no_page_names_a_client_beyond_the_readers_reach(name, cast, things):
    target, sent, _told = MATRIX[name]
    for person in PEOPLE:
        for thing in OBJECTS if target else [None]:
            for method in ("GET", "POST"):
                address = path(name, target, things.get(target, {}).get(thing))
                with undone():
                    body = visit(cast, person, method, address, sent).content.decode()
                for client, readers in READS.items():
                    if person not in readers:
                        assert client.upper() not in body, (person, thing, method, client)


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
        "starts_at": session.starts_at.strftime("%Y-%m-%dT%H:%M"),
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
    assert client.get(reverse("episode", args=[cast.cleo.pk])).status_code == 404
    assert client.get(reverse("caseload")).status_code == 404

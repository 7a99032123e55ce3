"""Messages that come back: noted by hand, or by what a mail provider tells."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from alliance.ratings.models import RatingRequest
from alliance.sending.actions import ask_by_message
from alliance.sending.links import message_id
from alliance.sending.pages import present_funnel
from sessions_app.access.models import AuditEvent
from tests.conftest import hold
from tests.test_access_matrix import by_mail

KEY = "k" * 40


@pytest.fixture(autouse=True)
def with_key(settings):
    settings.BOUNCE_KEY = KEY


@pytest.fixture
def sent(cast):
    """A message to Cleo that went out, and one to Dora."""
    found = {}
    for name, session in by_mail(cast).items():
        found[name] = ask_by_message(session=session, way="email", by=None)
        RatingRequest.objects.filter(pk=found[name].pk).update(sent_at=timezone.now())
    return found


def tell(client, body, *, key=KEY):
    headers = {"authorization": f"Bearer {key}"} if key is not None else {}
    return client.post(
        reverse("bounces"),
        body if isinstance(body, str | bytes) else json.dumps(body),
        content_type="application/json",
        headers=headers,
    ).status_code


def bounced():
    return set(
        RatingRequest.objects.exclude(bounced_at=None).values_list(
            "session__episode__client__code", flat=True
        )
    )


def test_a_provider_tells_by_the_message_id_alone_that_a_message_came_back(cast, sent, client):
    told = {"message_id": message_id(sent["cleo"].messages.get())}
    for _time in range(2):
        assert tell(client, told) == 204
    assert bounced() == {"CLEO"}
    event = AuditEvent.objects.get(verb="rating.bounced")
    assert (event.actor, event.client_id) == (None, cast.cleo.client_id)
    row = present_funnel(cast.cleo).rows[0]
    assert "check the address" in row.trouble
    assert [step.what for step in row.steps][-1] == "Came back"


@pytest.mark.parametrize("key", [None, "", "x" * 40, KEY[:-1], KEY + "k"])
def test_without_the_right_key_there_is_nothing_here(sent, client, key):
    assert tell(client, {"message_id": message_id(sent["cleo"].messages.get())}, key=key) == 404
    assert not bounced()


def test_where_no_key_was_chosen_none_is_right(sent, client, settings):
    settings.BOUNCE_KEY = ""
    for key in (None, "", KEY):
        assert tell(client, {"message_id": message_id(sent["cleo"].messages.get())}, key=key) == 404


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "3", "null", "{}", '{"message_id": 3}', b"\xff"),
        *("[" * 5000, "x" * 20_000),
    ],
)
def test_what_is_not_understood_is_refused(sent, client, body):
    assert tell(client, body) == 400


@pytest.mark.parametrize(
    "told", ["<a@b>", "", "<00000000000040008000000000000000.invitation@127.0.0.1>"]
)
def test_a_message_that_is_not_ours_is_answered_like_one_that_is(sent, client, told):
    assert tell(client, {"message_id": told}) == 204
    assert not bounced()


def test_whoever_tries_keys_is_slowed_down(db, client):
    statuses = [tell(client, {}, key="x") for _time in range(12)]
    assert statuses[0] == 404
    assert statuses[-1] == 429
    assert tell(client, {}) == 400  # The right key is never locked.


def test_a_therapist_notes_by_hand_that_a_message_came_back(cast, sent, client):
    client.force_login(cast.theo)
    page = reverse("episode-asking", args=[cast.cleo.pk])
    assert "It came back" in client.get(page).content.decode()
    assert client.post(reverse("asked-bounced", args=[sent["cleo"].pk])).status_code == 302
    assert client.post(reverse("asked-bounced", args=[sent["dora"].pk])).status_code == 404
    assert bounced() == {"CLEO"}
    shown = client.get(page).content.decode()
    assert "Please check the address with your client" in shown
    assert "It came back</" not in shown


def test_the_next_message_that_arrives_takes_the_warning_away(cast, sent, client):
    client.force_login(cast.theo)
    client.post(reverse("asked-bounced", args=[sent["cleo"].pk]))
    ask_by_message(session=hold(cast.cleo), way="email", by=cast.theo)
    assert not present_funnel(cast.cleo).bounced

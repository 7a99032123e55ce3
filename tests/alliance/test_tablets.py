"""Tablets of a practice: paired once, one form at a time, never a session of staff."""

import re
import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils import timezone

from alliance.asking.actions import (
    AlreadyClosed,
    NothingToRate,
    request_rating,
    send_to_tablet,
)
from alliance.logs import mask
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.actions import join_practice
from sessions_app.access.models import AuditEvent
from sessions_app.clients.models import ClientIdentity
from sessions_app.places.actions import lock_membership
from sessions_app.sessions.actions import correct_session
from sessions_app.tablets.actions import (
    NotToBePaired,
    TabletRevoked,
    invite_tablet,
    pair_tablet,
    revoke_tablet,
)
from sessions_app.tablets.models import Tablet
from tests.conftest import ITEMS, ask, asked_of_tables, confirm, hold

COOKIE = "tablet"
HERE = "/tablet/"
WAITING = "/tablet/waiting/"
CLEAR = "/tablet/clear/"
GOOD = dict.fromkeys(ITEMS, "7") | {"sent": "1"}
NOTHING = "There is nothing to fill in right now."
QUESTIONS = "Send my answers"


@pytest.fixture
def session(cast):
    return hold(cast.cleo)


@pytest.fixture
def invited(cast):
    """Return a tablet that Mara has prepared, and the secret that pairs it."""
    return invite_tablet(practice=cast.practice, name="Room 2", by=cast.mara)


@pytest.fixture
def device(invited, client):
    """Return a device that has been paired."""
    assert client.post(pairing(invited[1])).status_code == 302
    return client


@pytest.fixture
def desk(cast):
    """Return the computer at which Theo is signed in."""
    desk = Client()
    desk.force_login(cast.theo)
    return desk


@pytest.fixture
def manager(cast):
    manager = Client()
    manager.force_login(cast.mara)
    return manager


def pairing(secret):
    return reverse("tablet-pair", args=[secret])


def send(desk, session, tablet=None, **more):
    tablet = tablet or Tablet.objects.standing().get()
    return desk.post(reverse("rating-ask", args=[session.pk]), {"tablet": tablet.pk, **more})


def asked():
    return RatingRequest.objects.filter(channel="tablet").latest("asked_at")


def which(device):
    return device.get(WAITING).json()["which"]


def answer(device, **more):
    return device.post(HERE, GOOD | {"which": which(device)} | more)


def text(device):
    return device.get(HERE).content.decode()


def let_pass(**by):
    """Set back all that runs out about the tablet and what it shows, as if that time had passed."""
    by = timedelta(**by)
    for tablet in Tablet.objects.all():
        for name in ("invited_at", "expires_at", "form_until", "last_seen_at"):
            moment = getattr(tablet, name)
            setattr(tablet, name, moment - by if moment else None)
        tablet.save()
    for request in RatingRequest.objects.filter(channel="tablet"):
        request.asked_at, request.expires_at = request.asked_at - by, request.expires_at - by
        request.save()


# --- Preparing and pairing ---


def test_a_manager_names_a_tablet_and_is_shown_its_code_once(cast, manager):
    page = manager.post(reverse("tablet-invite", args=[cast.practice.pk]), {"name": " Room 2 "})
    body = page.content.decode()
    secret = re.search(r"/pair/([\w-]{43})/", body).group(1)
    assert "<svg" in body
    assert f'value="http://testserver/pair/{secret}/"' in body
    tablet = Tablet.objects.get()
    assert (tablet.name, tablet.expires_at - tablet.invited_at) == ("Room 2", timedelta(minutes=15))
    assert secret not in str(Tablet.objects.values())
    assert secret not in manager.get(reverse("tablets", args=[cast.practice.pk])).content.decode()


def test_changes_ask_the_manager_for_the_second_factor_once_more(cast, manager, invited):
    confirm(manager, cast.mara, seconds_ago=301)
    assert manager.get(reverse("tablets", args=[cast.practice.pk])).status_code == 200
    for name, args in (("tablet-invite", [cast.practice.pk]), ("tablet-revoke", [invited[0].pk])):
        answered = manager.post(reverse(name, args=args), {"name": "Room 3"})
        assert answered.headers["Location"].startswith(reverse("mfa_reauthenticate"))
    assert Tablet.objects.get().revoked_at is None


def test_two_tablets_of_a_practice_do_not_share_a_name(cast, manager, device):
    add = reverse("tablet-invite", args=[cast.practice.pk])
    assert (
        "already has a tablet of this name"
        in manager.post(add, {"name": "ROOM 2"}).content.decode()
    )
    assert Tablet.objects.count() == 1


def test_a_name_that_hides_something_is_refused_beside_the_field(cast, manager):
    add = reverse("tablet-invite", args=[cast.practice.pk])
    answer = manager.post(add, {"name": "\u202e2 mooR"})
    assert list(answer.context["form"].errors) == ["name"]
    assert not Tablet.objects.exists()


def test_a_tablet_that_still_waits_is_replaced_by_one_of_its_name(cast, invited):
    _again, secret = invite_tablet(practice=cast.practice, name="room 2", by=cast.mara)
    assert Client().get(pairing(invited[1])).status_code == 404
    assert Client().get(pairing(secret)).status_code == 200


def test_looking_at_the_code_changes_nothing(invited):
    before = Tablet.objects.values().get()
    for _time in range(3):
        device = Client()
        assert device.get(pairing(invited[1])).status_code == 200
        assert device.head(pairing(invited[1])).status_code == 200
        assert COOKIE not in device.cookies
    assert Tablet.objects.values().get() == before


def test_pairing_leaves_a_key_that_only_this_site_gets_and_no_script_reads(invited, client):
    answered = client.post(pairing(invited[1]))
    cookie = answered.cookies[COOKIE]
    assert answered.headers["Location"] == HERE
    assert answered.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Strict")
    assert cookie["httponly"]
    assert cookie["max-age"] == 400 * 24 * 60 * 60
    assert len(cookie.value) == 43
    assert cookie.value not in str(Tablet.objects.values())
    assert len(Tablet.objects.get().key_digest) == 64


def test_a_code_pairs_one_device(invited, device):
    other = Client()
    assert other.get(pairing(invited[1])).status_code == 404
    assert other.post(pairing(invited[1])).status_code == 404
    assert COOKIE not in other.cookies
    with pytest.raises(NotToBePaired):
        pair_tablet(secret=invited[1])
    assert NOTHING in text(device)


def test_of_ten_devices_at_once_exactly_one_is_paired(committed, cast):
    _tablet, secret = invite_tablet(practice=cast.practice, name="Room 2", by=cast.mara)
    outcomes, gate = [], threading.Barrier(10)

    def try_it():
        gate.wait()
        try:
            outcomes.append(pair_tablet(secret=secret)[1])
        except NotToBePaired:
            outcomes.append(None)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it) for _device in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [key for key in outcomes if key]
    assert (len(outcomes), len(keys)) == (10, 1)
    assert Tablet.objects.with_key(keys[0]).exists()
    assert AuditEvent.objects.filter(verb="tablet.paired").count() == 1


def test_a_code_ends_after_fifteen_minutes(invited):
    let_pass(minutes=14.9)
    assert Client().get(pairing(invited[1])).status_code == 200
    let_pass(minutes=0.2)
    assert Client().get(pairing(invited[1])).status_code == 404
    assert Client().post(pairing(invited[1])).status_code == 404


def test_a_code_of_a_manager_who_is_locked_out_pairs_nothing(cast, invited):
    join_practice(practice=cast.practice, email="max@example.org", is_manager=True)
    lock_membership(membership=cast.members["mara"], by=cast.root)
    assert Client().post(pairing(invited[1])).status_code == 404


def test_whoever_is_signed_in_on_the_device_is_signed_out_by_pairing(cast, invited, desk):
    session_of_staff = desk.cookies["sessionid"].value
    desk.post(pairing(invited[1]))
    assert not get_user(desk).is_authenticated
    copy = Client()
    copy.cookies["sessionid"] = session_of_staff
    assert copy.get(reverse("caseload")).headers["Location"].startswith("/sign-in/")


def test_a_page_elsewhere_cannot_pair_a_device(invited):
    careful = Client(enforce_csrf_checks=True)
    assert careful.post(pairing(invited[1])).status_code == 403
    page = careful.get(pairing(invited[1])).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    answered = careful.post(pairing(invited[1]), {"csrfmiddlewaretoken": token})
    assert answered.headers["Location"] == HERE


def test_no_log_keeps_a_code():
    assert mask("GET /pair/" + "x" * 43 + "/ 200") == "GET /pair/***/ 200"


# --- What is on a tablet ---


def test_a_tablet_that_was_sent_nothing_is_blank(device):
    page = device.get(HERE)
    assert NOTHING in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert which(device) == ""


def test_a_tablet_has_six_addresses_and_no_page_of_staff():
    patterns = get_resolver("alliance.asking.tablet_urls").url_patterns
    assert [pattern.name for pattern in patterns] == [
        "tablet",
        "tablet-waiting",
        "tablet-clear",
        "health",
        "policy-report",
        "nothing-else",
    ]


def test_without_the_key_those_addresses_do_not_exist(device):
    stranger = Client()
    nowhere = stranger.get("/nowhere/")
    for address in (HERE, WAITING, CLEAR):
        for answered in (stranger.get(address), stranger.post(address)):
            assert (answered.status_code, answered.content) == (404, nowhere.content)


def test_no_session_of_staff_is_looked_at_beside_the_key(cast, device, desk):
    device.cookies["sessionid"] = desk.cookies["sessionid"].value
    assert desk.get(reverse("caseload")).status_code == 200
    for address in (reverse("caseload"), "/caseload", reverse("account_login"), "/pair/x/"):
        assert device.get(address).content == device.get("/nowhere/").content
    assert NOTHING in text(device)


def test_beside_a_key_a_device_handed_over_is_a_tablet(cast, session, device, desk):
    """Whichever came first: nothing on a tablet leads back to staff."""
    desk.post(reverse("rating-ask", args=[session.pk]), {"channel": "device"})
    device.cookies["hand-over"] = desk.cookies["hand-over"].value
    assert device.get("/hand-over/").status_code == 404
    assert device.post("/hand-over/back/").status_code == 404
    assert NOTHING in text(device)
    assert RatingRequest.objects.get().strays == 0


def test_once_the_tablet_is_revoked_the_device_is_handed_over_still(cast, session, device, desk):
    desk.post(reverse("rating-ask", args=[session.pk]), {"channel": "device"})
    device.cookies["hand-over"] = desk.cookies["hand-over"].value
    revoke_tablet(tablet=Tablet.objects.get(), by=cast.mara)
    assert device.get(HERE).status_code == 404
    assert QUESTIONS in device.get("/hand-over/").content.decode()
    assert device.get(reverse("caseload")).status_code == 404


def test_a_key_is_no_link_and_no_grant(cast, device):
    key = device.cookies[COOKIE].value
    assert Client().get(reverse("rate", args=[key])).status_code == 404
    other = Client()
    other.cookies["hand-over"] = key
    assert other.get("/hand-over/").status_code == 404
    _asked, link = ask(hold(cast.cleo))
    other = Client()
    other.cookies[COOKIE] = link
    assert other.get(HERE).status_code == 404


def test_what_is_asked_on_a_tablet_opens_nowhere_else(cast, session):
    told = {"session": session, "respondent": "client", "by": cast.theo}
    _asked, secret = request_rating(**told, channel="tablet")
    other = Client()
    assert other.get(reverse("rate", args=[secret])).status_code == 404
    assert other.post(reverse("rate", args=[secret]), GOOD).status_code == 404
    other.cookies["hand-over"] = secret
    assert other.get("/hand-over/").status_code == 404
    other = Client()
    other.cookies[COOKIE] = secret
    assert other.get(HERE).status_code == 404


def test_each_page_lets_the_key_last_on(device):
    assert device.get(HERE).cookies[COOKIE]["max-age"] == 400 * 24 * 60 * 60


def test_looking_and_waiting_change_nothing_on_a_blank_tablet(device):
    text(device)
    before = Tablet.objects.values().get()
    for _time in range(5):
        device.get(HERE)
        device.get(WAITING)
    assert Tablet.objects.values().get() == before


def test_when_it_was_last_heard_of_is_stored_once_a_minute(device):
    device.get(WAITING)
    seen = Tablet.objects.get().last_seen_at
    assert timezone.now() - seen < timedelta(seconds=10)
    with CaptureQueriesContext(connection) as told:
        device.get(WAITING)
    assert len(asked_of_tables(told)) == 1
    let_pass(minutes=1)
    device.get(WAITING)
    assert Tablet.objects.get().last_seen_at > seen


# --- Sending ---


def test_a_form_is_sent_and_the_page_says_where(cast, session, device, desk):
    assert "Send to Room 2" in desk.get(reverse("rating-ask", args=[session.pk])).content.decode()
    page = send(desk, session)
    assert "Sent to Room 2" in page.content.decode()
    assert get_user(desk) == cast.theo
    request = asked()
    assert request.expires_at - request.asked_at == timedelta(minutes=15)
    assert Tablet.objects.get().form_digest == request.token_digest
    assert AuditEvent.objects.latest("pk").verb == "rating.asked"
    assert which(device)
    form = text(device)
    assert QUESTIONS in form
    assert "Read by your therapist and their supervisor." in form


def test_a_reload_of_that_page_ends_nothing(cast, session, device, desk):
    send(desk, session)
    assert send(desk, session).status_code == 302
    assert RatingRequest.objects.count() == 1


def test_only_tablets_of_the_therapists_own_practice_are_offered_and_taken(cast, session, device):
    nora = join_practice(practice=cast.elsewhere, email="nora@example.org", is_manager=True)
    _there, secret = invite_tablet(practice=cast.elsewhere, name="Attic", by=nora.user)
    there, _key = pair_tablet(secret=secret)
    waiting, _secret = invite_tablet(practice=cast.practice, name="Room 3", by=cast.mara)
    for name, episode, own in (("theo", cast.cleo, "Room 2"), ("nils", cast.emil, "Attic")):
        desk = Client()
        desk.force_login(getattr(cast, name))
        page = reverse("rating-ask", args=[hold(episode, weeks_ago=1).pk])
        offered = re.findall(r"Send to ([\w ]+?)\s*<", desk.get(page).content.decode())
        assert offered == [own]
        foreign = Tablet.objects.exclude(name=own).values_list("pk", flat=True)
        for wrong in [*foreign, "", "x", "0" * 36]:
            assert desk.post(page, {"tablet": wrong}).status_code == 404
            assert desk.post(page, {"tablet": wrong, "channel": "link"}).status_code == 404
        assert desk.post(page, {"channel": "tablet"}).status_code == 404
    assert not RatingRequest.objects.exists()
    assert {waiting.form_digest, there.form_digest} == {""}


def test_a_therapist_at_two_practices_sends_only_within_the_clients_own(cast, session, device):
    join_practice(practice=cast.practice, email="nils@example.org", is_clinician=True)
    desk = Client()
    desk.force_login(cast.nils)
    assert send(desk, hold(cast.emil)).status_code == 404


def test_whoever_may_not_ask_sends_nothing(cast, session, device):
    for name in ("sue", "olga", "mara", "rita"):
        desk = Client()
        desk.force_login(getattr(cast, name))
        assert send(desk, session).status_code == 404
    assert which(device) == ""


def test_what_is_sent_takes_the_place_of_what_was_there(cast, device, desk):
    send(desk, hold(cast.cleo, weeks_ago=1))
    before = which(device)
    olga = Client()
    olga.force_login(cast.olga)
    page = olga.get(reverse("rating-ask", args=[hold(cast.dora).pk])).content.decode()
    assert "A form is on this tablet now." in page
    send(olga, cast.dora.sessions.get())
    assert which(device) not in {"", before}
    # What is still open in the browser is not stored as what somebody else said.
    assert device.post(HERE, GOOD | {"which": before}).headers["Location"] == HERE
    assert device.post(HERE, GOOD).headers["Location"] == HERE
    assert device.post(CLEAR, {"which": before}).headers["Location"] == HERE
    assert not Rating.objects.exists()
    answer(device)
    assert Rating.objects.get().session.episode == cast.dora


def test_to_a_tablet_that_was_just_revoked_nothing_is_sent(cast, session, device):
    tablet = Tablet.objects.get()
    revoke_tablet(tablet=tablet, by=cast.mara)
    with pytest.raises(TabletRevoked):
        send_to_tablet(session=session, tablet=tablet, by=cast.theo)
    assert not RatingRequest.objects.exists()


def test_a_tablet_that_is_not_heard_of_is_said_to_be_so(session, device, desk):
    text(device)
    page = reverse("rating-ask", args=[session.pk])
    assert "Is it switched on?" not in desk.get(page).content.decode()
    let_pass(minutes=4)
    assert "Is it switched on?" in desk.get(page).content.decode()
    assert "Is it switched on?" in send(desk, session).content.decode()


# --- Answering ---


def test_the_answer_is_stored_and_thanked_without_data(session, device, desk):
    send(desk, session)
    answered = answer(device, comment="Grmpf.")
    assert (answered.status_code, answered.headers["Location"]) == (302, HERE)
    rating = Rating.objects.get()
    assert (rating.written.text, rating.total, rating.request.channel) == ("Grmpf.", 7, "tablet")
    page = text(device)
    assert "Please hand the device back." in page
    assert "Grmpf" not in page
    said = re.sub(r"<[^>]+>", "", page.split("<main>")[1].split("</main>")[0])
    assert not re.search(r"\d", said)
    assert which(device) == ""


def test_twenty_seconds_later_it_is_blank(session, device, desk):
    send(desk, session)
    answer(device)
    let_pass(seconds=19)
    assert "Thank you" in text(device)
    let_pass(seconds=1.1)
    assert NOTHING in text(device)
    assert which(device) == ""


def test_the_button_on_the_thanks_makes_it_blank_at_once(session, device, desk):
    send(desk, session)
    answer(device)
    told = re.search(r'name="which" value="(\w+)"', text(device)).group(1)
    assert device.post(CLEAR, {"which": told}).headers["Location"] == HERE
    assert NOTHING in text(device)
    assert asked().closing == "answered"
    assert Tablet.objects.get().form_digest == ""


def test_a_form_that_is_filled_in_after_all_stays_for_its_time_and_what_is_sent_arrives(
    device, desk, session
):
    send(desk, session)
    begun = {"which": which(device)}
    until = Tablet.objects.get().form_until
    device.post(HERE, begun | {"deed": "skip"})
    assert Tablet.objects.get().form_until < until
    device.post(HERE, begun | {"deed": "again"})
    assert QUESTIONS in text(device)
    assert (which(device), Tablet.objects.get().form_until) == (begun["which"], until)
    let_pass(minutes=5)
    assert "Thank you" in device.post(HERE, GOOD | begun, follow=True).content.decode()
    assert Rating.objects.get().total == 7
    let_pass(seconds=21)
    assert NOTHING in text(device)


def test_a_second_answer_leaves_no_trace(session, device, desk):
    send(desk, session)
    before = which(device)
    answer(device)
    device.post(HERE, GOOD | {"which": before, "say": "1"})
    assert Rating.objects.get().answers["say"] == 7


@pytest.mark.parametrize("refusal", [AlreadyClosed, NothingToRate])
def test_a_form_that_closes_while_it_is_sent_leaves_no_page_of_errors(
    session, device, desk, monkeypatch, refusal
):
    def refused(**_told):
        raise refusal

    send(desk, session)
    monkeypatch.setattr("alliance.asking.answering.submit_rating", refused)
    answered = answer(device)
    assert (answered.status_code, answered.headers["Location"]) == (302, HERE)
    assert not Rating.objects.exists()


def test_a_form_with_a_mistake_says_so_and_keeps_what_was_marked(session, device, desk):
    send(desk, session)
    page = answer(device, say="99")
    assert page.status_code == 422
    assert page.content.decode().split("Who may read")[0].count(" checked") == 5
    assert answer(device).status_code == 302


def test_a_page_elsewhere_cannot_send_or_close_the_form(session, device, desk):
    send(desk, session)
    careful = Client(enforce_csrf_checks=True)
    careful.cookies.update(device.cookies)
    told = {"which": which(device)}
    assert careful.post(HERE, GOOD | told).status_code == 403
    assert careful.post(CLEAR, told).status_code == 403
    page = careful.get(HERE).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    assert careful.post(HERE, GOOD | told | {"csrfmiddlewaretoken": token}).status_code == 302


def test_no_secret_and_no_id_is_on_the_tablet(session, device, desk):
    send(desk, session)
    shown = text(device) + device.get(WAITING).content.decode()
    for told in (session.pk, session.episode_id, asked().pk, asked().token_digest, "CLEO"):
        assert str(told) not in shown
    assert device.cookies[COOKIE].value not in shown


def test_who_reads_arabic_is_asked_and_thanked_in_arabic(cast, session, device, desk):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    send(desk, session)
    form = text(device)
    assert '<html lang="ar"' in form
    assert 'dir="rtl"' in form
    assert "إغلاق هذا النموذج" in form
    answer(device)
    assert '<html lang="ar"' in text(device)
    let_pass(seconds=21)
    assert '<html lang="en"' in text(device)


# --- How a form ends unanswered ---


def test_after_fifteen_minutes_it_is_over_also_for_a_form_that_was_open(session, device, desk):
    send(desk, session)
    told = which(device)
    let_pass(minutes=14.9)
    assert QUESTIONS in text(device)
    let_pass(minutes=0.2)
    assert which(device) == ""
    assert device.post(HERE, GOOD | {"which": told}).headers["Location"] == HERE
    assert NOTHING in text(device)
    assert not Rating.objects.exists()


def test_closing_it_ends_the_asking(session, device, desk):
    send(desk, session)
    device.post(CLEAR, {"which": which(device)})
    assert NOTHING in text(device)
    assert asked().closing == "ended"
    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.actor) == ("rating.ended_on_tablet", None)
    page = desk.get(reverse("rating-ask", args=[session.pk])).content.decode()
    assert "not answered yet" not in page


def test_asking_in_another_way_ends_it(cast, session, device, desk):
    send(desk, session)
    request_rating(session=session, respondent="client", channel="link", by=cast.theo)
    assert NOTHING in text(device)
    assert asked().closing == "replaced"


def test_a_session_that_turns_out_missed_is_not_asked_about(cast, session, device, desk):
    send(desk, session)
    correct_session(session=session, by=cast.theo, status="missed")
    assert which(device) == ""
    assert NOTHING in text(device)


def test_a_form_closes_when_its_therapist_is_locked_out(cast, session, device, desk):
    send(desk, session)
    told = which(device)
    lock_membership(membership=cast.members["theo"], by=cast.mara)
    assert which(device) == ""
    device.post(HERE, GOOD | {"which": told})
    assert NOTHING in text(device)
    assert not Rating.objects.exists()


# --- Revoking ---


def test_a_revoked_tablet_is_like_any_device_from_its_next_request_on(
    cast, session, device, desk, manager
):
    send(desk, session)
    copy = Client()
    copy.cookies[COOKIE] = device.cookies[COOKIE].value
    tablet = Tablet.objects.get()
    answered = manager.post(reverse("tablet-revoke", args=[tablet.pk]))
    assert answered.headers["Location"] == reverse("tablets", args=[cast.practice.pk])
    assert copy.post(HERE, GOOD).status_code == 404
    gone = device.get(WAITING)
    assert (gone.status_code, gone.cookies[COOKIE].value) == (404, "")
    assert gone.content == Client().get("/nowhere/").content
    assert device.get(reverse("account_login")).status_code == 200
    page = desk.get(reverse("rating-ask", args=[session.pk])).content.decode()
    assert "Send to" not in page


def test_what_was_revoked_is_not_revoked_again(manager, invited):
    revoke = reverse("tablet-revoke", args=[invited[0].pk])
    assert [manager.post(revoke).status_code for _time in range(2)] == [302, 404]


def test_what_happens_to_tablets_is_written_down(cast, manager, device):
    manager.post(reverse("tablet-revoke", args=[Tablet.objects.get().pk]))
    events = AuditEvent.objects.filter(verb__startswith="tablet.").order_by("pk")
    assert [(event.verb, event.actor) for event in events] == [
        ("tablet.invited", cast.mara),
        ("tablet.paired", None),
        ("tablet.revoked", cast.mara),
    ]
    page = manager.get(reverse("practice-trail", args=[cast.practice.pk])).content.decode()
    assert re.search(r"revoked a tablet\s*: Room 2", page)


def test_the_page_tells_managers_which_tablets_there_are_and_when_they_were_heard_of(
    cast, manager, device
):
    page = reverse("tablets", args=[cast.practice.pk])
    assert "not heard of yet" in manager.get(page).content.decode()
    device.get(WAITING)
    invite_tablet(practice=cast.practice, name="Room 3", by=cast.mara)
    body = manager.get(page).content.decode()
    assert "last heard of on" in body
    assert "Its code works until" in body
    let_pass(minutes=16)
    assert "Its code has ended." in manager.get(page).content.decode()


# --- Guessing ---


def test_wrong_keys_and_codes_are_slowed_down_and_right_ones_never(invited, device, clock):
    wrong = Client()
    cache.clear()
    for _try in range(30):
        wrong.cookies[COOKIE] = "x" * 43
        assert wrong.get(HERE).status_code == 404
    wrong.cookies[COOKIE] = "x" * 43
    slowed = wrong.get(HERE)
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "60")
    for _try in range(10):
        assert Client().post(pairing("x" * 43)).status_code == 404
    assert Client().post(pairing("x" * 43)).status_code == 429
    for _time in range(40):
        assert device.get(WAITING).status_code == 200
    assert device.get("/nowhere/").status_code == 404
    cache.clear()
    for _time in range(40):
        assert device.get("/nowhere/").status_code == 404


def test_a_forged_key_opens_nothing_and_is_dropped(db):
    for forged in ("x", "x" * 43, "ü", "a" * 4000, '"'):
        client = Client()
        client.cookies[COOKIE] = forged
        assert client.get(reverse("account_login")).status_code == 404
        assert client.get(reverse("account_login")).status_code == 200


def test_a_key_of_nothing_is_no_key(invited):
    """A tablet that waits has no key; an empty one must not find it."""
    assert not Tablet.objects.with_key("").exists()
    client = Client()
    client.cookies[COOKIE] = ""
    assert client.get(HERE).status_code == 404


def test_a_blank_tablet_reads_no_clinical_table(device):
    device.get(WAITING)
    with CaptureQueriesContext(connection) as told:
        device.get(HERE)
    (asked_once,) = asked_of_tables(told)
    assert "alliance_" not in asked_once

"""Handing over one's own device: signed out, sealed to one form, and back by signing in."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session as SignIn
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from alliance.asking.actions import end_hand_over, note_stray, request_rating
from alliance.asking.seal import ADDRESSES
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import AuditEvent
from sessions_app.sessions.actions import correct_session
from tests.conftest import ITEMS, ask, hold

COOKIE = "hand-over"
FORM = "/hand-over/"
BACK = "/hand-over/back/"
GOOD = dict.fromkeys(ITEMS, "7") | {"sent": "1"}


@pytest.fixture
def session(cast):
    return hold(cast.cleo)


@pytest.fixture
def handing(cast, session, client):
    """Theo hands over: return the answer that he gets; `client` is his device."""
    client.force_login(cast.theo)
    return client.post(reverse("rating-ask", args=[session.pk]), {"channel": "device"})


@pytest.fixture
def device(handing, client):
    """Return a device that Theo has handed over."""
    assert handing.status_code == 302
    return client


def asked():
    return RatingRequest.objects.get(channel="device")


def let_pass(minutes):
    """Set back everything about the hand-over, as if that time had passed."""
    request, by = asked(), timedelta(minutes=minutes)
    request.asked_at, request.expires_at = request.asked_at - by, request.expires_at - by
    request.save()


# --- Handing over ---


def test_handing_over_signs_out_for_good_and_leaves_only_the_grant(cast, handing, client):
    before = SignIn.objects.count()
    assert before == 0, "the session is deleted, not only forgotten by the browser"
    assert not get_user(client).is_authenticated
    assert client.cookies["sessionid"].value == ""
    assert {name for name, cookie in client.cookies.items() if cookie.value} == {COOKIE}
    assert handing.headers["Location"] == FORM
    assert handing.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_the_grant_is_for_this_site_alone_and_no_script_reads_it(handing, session):
    cookie = handing.cookies[COOKIE]
    assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", 15 * 60)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert len(cookie.value) == 43
    for told in (str(session.pk), str(session.episode_id), str(asked().pk)):
        assert told not in cookie.value
    assert cookie.value not in handing.headers["Location"]


def test_of_the_grant_the_tables_hold_a_digest(handing):
    secret = handing.cookies[COOKIE].value
    assert secret not in str(RatingRequest.objects.values())
    assert len(asked().token_digest) == 64


def test_an_old_copy_of_the_session_cookie_opens_nothing_any_more(cast, session):
    device, copy = Client(), Client()
    device.force_login(cast.theo)
    copy.cookies["sessionid"] = device.cookies["sessionid"].value
    assert copy.get(reverse("caseload")).status_code == 200
    device.post(reverse("rating-ask", args=[session.pk]), {"channel": "device"})
    assert copy.get(reverse("caseload")).headers["Location"].startswith("/sign-in/")


def test_other_devices_stay_signed_in(cast, session, client):
    elsewhere = Client()
    elsewhere.force_login(cast.theo)
    client.force_login(cast.theo)
    client.post(reverse("rating-ask", args=[session.pk]), {"channel": "device"})
    assert elsewhere.get(reverse("caseload")).status_code == 200


def test_whoever_may_not_ask_hands_nothing_over_and_stays_signed_in(cast, session, client):
    client.force_login(cast.sue)
    answer = client.post(reverse("rating-ask", args=[session.pk]), {"channel": "device"})
    assert answer.status_code == 404
    assert COOKIE not in answer.cookies
    assert get_user(client) == cast.sue


# --- The form ---


def test_the_form_opens_at_an_address_without_a_secret(device):
    page = device.get(FORM)
    assert page.status_code == 200
    assert "Send my answers" in page.content.decode()
    assert device.cookies[COOKIE].value not in page.content.decode()


def test_without_the_cookie_that_address_does_not_exist(device, client):
    assert device.get(FORM).status_code == 200
    stranger = Client()
    assert stranger.get(FORM).content == stranger.get("/nowhere/").content
    assert stranger.get(FORM).status_code == stranger.post(FORM, GOOD).status_code == 404


def test_the_grant_is_no_link_and_a_link_is_no_grant(cast, device):
    secret = device.cookies[COOKIE].value
    assert Client().get(reverse("rate", args=[secret])).status_code == 404
    assert Client().post(reverse("rate", args=[secret]), GOOD).status_code == 404
    _asked, link = ask(hold(cast.cleo, weeks_ago=1))
    other = Client()
    other.cookies[COOKIE] = link
    assert other.get(FORM).status_code == 404


def test_the_answer_is_stored_and_thanked_without_data(device):
    answer = device.post(FORM, GOOD | {"comment": "Grmpf."})
    assert (answer.status_code, answer.headers["Location"]) == (302, FORM)
    rating = Rating.objects.get()
    assert (rating.written.text, rating.total, rating.request.channel) == ("Grmpf.", 7, "device")
    page = device.get(FORM).content.decode()
    assert "Please hand the device back." in page
    assert "Grmpf" not in page
    said = re.sub(r"<[^>]+>", "", page.split("<main>")[1].split("</main>")[0])
    assert not re.search(r"\d", said)


def test_after_the_thanks_the_form_is_gone_and_a_second_answer_leaves_no_trace(device):
    device.post(FORM, GOOD)
    assert "Send my answers" not in device.get(FORM).content.decode()
    device.post(FORM, GOOD | {"say": "1"})
    assert Rating.objects.get().answers["say"] == 7


def test_a_form_with_a_mistake_says_so_and_keeps_what_was_marked(device):
    answer = device.post(FORM, GOOD | {"say": "99"})
    assert answer.status_code == 422
    assert answer.content.decode().split("Who may read")[0].count(" checked") == 5
    assert device.post(FORM, GOOD).status_code == 302


def test_a_page_elsewhere_cannot_send_the_form(device):
    """Its cookie is not sent from elsewhere; and there is Django's token, as everywhere."""
    careful = Client(enforce_csrf_checks=True)
    careful.cookies.update(device.cookies)
    assert careful.post(FORM, GOOD).status_code == 403
    assert careful.post(BACK).status_code == 403
    page = careful.get(FORM).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    assert careful.post(FORM, GOOD | {"csrfmiddlewaretoken": token}).status_code == 302


def test_looking_changes_nothing(device):
    for _time in range(10):
        assert device.get(FORM).status_code == device.head(FORM).status_code == 200
    for method in ("options", "put", "patch", "delete"):
        assert getattr(device, method)(FORM).status_code == 405
    assert asked().strays == 0
    assert asked().is_open()


# --- How it ends ---


def test_after_fifteen_minutes_it_is_over_also_for_a_form_that_was_open(device):
    let_pass(14.9)
    assert device.get(FORM).status_code == 200
    let_pass(0.2)
    answer = device.post(FORM, GOOD)
    assert answer.status_code == 404
    assert answer.cookies[COOKIE].value == ""
    assert not Rating.objects.exists()
    assert device.get(reverse("account_login")).status_code == 200


def test_the_thanks_too_are_over_after_fifteen_minutes(device):
    device.post(FORM, GOOD)
    let_pass(15)
    assert device.get(FORM).status_code == 404


def test_the_third_try_at_another_address_ends_it_and_the_first_is_written_down(device):
    for number, address in enumerate(["/", "/caseload/", "/nowhere/"], start=1):
        assert device.get(FORM).status_code == 200
        assert device.get(address).status_code == 404
        assert asked().strays == number
    answer = device.get(FORM)
    assert answer.status_code == 404
    assert asked().closing == "ended"
    assert device.post(FORM, GOOD).status_code == 404
    assert not Rating.objects.exists()
    events = AuditEvent.objects.filter(target_id=str(asked().pk)).order_by("pk")
    assert [event.verb for event in events] == [
        "rating.asked",
        "rating.device_strayed",
        "rating.hand_over_ended",
    ]
    assert [event.actor for event in events][1:] == [None, None]


def test_what_a_browser_fetches_by_itself_is_held_against_nobody(device):
    for mode in ("no-cors", "cors", "same-origin"):
        assert device.get("/favicon.ico", headers={"sec-fetch-mode": mode}).status_code == 404
    assert asked().strays == 0
    device.get("/favicon.ico", headers={"sec-fetch-mode": "navigate"})
    assert asked().strays == 1


def test_trying_addresses_after_the_answer_takes_nothing_back(device):
    device.post(FORM, GOOD)
    for _try in range(5):
        assert device.get("/caseload/").status_code == 404
    assert asked().closing == "answered"
    assert asked().strays == 0
    assert not AuditEvent.objects.filter(verb="rating.device_strayed").exists()
    assert "Thank you" in device.get(FORM).content.decode()


def test_a_grant_that_is_dead_is_dropped_and_then_the_device_is_like_any_other(device):
    end_hand_over(request=asked())
    answer = device.get("/caseload/")
    assert answer.status_code == 404
    assert answer.cookies[COOKIE].value == ""
    assert device.get("/caseload/").headers["Location"].startswith("/sign-in/")


def test_a_forged_grant_opens_nothing(db):
    for forged in ("", "x", "x" * 43, "ü", "a" * 4000, '"'):
        client = Client()
        client.cookies[COOKIE] = forged
        answers = [client.get(FORM), client.post(FORM, GOOD), client.get("/caseload/")]
        assert answers[0].status_code == answers[1].status_code == 404


def test_asking_again_ends_it(cast, session, device):
    request_rating(session=session, respondent="client", channel="link", by=cast.theo)
    assert device.get(FORM).status_code == 404
    assert RatingRequest.objects.get(channel="device").closing == "replaced"


def test_a_session_that_turns_out_missed_is_not_asked_about_on_the_device_either(cast, device):
    correct_session(session=asked().session, by=cast.theo, status="missed")
    assert device.get(FORM).status_code == 404


# --- The way back ---


def test_back_to_staff_ends_the_form_and_leads_to_a_full_sign_in(device):
    answer = device.post(BACK)
    assert answer.headers["Location"] == reverse("account_login")
    assert answer.cookies[COOKIE].value == ""
    assert asked().closing == "ended"
    assert not get_user(device).is_authenticated
    assert device.get(FORM).status_code == 404
    assert "Password" in device.get(reverse("account_login")).content.decode()
    assert device.get(reverse("caseload")).headers["Location"].startswith("/sign-in/")


def test_a_copy_of_the_cookie_is_worth_nothing_after_the_way_back(device):
    copy = Client()
    copy.cookies[COOKIE] = device.cookies[COOKIE].value
    device.post(BACK)
    assert copy.get(FORM).status_code == 404


def test_the_way_back_keeps_what_was_sent(device):
    device.post(FORM, GOOD)
    device.post(BACK)
    assert asked().closing == "answered"
    assert Rating.objects.exists()


def test_the_way_back_is_open_when_the_seal_has_ended_by_itself(device):
    device.cookies.clear()
    assert device.post(BACK).headers["Location"] == reverse("account_login")


def test_the_way_back_stands_on_the_form_and_on_the_thanks(device):
    for _page in range(2):
        assert f'action="{BACK}"' in device.get(FORM).content.decode()
        device.post(FORM, GOOD)
    _asked, secret = ask(hold(asked().session.episode, weeks_ago=1))
    assert BACK not in Client().get(reverse("rate", args=[secret])).content.decode()


# --- What is there ---


def test_on_the_device_there_are_five_addresses_and_no_page_of_staff():
    patterns = get_resolver(ADDRESSES).url_patterns
    assert [pattern.name for pattern in patterns] == [
        "handed-over",
        "hand-back",
        "health",
        "policy-report",
        "stray",
    ]


def test_no_slash_is_added_to_what_exists_elsewhere(device):
    """`/caseload` would lead to `/caseload/`, and tell that it is there."""
    assert device.get("/caseload").status_code == device.get("/nowhere").status_code == 404


def test_counting_goes_on_where_two_stray_at_once(device):
    first, second = asked(), asked()
    note_stray(request=first)
    note_stray(request=second)
    assert asked().strays == 2


def test_counting_stops_long_before_the_column_is_full(device):
    RatingRequest.objects.update(strays=100)
    note_stray(request=asked())
    assert (asked().strays, asked().closing) == (100, "ended")


def test_the_request_shows_as_open_to_the_therapist_until_it_ends(cast, session, device):
    desk = Client()
    desk.force_login(cast.theo)
    page = reverse("rating-ask", args=[session.pk])
    assert "not answered yet" in desk.get(page).content.decode()
    device.post(BACK)
    assert "not answered yet" not in desk.get(page).content.decode()
    assert asked().closed_at <= timezone.now()

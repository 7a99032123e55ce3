"""A client's own bookmark: a PIN that they choose, and the latest form that waits."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from alliance.asking.actions import request_rating
from alliance.asking.standing_actions import choose_pin, make_standing_link, try_pin
from alliance.asking.standing_forms import ChoosePinForm, as_digits, is_easy
from alliance.asking.standing_models import StandingLink
from alliance.measures.models import MeasureVersion
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import hand_over_episode
from sessions_app.clients.models import ClientIdentity
from sessions_app.places.actions import lock_membership
from tests.alliance.test_public_side import GOOD, METHODS, statuses
from tests.alliance.test_public_side import log as log
from tests.conftest import ask, hold, rate

PIN = "4071"
UNKNOWN = "x" * 43


@pytest.fixture
def made(cast):
    return make_standing_link(episode=cast.cleo, by=cast.theo)


@pytest.fixture
def secret(made):
    return made[1]


@pytest.fixture
def chosen(made):
    """The secret of a bookmark with a PIN."""
    choose_pin(link=made[0], pin=PIN)
    return made[1]


def page(secret):
    return reverse("standing", args=[secret])


def link():
    return StandingLink.objects.get()


def type_pin(client, secret, pin=PIN, **more):
    return client.post(page(secret), {"pin": pin} | more)


def in_words(answer):
    return answer.content.decode()


# --- Made by the therapist ---


def test_a_therapist_makes_one_that_is_shown_once_and_stored_as_a_digest(cast, client):
    client.force_login(cast.theo)
    address = reverse("standing-make", args=[cast.cleo.pk])
    assert "This client has none yet." in in_words(client.get(address))
    shown = in_words(client.post(address))
    secret = shown.partition('value="http://testserver/s/')[2][:43]
    assert secret not in str(StandingLink.objects.values().get())
    assert Client().get(page(secret)).status_code == 200
    assert "Your client has not opened it yet." in in_words(client.get(address))
    assert AuditEvent.objects.get(verb="standing.made").client_id == cast.cleo.client_id


def test_a_new_one_ends_the_old_one_and_a_reload_makes_none(cast, client, chosen):
    client.force_login(cast.theo)
    address = reverse("standing-make", args=[cast.cleo.pk])
    assert client.post(address).status_code == 302, "a reload: another one is in use by now"
    assert Client().get(page(chosen)).status_code == 200
    assert client.post(address, {"replaces": str(link().pk)}).status_code == 200
    assert Client().get(page(chosen)).status_code == 404
    assert StandingLink.objects.in_use().count() == 1


def test_a_therapist_ends_it_whenever_they_like(cast, client, chosen):
    client.force_login(cast.theo)
    address = reverse("standing-make", args=[cast.cleo.pk])
    answer = client.post(address, {"deed": "end"}, follow=True)
    assert "Ended. The old bookmark opens nothing any more." in in_words(answer)
    assert Client().get(page(chosen)).status_code == 404
    assert client.post(address, {"deed": "end"}).status_code == 302
    assert AuditEvent.objects.filter(verb="standing.ended").count() == 1


def test_it_can_be_asked_for_behind_the_bookmark_once_there_is_one(cast, client):
    client.force_login(cast.theo)
    session = hold(cast.cleo)
    address = reverse("standing-ask", args=[session.pk])
    assert client.post(address).headers["Location"] == reverse("standing-make", args=[cast.cleo.pk])
    make_standing_link(episode=cast.cleo, by=cast.theo)
    assert "Put it behind their bookmark" in in_words(
        client.get(reverse("rating-ask", args=[session.pk]))
    )
    answer = client.post(address, follow=True)
    assert "The form waits behind your client’s bookmark for 7 days." in in_words(answer)
    assert RatingRequest.objects.get().channel == "standing"
    rate(hold(cast.cleo, weeks_ago=1), 7)
    rated = Rating.objects.get().session
    again = client.post(reverse("standing-ask", args=[rated.pk]))
    assert again.headers["Location"] == reverse("rating-ask", args=[rated.pk])


# --- The PIN ---


def test_who_opens_it_first_chooses_the_pin_and_a_look_changes_nothing(cast, secret, client):
    for _look in range(3):
        assert "Choose your PIN" in in_words(client.get(page(secret)))
    assert link().pin == ""
    answer = type_pin(client, secret, again=PIN)
    assert answer.headers["Location"] == page(secret)
    assert PIN not in link().pin
    assert "There is nothing to fill in right now." in in_words(client.get(page(secret)))
    assert "Please type your PIN" in in_words(Client().get(page(secret)))
    assert AuditEvent.objects.get(verb="standing.pin_chosen").actor is None


@pytest.mark.parametrize(
    ("pin", "again", "said"),
    [
        ("", "", "Please type your PIN."),
        ("407", "407", "A PIN has 4 to 8 digits."),
        ("407140714", "407140714", "A PIN has 4 to 8 digits."),
        ("4 071", "4 071", "A PIN has 4 to 8 digits."),
        ("40a1", "40a1", "A PIN has 4 to 8 digits."),
        ("4071\0", "4071\0", "A PIN has 4 to 8 digits."),
        ("4" * 20, "4" * 20, "A PIN has 4 to 8 digits."),
        ("1234", "1234", "That PIN is easy to guess."),
        ("4071", "4072", "The two PINs are not the same."),
    ],
)
def test_a_pin_that_will_not_do_is_refused_in_words(secret, client, pin, again, said):
    answer = type_pin(client, secret, pin, again=again)
    assert answer.status_code == 422
    assert said in in_words(answer)
    assert link().pin == ""


@pytest.mark.parametrize(
    "easy", ["0000", "1234", "4321", "7890", "1212", "55555555", "12341234", "0987", "246246"]
)
def test_what_everybody_tries_first_is_easy(easy):
    assert is_easy(easy)


@given(st.from_regex(r"[0-9]{4,8}", fullmatch=True))
def test_a_pin_that_is_taken_has_more_than_one_digit_and_is_no_run(pin):
    form = ChoosePinForm({"pin": pin, "again": pin})
    assert form.is_valid() == (not is_easy(pin))
    if form.is_valid():
        assert len(set(pin)) > 1
        assert pin not in "0123456789" * 2
        assert pin not in "9876543210" * 2


def test_digits_of_any_script_are_digits(chosen, client):
    assert as_digits("٤٠٧١") == as_digits(" 4071 ") == PIN
    assert as_digits("४०७१") == PIN
    assert type_pin(client, chosen, "٤٠٧١").status_code == 302


def test_of_two_who_choose_at_once_the_second_must_know_the_first_ones_pin(made, secret):
    first, second = (StandingLink.objects.get(pk=made[0].pk) for _one in range(2))
    assert choose_pin(link=first, pin=PIN)
    assert not choose_pin(link=second, pin="9182")
    assert try_pin(link=second, pin="9182").wrong_pins == 1
    assert try_pin(link=second, pin=PIN).wrong_pins == 0


def test_a_pin_that_was_chosen_a_moment_earlier_is_tried_not_overwritten(made, client, monkeypatch):
    """Two people had the first page before them; the later one is told that it is the wrong PIN."""
    secret = made[1]
    monkeypatch.setattr(
        "alliance.asking.standing_views.choose_pin",
        lambda link, pin: choose_pin(link=link, pin=PIN) and False,
    )
    assert "That was not the right PIN." in in_words(type_pin(client, secret, "9182", again="9182"))


# --- Wrong PINs ---


def test_five_wrong_pins_lock_it_for_a_quarter_of_an_hour_for_the_right_one_too(chosen, client):
    for _try in range(4):
        answer = type_pin(client, chosen, "9182")
        assert (answer.status_code, "That was not the right PIN." in in_words(answer)) == (
            422,
            True,
        )
    answer = type_pin(client, chosen, "9182")
    assert answer.status_code == 429
    assert "Please try again in 15 minutes." in in_words(answer)
    assert type_pin(client, chosen).status_code == 429
    assert client.get(page(chosen)).status_code == 429
    assert link().wrong_pins == 5, "while it is locked nothing is counted"
    StandingLink.objects.update(locked_until=timezone.now() + timedelta(seconds=50))
    assert "again in 1 minute." in in_words(client.get(page(chosen)))
    StandingLink.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert type_pin(client, chosen).status_code == 302
    assert (link().wrong_pins, link().locked_until) == (0, None)


def test_fifteen_in_a_row_end_it_and_its_therapist_sees_that(cast, chosen, client):
    for _try in range(14):
        type_pin(client, chosen, "9182")
        StandingLink.objects.filter(locked_until__isnull=False).update(locked_until=timezone.now())
    assert link().wrong_pins == 14
    assert type_pin(client, chosen, "9182").status_code == 404
    assert link().was_guessed_at
    assert type_pin(client, chosen).status_code == 404
    assert AuditEvent.objects.filter(verb="standing.ended_by_wrong_pins").count() == 1
    assert try_pin(link=link(), pin=PIN).wrong_pins == 15
    client.force_login(cast.theo)
    address = reverse("standing-make", args=[cast.cleo.pk])
    assert "Ended: a wrong PIN was tried fifteen times in a row." in in_words(client.get(address))
    assert client.post(address, {"replaces": str(link().pk)}).status_code == 200


def test_right_pins_in_between_begin_the_count_anew(chosen, client):
    for _time in range(5):
        for _try in range(4):
            type_pin(client, chosen, "9182")
        assert type_pin(Client(), chosen).status_code == 302
    assert link().revoked_at is None


def test_its_therapist_sees_that_it_is_locked(cast, chosen, client):
    for _try in range(5):
        type_pin(client, chosen, "9182")
    client.force_login(cast.theo)
    shown = in_words(client.get(reverse("standing-make", args=[cast.cleo.pk])))
    assert "Locked for some minutes, after five wrong PINs." in shown


# --- What is behind it ---


@pytest.mark.parametrize("channel", ["link", "standing", "email", "sms", "paper"])
def test_behind_the_pin_is_the_latest_form_however_it_was_asked(cast, chosen, client, channel):
    request_rating(
        session=hold(cast.cleo, weeks_ago=1), respondent="client", channel="link", by=cast.theo
    )
    session = hold(cast.cleo)
    request_rating(session=session, respondent="client", channel=channel, by=cast.theo)
    shown = type_pin(client, chosen).client.get(page(chosen), follow=True)
    assert "Send my answers" in in_words(shown)
    answered = client.post(shown.redirect_chain[-1][0], GOOD, follow=True)
    assert "Thank you" in in_words(answered)
    assert Rating.objects.get().session == session
    assert "Send my answers" in in_words(client.get(page(chosen), follow=True)), "the one before"


@pytest.mark.parametrize("channel", ["device", "tablet", "aloud"])
def test_what_is_before_the_client_elsewhere_is_not_behind_it(cast, chosen, client, channel):
    request_rating(session=hold(cast.cleo), respondent="client", channel=channel, by=cast.theo)
    type_pin(client, chosen)
    assert "There is nothing to fill in right now." in in_words(client.get(page(chosen)))


def test_nor_is_the_therapists_own_form_or_that_of_another_client(cast, chosen, client):
    ask(hold(cast.cleo), "therapist")
    ask(hold(cast.dora))
    type_pin(client, chosen)
    assert "There is nothing to fill in right now." in in_words(client.get(page(chosen)))
    which = RatingRequest.objects.get(respondent="client").token_digest[:16]
    assert client.get(f"{page(chosen)}{which}/").headers["Location"] == page(chosen)


def form_behind(client, secret):
    type_pin(client, secret)
    return client.get(page(secret)).headers["Location"]


def test_an_answer_goes_to_the_form_that_was_shown_whatever_was_asked_since(cast, chosen, client):
    first = hold(cast.cleo, weeks_ago=1)
    ask(first)
    form = form_behind(client, chosen)
    ask(hold(cast.cleo))
    client.post(form, GOOD)
    assert Rating.objects.get().session == first


def test_without_the_pin_no_form_is_shown_or_taken(cast, chosen):
    asked, _secret = ask(hold(cast.cleo))
    form = f"{page(chosen)}{asked.token_digest[:16]}/"
    for method in ("get", "post"):
        answer = getattr(Client(), method)(form, GOOD)
        assert (answer.status_code, answer.headers["Location"]) == (302, page(chosen))
    assert not Rating.objects.exists()


def test_a_form_that_is_over_leads_back(cast, chosen, client, monkeypatch):
    session = hold(cast.cleo)
    ask(session)
    form = form_behind(client, chosen)
    RatingRequest.objects.update(closed_at=timezone.now(), closing="ended")
    assert client.post(form, GOOD).headers["Location"] == page(chosen)
    RatingRequest.objects.update(closed_at=None, closing="")
    monkeypatch.setattr(RatingRequest, "admits", lambda asked, grace: True)
    RatingRequest.objects.update(closed_at=timezone.now(), closing="ended")
    assert client.post(form, GOOD).headers["Location"] == page(chosen), "closed while it was sent"


def test_the_pin_holds_for_a_quarter_of_an_hour_after_each_page_on_one_device_for_one_link(
    cast, chosen, client, clock
):
    ask(hold(cast.cleo))
    form = form_behind(client, chosen)
    for _page in range(2):
        clock.forward(14 * 60)
        assert client.get(form).status_code == 200
    clock.forward(16 * 60)
    assert client.get(form).headers["Location"] == page(chosen)
    assert type_pin(client, chosen, "9182").status_code == 422, "an old proof is no PIN"
    form_behind(client, chosen)
    assert client.get(form).status_code == 200
    StandingLink.objects.update(pin=link().pin + "x")
    assert client.get(form).status_code == 302, "another PIN"


def test_who_takes_most_of_an_hour_over_a_form_can_send_it_and_take_it_back(
    cast, chosen, client, clock
):
    ask(hold(cast.cleo))
    form = form_behind(client, chosen)
    assert client.get(form).status_code == 200
    clock.forward(59 * 60)
    answer = client.post(form, GOOD, follow=True)
    assert "Thank you" in in_words(answer)
    assert Rating.objects.get().total == 7
    clock.forward(14 * 60)
    client.post(form, {"deed": "take-back"})
    assert Rating.objects.get().withdrawn_at


def test_after_more_than_an_hour_a_form_is_not_taken_without_the_pin(cast, chosen, client, clock):
    ask(hold(cast.cleo))
    form = form_behind(client, chosen)
    clock.forward(61 * 60)
    assert client.post(form, GOOD).headers["Location"] == page(chosen)
    assert not Rating.objects.exists()


def test_the_cookie_says_nothing_and_no_script_reads_it(cast, chosen, client):
    cookie = type_pin(client, chosen).cookies["standing"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", 3600)
    for told in (PIN, chosen, str(cast.cleo.pk), str(link().pk), link().token_digest):
        assert told not in cookie.value
    client.cookies["standing"] = cookie.value[:-1]
    assert "Please type your PIN" in in_words(client.get(page(chosen)))


# --- Nothing to learn from it ---


def test_before_the_pin_nothing_is_said_of_whom_where_or_what(cast, chosen, client):
    cast.practice.crisis_note = "Call 142 at any hour."
    cast.practice.save()
    ask(hold(cast.cleo))
    shown = in_words(client.get(page(chosen)))
    for word in ("142", "Lindenhof", "CLEO", "Theo", "session", "therap", "rating", "health"):
        assert word.lower() not in shown.lower().replace(chosen.lower(), "")
    assert "<title>A short form</title>" in shown.replace("\n", "").replace("  ", "")


def test_it_speaks_the_language_in_which_the_client_was_asked_last(cast, chosen, client):
    assert 'lang="en"' in in_words(client.get(page(chosen)))
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    ask(hold(cast.cleo))
    assert MeasureVersion.objects.filter(language="ar").exists()
    shown = in_words(client.get(page(chosen)))
    assert 'lang="ar"' in shown
    assert 'dir="rtl"' in shown


def not_admitting(cast):
    """Yield secrets that do not admit, each for another reason."""
    yield "unknown", UNKNOWN
    yield "replaced", make_standing_link(episode=cast.cleo, by=cast.theo)[1]
    yield "handed over", make_standing_link(episode=cast.cleo, by=cast.theo)[1]
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    yield "locked out", make_standing_link(episode=cast.dora, by=cast.olga)[1]
    lock_membership(membership=cast.members["olga"], by=cast.mara)
    yield "a form's", ask(hold(cast.emil))[1]


def test_whatever_does_not_admit_looks_alike(cast, client):
    secrets = dict(not_admitting(cast))
    for method in METHODS:
        answers = {}
        for why, secret in secrets.items():
            answer = getattr(client, method)(page(secret))
            headers = {name: told for name, told in answer.headers.items() if name != "Expires"}
            answers[why] = (answer.status_code, answer.content, headers)
        assert answers["unknown"][0] == (404 if method in {"get", "head", "post"} else 405)
        assert answers == dict.fromkeys(secrets, answers["unknown"]), method


def test_whoever_tries_addresses_is_slowed_down_and_a_good_one_is_not(db, chosen, clock):
    assert statuses(30, page(UNKNOWN)) == [404] * 30
    assert statuses(2, page(UNKNOWN)) == [429] * 2
    assert statuses(5, page(chosen)) == [200] * 5


def test_the_secret_is_in_no_log(chosen, log, client):
    client.raise_request_exception = False
    client.get(f"/nowhere{page(chosen)}")
    client.get(page(UNKNOWN))
    assert log.getvalue().count("/s/***") >= 2
    assert chosen not in log.getvalue()


def test_it_works_where_the_clients_pages_are_served_alone(cast, secret, client, settings):
    ask(hold(cast.cleo))
    settings.ROOT_URLCONF = "alliance.asking.public_urls"
    settings.MIDDLEWARE = settings.PUBLIC_MIDDLEWARE
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "public_cache"}}
    assert type_pin(client, secret, again=PIN).status_code == 302
    other = Client()
    for _try in range(5):
        locked = type_pin(other, secret, "9182")
    assert locked.status_code == 429
    with transaction.atomic():
        StandingLink.objects.update(locked_until=timezone.now())
    form = type_pin(other, secret).client.get(page(secret)).headers["Location"]
    answer = other.post(form, GOOD | {"comment": "Slower."}, follow=True)
    assert "Thank you" in in_words(answer)
    assert Rating.objects.get().written.text == "Slower."
    for _round in range(15):
        ended = type_pin(Client(), secret, "9182")
        StandingLink.objects.filter(locked_until__isnull=False).update(locked_until=timezone.now())
    assert ended.status_code == 404
    assert link().was_guessed_at

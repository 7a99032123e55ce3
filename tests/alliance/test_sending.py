"""Asking by e-mail and text message: whom, when, how often, and what the message says."""

import re
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as real_settings
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from alliance.asking.actions import AlreadyAsked, NothingToRate, digest
from alliance.asking.arranging import (
    Plan,
    arrange,
    by_day,
    choose_rules,
    plan_of,
    resume_messages,
    stop_messages,
)
from alliance.asking.models import Arrangement
from alliance.asking.second_thoughts import stop_asking
from alliance.asking.standing_actions import make_standing_link
from alliance.ratings.models import GRACE, RatingRequest
from alliance.sending import delivery
from alliance.sending.actions import (
    Unreachable,
    ask_as_agreed,
    ask_by_message,
    close_expired,
    note_bounce,
)
from alliance.sending.delivery import deliver
from alliance.sending.links import message_id, request_id_in, secret_of
from alliance.sending.models import Message
from alliance.sending.rounds import due_to_be_asked, make_round
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import hand_over_episode
from sessions_app.clients.models import ClientIdentity
from sessions_app.places.actions import lock_membership
from sessions_app.sessions.actions import correct_session
from tests.conftest import ITEMS, ask, hold, rate, working_as

HERE = ZoneInfo(real_settings.TIME_ZONE)
VIENNA = ZoneInfo("Europe/Vienna")
ADDRESS = "somebody@clients.example.org"
LANGUAGES = [code for code, _name in real_settings.FORM_LANGUAGES]
# What nobody who looks over somebody's shoulder should read.
TELLING = (
    "therap|psych|health|clinic|client|patient|practice|treat|mental|alliance|session|counsel"
    "|feedback|rating|lindenhof|theo|cleo|"
    "klinik|gesund|praxis|behandl|sitzung|patient|seel|"
    "salud|terap|cl[ií]nic|pacient|tratam|sesi[oó]n|"
    "sant[eé]|th[eé]rap|soin|s[eé]ance|cabinet|"
    "थेरेपी|चिकित्स|स्वास्थ्य|मरीज|रोगी|सत्र|मनो|"
    "علاج|معالج|صح[ةي]|نفس|مريض|عياد|جلس"
)


@pytest.fixture(autouse=True)
def one_connection(monkeypatch):
    """A worker tidies its connections up; here that would end the test's own transaction."""
    monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)


@pytest.fixture
def cleo(cast):
    """Cleo, who can be reached by e-mail and by phone."""
    reach(cast.cleo)
    return cast.cleo


def reach(episode, email=ADDRESS, phone="+43 660 1234567", language=""):
    identity = ClientIdentity.objects.get(client=episode.client_id)
    identity.email, identity.phone, identity.language = email, phone, language
    identity.save()


def agree(episode, **values):
    given = {"measure": None, "way": "", "when": "", "remind_after_days": None}
    return arrange(episode=episode, by=episode.therapist.user, **given | values)


def send(session, way="email", by=None):
    """Ask by a message and let it go out; return the request."""
    request = ask_by_message(session=session, way=way, by=by)
    deliver(request.messages.get(kind="invitation").pk)
    request.refresh_from_db()
    return request


@contextmanager
def at(monkeypatch, moment):
    """Let it be `moment`."""
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: moment)
        yield


def day(hour, minute=0, *, days=0):
    """Return a moment on the Wednesday of these tests, or some days later."""
    return datetime(2026, 3, 4, hour, minute, tzinfo=HERE) + timedelta(days=days)


def events(verb):
    return AuditEvent.objects.filter(verb=verb)


# --- The link -----------------------------------------------------------------------------


def test_what_was_sent_opens_the_form_and_the_tables_hold_neither_link_nor_address(cleo, client):
    request = send(hold(cleo))
    (letter,) = mail.outbox
    assert letter.to == [ADDRESS]
    link = re.search(r"http://\S+", letter.body).group()
    secret = link.rstrip("/").rpartition("/")[2]
    assert len(secret) == 43
    assert request.token_digest == digest(secret)
    assert client.get(reverse("rate", args=[secret])).status_code == 200
    told = str(list(Message.objects.values())) + str(list(DBTaskResult.objects.values()))
    assert secret not in told
    assert ADDRESS not in told


def test_each_request_has_a_secret_of_its_own_and_each_time_the_same(cleo):
    first, second = (send(hold(cleo, weeks_ago=back)) for back in (1, 0))
    assert secret_of(first.pk) == secret_of(first.pk)
    assert secret_of(first.pk) != secret_of(second.pk)


def test_the_reminder_carries_the_same_link_and_another_message_id(cleo):
    agree(cleo, remind_after_days=2)
    request = send(hold(cleo))
    reminder = request.messages.get(kind="reminder")
    Message.objects.filter(pk=reminder.pk).update(due_at=timezone.now())
    deliver(reminder.pk)
    links = [re.search(r"http://\S+", letter.body).group() for letter in mail.outbox]
    assert len(links) == 2
    assert links[0] == links[1]
    ids = {letter.message()["Message-ID"] for letter in mail.outbox}
    assert len(ids) == 2
    assert {request_id_in(told) for told in ids} == {request.pk}


@pytest.mark.parametrize("kind", ["invitation", "reminder"])
def test_what_goes_out_after_the_key_has_changed_opens_the_form(cleo, client, settings, kind):
    agree(cleo, remind_after_days=1)
    request = ask_by_message(session=hold(cleo), way="email", by=cleo.therapist.user)
    if kind == "reminder":
        deliver(request.messages.get().pk)
        Message.objects.filter(kind="reminder").update(due_at=timezone.now())
    before = reverse("rate", args=[secret_of(request.pk)])
    settings.SECRET_KEY = "another key that nobody would guess, of fifty signs or more"
    deliver(request.messages.get(kind=kind).pk)
    link = re.search(r"http://\S+", mail.outbox[-1].body).group()
    assert client.get(link).status_code == 200
    assert client.get(before).status_code == 404


@pytest.mark.parametrize("told", ["", "<>", "<a@b>", "<" + "0" * 32 + "@b>", "x" * 400])
def test_what_is_no_message_id_of_ours_leads_nowhere(told):
    assert request_id_in(told) is None


def test_links_lead_to_where_the_forms_are_served(cleo, settings):
    settings.FORMS_AT = "https://form.example.org"
    send(hold(cleo))
    assert "https://form.example.org/r/" in mail.outbox[0].body
    assert mail.outbox[0].message()["Message-ID"].endswith("@form.example.org>")


# --- What a message says ------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["invitation", "reminder"])
def test_an_email_says_nothing_that_tells_a_stranger_why(cast, cleo, language, kind):
    reach(cleo, language=language)
    request = ask_by_message(session=hold(cleo), way="email", by=cast.theo)
    message = request.messages.get()
    Message.objects.filter(pk=message.pk).update(kind=kind)
    RatingRequest.objects.filter(pk=request.pk).update(sent_at=timezone.now())
    deliver(message.pk)
    (letter,) = mail.outbox
    (html,) = letter.alternatives
    secret = secret_of(request.pk)
    said = " ".join(
        [letter.subject, letter.from_email, letter.body, html.content, str(letter.extra_headers)]
    ).replace(secret, "")
    assert re.findall(TELLING, said, re.I) == []
    assert secret in letter.body
    assert secret in html.content
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in html.content
    assert "<style" not in html.content
    assert "style=" not in html.content
    assert "<img" not in html.content


def test_the_list_of_telling_words_finds_what_it_should():
    for said in ("Your therapist", "nach der Sitzung", "tu salud", "العلاج", "थेरेपी"):
        assert re.search(TELLING, said, re.I)


def test_an_email_says_what_machines_need_to_leave_it_alone_and_to_stop_it(cleo):
    request = send(hold(cleo))
    letter = mail.outbox[0].message()
    link = f"http://127.0.0.1:8000/r/{secret_of(request.pk)}/"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert str(letter["List-Unsubscribe"]) == f"<{link}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Message-ID"] == message_id(request.messages.get())
    # A header is never broken in the middle of a link.
    assert f"<{link}>" in letter.as_string().replace("\n ", "")
    assert "=?" not in letter.as_string().partition("\n\n")[0]


def test_the_day_until_which_it_works_is_told_in_the_language_and_by_the_practices_clock(cleo):
    request = ask_by_message(session=hold(cleo), way="email", by=None)
    RatingRequest.objects.filter(pk=request.pk).update(
        expires_at=timezone.now().replace(hour=23, minute=30) + timedelta(days=3)
    )
    request.refresh_from_db()
    deliver(request.messages.get().pk)
    until = timezone.localtime(request.expires_at, HERE)
    assert until.day != request.expires_at.day
    assert f"works until {date_format(until, 'DATE_FORMAT')}." in mail.outbox[0].body


def test_a_text_message_is_short_and_says_no_more_than_an_email(cleo, capsys):
    request = send(hold(cleo), way="sms")
    told = capsys.readouterr().out
    assert told.startswith("Text message to +43 660 1234567: A short form for you")
    assert secret_of(request.pk) in told
    assert len(told) < 200
    assert re.findall(TELLING, told.replace(secret_of(request.pk), ""), re.I) == []
    assert request.channel == "sms"
    assert mail.outbox == []


def test_a_reminder_by_text_message_is_as_short(cleo, capsys):
    agree(cleo, remind_after_days=1)
    request = send(hold(cleo), way="sms")
    Message.objects.filter(kind="reminder").update(due_at=timezone.now())
    deliver(request.messages.get(kind="reminder").pk)
    assert "Your short form is still open" in capsys.readouterr().out


# --- At the press of a button -------------------------------------------------------------


def test_a_therapist_sends_a_link_and_the_page_does_not_wait_for_mail(cast, cleo, client):
    client.force_login(cast.theo)
    session = hold(cleo)
    page = client.get(reverse("rating-ask", args=[session.pk])).content.decode()
    assert "Send a link by e-mail" in page
    assert "Send a link by text message" in page
    address = reverse("rating-send", args=[session.pk])
    assert client.post(address, {"way": "email"}).status_code == 302
    assert mail.outbox == []
    assert RatingRequest.objects.get().sent_at is None
    call_command("worker", once=True)
    assert len(mail.outbox) == 1
    request = RatingRequest.objects.get()
    assert (request.channel, request.asked_by) == ("email", cast.theo)
    assert request.sent_at
    assert events("message.sent").get().actor is None


def test_who_has_no_address_or_wants_no_messages_gets_none(cast, cleo, client):
    client.force_login(cast.theo)
    session = hold(cleo)
    stop_messages(episode=cleo, by=cast.theo)
    assert (
        "Send a link" not in client.get(reverse("rating-ask", args=[session.pk])).content.decode()
    )
    address = reverse("rating-send", args=[session.pk])
    page = client.post(address, {"way": "email"}, follow=True).content.decode()
    assert "wants no messages" in page
    resume_messages(episode=cleo, by=cast.theo)
    reach(cleo, email="", phone="")
    client.post(address, {"way": "email"})
    assert not RatingRequest.objects.exists()


def test_without_a_provider_no_text_message_is_offered_or_sent(cast, cleo, settings):
    settings.MESSENGER = ""
    with pytest.raises(Unreachable):
        ask_by_message(session=hold(cleo), way="sms", by=cast.theo)


@pytest.mark.parametrize("way", ["", "device", "link", "standing"])
def test_another_way_than_a_message_is_not_sent(cast, cleo, client, way):
    client.force_login(cast.theo)
    address = reverse("rating-send", args=[hold(cleo).pk])
    assert client.post(address, {"way": way}).status_code == 404


def test_a_double_click_sends_one_message(cast, cleo, client):
    client.force_login(cast.theo)
    address = reverse("rating-send", args=[hold(cleo).pk])
    for _time in range(2):
        assert client.post(address, {"way": "email"}).status_code == 302
    assert Message.objects.count() == 1


def test_asking_anew_replaces_the_link_and_what_still_waits_is_not_sent(cast, cleo):
    session = hold(cleo)
    first = ask_by_message(session=session, way="email", by=cast.theo)
    second = ask_by_message(session=session, way="email", by=cast.theo, replaces=str(first.pk))
    make_round()
    assert len(mail.outbox) == 1
    assert secret_of(second.pk) in mail.outbox[0].body
    assert first.messages.get().closing == "needless"


def test_a_session_that_has_been_rated_is_not_asked_about(cast, cleo, client):
    session = hold(cleo)
    rate(session, 7)
    with pytest.raises(NothingToRate):
        ask_by_message(session=session, way="email", by=cast.theo)
    client.force_login(cast.theo)
    assert (
        client.post(reverse("rating-send", args=[session.pk]), {"way": "email"}).status_code == 302
    )


# --- As it was agreed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "ended_at", "due_at"),
    [
        ("at_once", day(10), day(10)),
        ("hour", day(10), day(11)),
        ("morning", day(10), day(8, days=1)),
        ("at_once", day(21), day(8, days=1)),
        ("hour", day(20, 30), day(8, days=1)),
        ("at_once", day(5), day(8)),
        ("morning", day(0, 30), day(8, days=1)),
    ],
)
def test_a_message_is_due_by_day_by_the_practices_clock(cast, when, ended_at, due_at):
    session = hold(cast.cleo)
    session.starts_at = ended_at - timedelta(minutes=session.minutes)
    with cast.practice.clock():
        assert Plan("email", when, None).due_at(session) == due_at


def test_the_night_is_quiet_when_the_clocks_change(cast, clocks_apart):
    with cast.practice.clock():
        late = datetime(2026, 3, 28, 22, tzinfo=VIENNA)
        assert by_day(late) == datetime(2026, 3, 29, 8, tzinfo=VIENNA)


@pytest.mark.parametrize(
    ("when", "hour", "is_due"),
    [
        ("at_once", day(12, 10), True),
        ("hour", day(12, 10), False),
        ("hour", day(13), True),
        ("morning", day(20), False),
        ("morning", day(7, 59, days=1), False),
        ("morning", day(8, days=1), True),
        ("morning", day(23, days=1), True),
        ("at_once", day(0, 1, days=2), False),  # The day before yesterday is too old.
    ],
)
def test_a_worker_asks_of_itself_when_it_was_agreed(monkeypatch, cleo, when, hour, is_due):
    agree(cleo, way="email", when=when)
    session = hold(cleo)
    correct_session(session=session, by=cleo.therapist.user, starts_at=day(11))
    with at(monkeypatch, hour):
        assert due_to_be_asked() == ([session] if is_due else [])


def test_a_session_is_asked_about_once_whatever_became_of_it(cast, cleo):
    agree(cleo, way="email")
    hold(cleo)
    for _time in range(3):
        make_round()
    assert len(mail.outbox) == 1
    request = RatingRequest.objects.get()
    assert request.asked_by == cast.theo
    assert events("rating.asked").get().actor is None
    RatingRequest.objects.update(closed_at=timezone.now(), closing="declined")
    make_round()
    assert len(mail.outbox) == 1
    with pytest.raises(AlreadyAsked):
        ask_as_agreed(session=request.session)


def not_reachable(cast):
    reach(cast.cleo, email="", phone="")


def not_willing(cast):
    stop_messages(episode=cast.cleo, by=cast.theo)


def by_hand(cast):
    agree(cast.cleo, way="by_hand")


def handed_over(cast):
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)


def locked_out(cast):
    lock_membership(membership=cast.members["theo"], by=cast.mara)


def asked_already(cast):
    ask(cast.cleo.sessions.get())


def rated_already(cast):
    rate(cast.cleo.sessions.get(), 7)


REASONS = [not_reachable, not_willing, by_hand, handed_over, locked_out]


@pytest.mark.parametrize("reason", [*REASONS, asked_already, rated_already])
def test_nobody_is_asked_of_itself_where_there_is_a_reason_not_to(cast, cleo, reason):
    agree(cleo, way="email")
    hold(cleo)
    reason(cast)
    make_round()
    assert mail.outbox == []
    assert not Message.objects.exists()


@pytest.mark.parametrize("reason", [not_willing, handed_over, locked_out, rated_already])
def test_what_waits_is_not_sent_where_there_is_a_reason_not_to_by_now(cast, cleo, reason):
    request = ask_by_message(session=hold(cleo), way="email", by=cast.theo)
    reason(cast)
    make_round()
    assert mail.outbox == []
    assert request.messages.get().closing == "needless"


def test_a_stop_from_before_a_handing_over_still_holds(cast, cleo):
    choose_rules(practice=cast.practice, by=cast.mara, way="email")
    not_willing(cast)
    after = hand_over_episode(episode=cleo, to=cast.members["olga"], by=cast.mara)
    hold(after)
    make_round()
    assert mail.outbox == []
    assert not RatingRequest.objects.exists()
    assert Arrangement.objects.get(episode=after).stopped_by == "staff"


def test_a_stop_by_a_link_from_before_a_handing_over_holds_for_what_waits_and_what_follows(
    cast, cleo
):
    choose_rules(practice=cast.practice, by=cast.mara, way="email")
    asked, _secret = ask(hold(cleo, weeks_ago=1))
    after = hand_over_episode(episode=cleo, to=cast.members["olga"], by=cast.mara)
    waiting = ask_by_message(session=hold(after, weeks_ago=1), way="email", by=cast.olga)
    stop_asking(request=asked)
    hold(after)
    make_round()
    assert mail.outbox == []
    assert waiting.messages.get().closing == "needless"
    assert set(RatingRequest.objects.all()) == {asked, waiting}
    assert Arrangement.objects.get(episode=after).stopped_by == "client"


def test_what_was_not_stopped_stays_so_when_somebody_is_handed_over(cast, cleo):
    agree(cleo, way="email")
    hold(hand_over_episode(episode=cleo, to=cast.members["olga"], by=cast.mara))
    make_round()
    assert [letter.to for letter in mail.outbox] == [[ADDRESS]]


def test_a_session_that_turns_out_not_to_have_been_held_is_not_asked_about(cast, cleo):
    agree(cleo, way="email")
    session = hold(cleo)
    correct_session(session=session, by=cast.theo, status="missed")
    make_round()
    assert mail.outbox == []


def test_by_the_clients_own_bookmark_nothing_is_sent_and_the_form_is_there(cleo):
    agree(cleo, way="standing")
    hold(cleo)
    make_round()
    assert not RatingRequest.objects.exists()  # There is no bookmark yet.
    make_standing_link(episode=cleo, by=cleo.therapist.user)
    make_round()
    assert RatingRequest.objects.get().channel == "standing"
    assert mail.outbox == []


def test_what_a_practice_chose_holds_where_nothing_else_was_agreed(cast, cleo):
    reach(cast.dora, email="dora@clients.example.org")
    choose_rules(practice=cast.practice, by=cast.mara, way="email", remind_after_days=3)
    assert plan_of(cleo).way == "email"
    assert plan_of(cast.emil).way == "by_hand"
    agree(cast.dora, way="by_hand", remind_after_days=0)
    assert (plan_of(cast.dora).way, plan_of(cast.dora).remind_after_days) == ("by_hand", None)
    for episode in (cleo, cast.dora, cast.emil):
        hold(episode)
    make_round()
    assert [letter.to for letter in mail.outbox] == [[ADDRESS]]


def test_what_was_agreed_is_on_the_record_by_name_and_never_by_content(cast, cleo):
    agree(cleo, way="sms", email="new@clients.example.org")
    event = events("asking.arranged").get()
    assert event.fields == ["email", "way"]
    assert cleo.client.identity.__class__.objects.get(client=cleo.client).email.startswith("new@")
    agree(cleo, way="sms", email="new@clients.example.org")  # Nothing changes.
    assert events("asking.arranged").count() == 1
    choose_rules(practice=cast.practice, by=cast.mara, way="by_hand")
    assert not events("asking_rules.chosen").exists()
    for _time in range(2):
        stop_messages(episode=cleo, by=cast.theo)
    for _time in range(2):
        resume_messages(episode=cleo, by=cast.theo)
    assert (events("asking.stopped").count(), events("asking.resumed").count()) == (1, 1)
    assert Arrangement.objects.get().stopped_at is None


def test_what_is_asked_of_itself_by_night_goes_out_in_the_morning(monkeypatch, cast, cleo):
    agree(cleo, way="email", remind_after_days=2)
    session = hold(cleo)
    correct_session(session=session, by=cast.theo, starts_at=day(11))
    with at(monkeypatch, day(23, 30)):
        make_round()
        assert mail.outbox == []
        assert Message.objects.get().due_at == day(8, days=1)
    with at(monkeypatch, day(8, days=1)):
        make_round()
    assert len(mail.outbox) == 1


def test_asking_for_all_of_today_keeps_to_when_it_was_agreed(monkeypatch, cast, cleo):
    agree(cleo, way="email", when="morning")
    with at(monkeypatch, day(12)):
        ask_as_agreed(session=hold(cleo), by=cast.theo)
        make_round()
    assert mail.outbox == []
    assert Message.objects.get().due_at == day(8, days=1)
    with at(monkeypatch, day(8, days=1)):
        make_round()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(("hour", "sent"), [(20, False), (22, True)])
def test_by_night_goes_out_what_somebody_asked_for_by_night(monkeypatch, cast, cleo, hour, sent):
    with at(monkeypatch, day(hour)):
        message = ask_by_message(session=hold(cleo), way="email", by=cast.theo).messages.get()
    with at(monkeypatch, day(23)):
        make_round()
        message.refresh_from_db()
        assert (len(mail.outbox), message.tries) == ((1, 1) if sent else (0, 0))
    with at(monkeypatch, day(8, days=1)):
        make_round()
    assert len(mail.outbox) == 1


def test_a_reminder_that_is_late_does_not_come_by_night(monkeypatch, cleo):
    agree(cleo, remind_after_days=1)
    with at(monkeypatch, day(12)):
        send(hold(cleo))
    with at(monkeypatch, day(22, days=1)):
        make_round()
    assert len(mail.outbox) == 1
    with at(monkeypatch, day(8, days=2)):
        make_round()
    assert len(mail.outbox) == 2


def test_what_failed_late_is_tried_again_in_the_morning(monkeypatch, cast, cleo):
    def fail(message):
        raise ConnectionRefusedError

    with at(monkeypatch, day(20, 59)), monkeypatch.context() as patch:
        patch.setattr(delivery, "_send", fail)
        message = ask_by_message(session=hold(cleo), way="email", by=cast.theo).messages.get()
        deliver(message.pk)
    message.refresh_from_db()
    assert message.claimed_until == day(8, days=1)


# --- Reminders, and the end ---------------------------------------------------------------


def test_one_reminder_goes_out_by_day_and_no_other(monkeypatch, cleo):
    agree(cleo, remind_after_days=2)
    with at(monkeypatch, day(22)):
        session = hold(cleo)
        send(session, by=cleo.therapist.user)
    reminder = Message.objects.get(kind="reminder")
    assert reminder.due_at == day(8, days=3)
    for moment in (day(7, days=3), day(8, days=3), day(9, days=4), day(9, days=5)):
        with at(monkeypatch, moment):
            make_round()
    assert [letter.subject for letter in mail.outbox] == [
        "A short form for you",
        "Your short form is still open",
    ]
    request = RatingRequest.objects.get()
    assert request.reminded_at == day(8, days=3)


@pytest.mark.parametrize("days", [None, 0])
def test_without_a_reminder_there_is_none(cleo, days):
    agree(cleo, remind_after_days=days)
    send(hold(cleo))
    assert not Message.objects.filter(kind="reminder").exists()


def test_after_a_late_reminder_the_link_still_works_for_some_days(cleo):
    agree(cleo, remind_after_days=10)
    request = send(hold(cleo))
    reminder = Message.objects.get(kind="reminder")
    assert request.expires_at - reminder.due_at >= timedelta(days=2)


def test_a_link_that_ends_before_a_reminder_gets_none(cleo):
    request = ask_by_message(session=hold(cleo), way="email", by=None)
    agree(cleo, remind_after_days=14)
    deliver(request.messages.get().pk)
    assert not Message.objects.filter(kind="reminder").exists()


@pytest.mark.parametrize("what", ["answered", "declined", "bounced"])
def test_nobody_is_reminded_who_has_answered_or_cannot_be_reached(cast, cleo, client, what):
    agree(cleo, remind_after_days=1)
    request = send(hold(cleo))
    if what == "answered":
        address = reverse("rate", args=[secret_of(request.pk)])
        client.post(address, {"sent": "1", **dict.fromkeys(ITEMS, "7")})
    elif what == "declined":
        closed = {"closed_at": timezone.now(), "closing": "declined"}
        RatingRequest.objects.filter(pk=request.pk).update(**closed)
    else:
        note_bounce(request=request, by=cast.theo)
    Message.objects.filter(kind="reminder").update(due_at=timezone.now())
    make_round()
    assert len(mail.outbox) == 1
    assert Message.objects.get(kind="reminder").closing == "needless"


def test_what_was_not_answered_in_time_is_closed_after_the_grace(cast):
    asked, _secret = ask(hold(cast.cleo))
    now = timezone.now()
    RatingRequest.objects.update(asked_at=now - timedelta(days=9), expires_at=now)
    assert close_expired() == 0
    RatingRequest.objects.update(expires_at=now - GRACE - timedelta(seconds=1))
    assert close_expired() == 1
    asked.refresh_from_db()
    assert asked.closing == "expired"
    assert events("rating.expired").get().target_id == str(asked.pk)
    assert close_expired() == 0


def test_a_message_comes_back_once_and_only_if_it_was_sent(cast, cleo):
    request = ask_by_message(session=hold(cleo), way="email", by=None)
    note_bounce(request=request, by=cast.theo)
    assert not events("rating.bounced").exists()
    deliver(request.messages.get().pk)
    for _time in range(2):
        note_bounce(request=request, by=cast.theo)
    assert events("rating.bounced").count() == 1
    request.refresh_from_db()
    assert request.bounced_at


# --- The worker ---------------------------------------------------------------------------


def test_a_round_that_is_to_end_asks_and_sends_nothing_more(cleo):
    agree(cleo, way="email")
    hold(cleo)
    make_round(is_over=lambda: True)
    assert not RatingRequest.objects.exists()
    ask_as_agreed(session=cleo.sessions.get())
    make_round(is_over=lambda: True)
    assert mail.outbox == []
    make_round()
    assert len(mail.outbox) == 1


def test_what_nudged_the_worker_is_forgotten_after_a_day(cleo):
    send(hold(cleo))
    assert DBTaskResult.objects.count() == 1
    make_round()
    assert DBTaskResult.objects.count() == 1
    DBTaskResult.objects.update(enqueued_at=timezone.now() - timedelta(days=1, seconds=1))
    make_round()
    assert not DBTaskResult.objects.exists()


def test_a_nudge_that_got_lost_loses_nothing(cleo):
    ask_by_message(session=hold(cleo), way="email", by=None)
    DBTaskResult.objects.all().delete()
    call_command("worker", once=True)
    assert len(mail.outbox) == 1


def test_a_nudge_that_comes_twice_or_too_early_sends_nothing(cleo):
    request = send(hold(cleo))
    deliver(request.messages.get().pk)
    assert len(mail.outbox) == 1
    agree(cleo, remind_after_days=5)
    other = send(hold(cleo, weeks_ago=1))
    deliver(other.messages.get(kind="reminder").pk)
    assert len(mail.outbox) == 2


@pytest.mark.postgresql
def test_the_role_of_jobs_does_all_that_a_worker_does(cleo):
    agree(cleo, way="email", remind_after_days=2)
    hold(cleo)
    with working_as("jobs"):
        call_command("worker", once=True)
    assert len(mail.outbox) == 1
    assert Message.objects.count() == 2


@pytest.mark.postgresql
def test_in_the_role_of_the_server_the_worker_does_not_start(cleo):
    with working_as("app"), pytest.raises(Exception, match="row-level security"):
        call_command("worker", once=True)

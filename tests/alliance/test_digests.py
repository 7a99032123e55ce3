"""News by e-mail: counts and a link, at most once a day or a week, and never by night."""

import signal
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.management.commands import db_worker

from alliance.digests import actions
from alliance.digests.actions import choose_digest, next_due, send_digests
from alliance.digests.models import Digest
from alliance.management.commands import worker
from alliance.ratings.models import Rating
from alliance.trends.models import Flag
from sessions_app.access.models import Membership
from tests.conftest import hold, look, rate, run
from tests.demo_server import free_port
from tests.mail_server import running_mail_server

HERE = ZoneInfo(settings.TIME_ZONE)
# A Monday, long after all that the tests let happen.
MORNING = datetime(2030, 3, 25, 7, 0, tzinfo=HERE)
DAY = timedelta(days=1)


@pytest.fixture
def inbox(settings):
    """A mail server that runs, and to which mail goes."""
    with running_mail_server() as running:
        point_to(settings, running.port)
        yield running


def point_to(settings, port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 10


@pytest.fixture
def daily(cast):
    """Theo wants news each day, since an hour before anything was said."""
    member = cast.members["theo"]
    choose_digest(member=member, every="day", by=cast.theo, at=timezone.now() - timedelta(hours=1))
    return member.digest


def say_low(cast):
    run(cast.cleo, [8, 8, 8, 8, 8, 2])


# --- What a letter says ------------------------------------------------------------------


def test_a_letter_says_how_many_and_where_and_nothing_else(cast, daily, inbox):
    say_low(cast)
    send_digests(at=MORNING)
    (letter,) = inbox.letters
    assert letter["To"] == "theo@example.org"
    assert letter["Subject"] == "6 new answers, 1 to look at"
    body = letter.get_content()
    assert "6 new answers came since the last letter." in body
    assert "To look at: 1." in body
    assert "http://127.0.0.1:8000/caseload/" in body
    assert letter["List-Unsubscribe"] == "<http://127.0.0.1:8000/news/>"
    assert letter["Auto-Submitted"] == "auto-generated"
    whole = f"{letter['Subject']} {body}".lower()
    for word in ("cleo", "lindenhof", "theo", "client", "therap", "rating", "low", "session"):
        assert word not in whole


def test_one_answer_is_one_answer(cast, daily, inbox):
    rate(hold(cast.cleo), 8)
    send_digests(at=MORNING)
    assert inbox.letters[0]["Subject"] == "1 new answer"


def test_a_letter_goes_out_only_if_there_is_something_that_was_not_opened(cast, daily, inbox):
    send_digests(at=MORNING)
    say_low(cast)
    look(cast.cleo, cast.theo)
    rate(hold(cast.dora), 2)
    rate(hold(cast.cleo, weeks_ago=9), 7, respondent="therapist")
    send_digests(at=MORNING + DAY)
    assert inbox.envelopes == []


def test_what_came_before_it_was_chosen_is_not_told(cast, inbox):
    say_low(cast)
    choose_digest(member=cast.members["theo"], every="day", by=cast.theo)
    send_digests(at=MORNING)
    assert inbox.envelopes == []


# --- At most once ------------------------------------------------------------------------


def test_at_most_one_letter_a_day_and_nothing_is_told_twice(cast, daily, inbox):
    rate(hold(cast.cleo), 8)
    for minutes in (0, 1, 600):
        send_digests(at=MORNING + timedelta(minutes=minutes))
    assert len(inbox.envelopes) == 1
    send_digests(at=MORNING + DAY)
    assert len(inbox.envelopes) == 1
    Rating.objects.update(submitted_at=MORNING + DAY + timedelta(hours=1))
    send_digests(at=MORNING + 2 * DAY)
    assert len(inbox.envelopes) == 2


def test_a_week_is_from_monday_to_monday(cast, inbox):
    choose_digest(
        member=cast.members["theo"], every="week", by=cast.theo, at=MORNING - timedelta(hours=1)
    )
    told = []
    for days in range(9):
        rating = rate(hold(cast.cleo, weeks_ago=days), 8)
        Rating.objects.filter(pk=rating.pk).update(submitted_at=MORNING + days * DAY)
        send_digests(at=MORNING + days * DAY)
        told.append(len(inbox.envelopes))
    assert told == [1, 1, 1, 1, 1, 1, 1, 2, 2]
    assert inbox.letters[1]["Subject"] == "7 new answers"


def test_whoever_is_killed_before_the_letter_leaves_none_twice_and_it_is_counted_next_time(
    cast, daily, inbox, monkeypatch
):
    class Killed(BaseException):
        pass

    def kill(*_args):
        raise Killed

    rate(hold(cast.cleo), 8)
    with monkeypatch.context() as patched:
        patched.setattr(actions, "letter_of", kill)
        with pytest.raises(Killed):
            send_digests(at=MORNING)
    send_digests(at=MORNING + timedelta(minutes=5))
    assert inbox.envelopes == []
    send_digests(at=MORNING + DAY)
    assert inbox.letters[0]["Subject"] == "1 new answer"


def test_while_nobody_is_there_it_is_tried_again_in_an_hour(cast, daily, settings):
    rate(hold(cast.cleo), 8)
    point_to(settings, free_port())
    send_digests(at=MORNING)
    daily.refresh_from_db()
    assert (daily.due_at, daily.sent_at) == (MORNING + timedelta(hours=1), None)
    with running_mail_server() as inbox:
        point_to(settings, inbox.port)
        send_digests(at=MORNING + timedelta(minutes=30))
        assert inbox.envelopes == []
        send_digests(at=MORNING + timedelta(hours=1))
        assert len(inbox.envelopes) == 1
    daily.refresh_from_db()
    assert daily.due_at == MORNING + DAY


def test_what_may_have_arrived_is_not_sent_again_that_day(cast, daily, inbox, caplog):
    rate(hold(cast.cleo), 8)
    inbox.at_data = "550 theo@example.org is unknown"
    send_digests(at=MORNING)
    inbox.at_data = "250 OK"
    send_digests(at=MORNING + timedelta(hours=2))
    assert inbox.envelopes == []
    assert "SMTPDataError" in caplog.text
    assert "theo@" not in caplog.text


def test_a_worker_that_is_to_stop_sends_no_more(cast, daily, inbox):
    rate(hold(cast.cleo), 8)
    send_digests(at=MORNING, is_over=lambda: True)
    assert inbox.envelopes == []


# --- When, and to whom -------------------------------------------------------------------


def test_by_night_nothing_goes_out_and_in_the_morning_it_does(cast, daily, inbox):
    rate(hold(cast.cleo), 8)
    Digest.objects.update(due_at=MORNING)
    for hour in (14, 17, 23):  # Until six in the morning.
        send_digests(at=MORNING + timedelta(hours=hour))
    assert inbox.envelopes == []
    send_digests(at=MORNING + DAY)
    assert len(inbox.envelopes) == 1


@pytest.mark.parametrize(
    ("every", "after", "due"),
    [
        ("never", datetime(2030, 3, 25, 6), None),
        ("day", datetime(2030, 3, 25, 6, 59), datetime(2030, 3, 25, 7)),
        ("day", datetime(2030, 3, 25, 7), datetime(2030, 3, 26, 7)),
        ("day", datetime(2030, 3, 30, 12), datetime(2030, 3, 31, 7)),  # Clocks go forward.
        ("week", datetime(2030, 3, 25, 6, 59), datetime(2030, 3, 25, 7)),
        ("week", datetime(2030, 3, 25, 7), datetime(2030, 4, 1, 7)),
        ("week", datetime(2030, 3, 30, 12), datetime(2030, 4, 1, 7)),
    ],
)
def test_it_is_due_at_seven_by_the_clock_of_the_practice(every, after, due):
    with timezone.override(HERE):
        found = next_due(every, after=after.replace(tzinfo=HERE))
    assert found == (due and due.replace(tzinfo=HERE))


@pytest.mark.parametrize(
    "change",
    [
        {"locked_at": timezone.now()},
        {"ended_on": timezone.localdate() - DAY},
        {"is_clinician": False, "is_manager": True},
    ],
)
def test_who_has_left_or_is_locked_out_or_sees_no_clients_gets_no_letter(
    cast, daily, inbox, change
):
    rate(hold(cast.cleo), 8)
    Membership.objects.filter(pk=daily.pk).update(**change)
    send_digests(at=MORNING)
    assert inbox.envelopes == []


def test_never_is_the_default_and_can_be_chosen_again(cast, inbox):
    theo, address, field = Client(), reverse("digest"), str(cast.members["theo"].pk)
    theo.force_login(cast.theo)
    assert 'value="never"' in theo.get(address).content.decode()
    theo.post(address, {field: "never"})
    assert not Digest.objects.exists()
    theo.post(address, {field: "week"})
    assert Digest.objects.get().due_at.astimezone(HERE).weekday() == 0
    theo.post(address, {field: "never"})
    rate(hold(cast.cleo), 8)
    send_digests(at=MORNING)
    assert inbox.envelopes == []
    assert theo.post(address, {field: "hourly"}).status_code == 200


def test_nobody_chooses_for_somebody_else(cast):
    theo = Client()
    theo.force_login(cast.theo)
    theo.post(
        reverse("digest"),
        {str(cast.members["theo"].pk): "day", str(cast.members["olga"].pk): "day"},
    )
    assert [digest.member for digest in Digest.objects.all()] == [cast.members["theo"]]


def test_the_worker_sends_them(cast, daily, inbox, monkeypatch):
    for module in (worker, db_worker):
        monkeypatch.setattr(module, "close_old_connections", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *_args: None)
    rate(hold(cast.cleo), 8)
    Digest.objects.update(due_at=timezone.now())
    call_command("worker", once=True)
    assert len(inbox.envelopes) == 1


def test_what_asks_nothing_is_nothing_to_look_at(cast, daily, inbox):
    say_low(cast)
    Flag.objects.exclude(kind="lower").delete()
    Flag.objects.update(kind=Flag.Kind.BACK)
    send_digests(at=MORNING)
    assert inbox.letters[0]["Subject"] == "6 new answers"

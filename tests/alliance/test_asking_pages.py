"""The pages on which it is agreed how clients are asked, and on which one sees how far it is."""

import re
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import request_rating
from alliance.asking.arranging import (
    arrange,
    carry_stops_along,
    choose_rules,
    plan_of,
    stop_messages,
)
from alliance.asking.models import Arrangement, AskingRules
from alliance.asking.standing_actions import make_standing_link
from alliance.measures.licences import Licence
from alliance.measures.models import Measure
from alliance.ratings.models import RatingRequest
from alliance.sending.actions import ask_by_message
from alliance.sending.delivery import deliver
from alliance.sending.models import Message
from alliance.sending.pages import present_funnel, present_mail
from alliance.sending.rates import Count, keep_back_small, present_rates
from alliance.sending.rounds import make_round
from alliance.sending.tasks import send_sample
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client, hand_over_episode
from sessions_app.clients.models import ClientIdentity, Episode
from sessions_app.sessions.models import Session
from tests.conftest import ask, hold, rate

ADDRESS = "somebody@clients.example.org"


def know(episode, **values):
    identity = ClientIdentity.objects.get(client=episode.client_id)
    for name, value in values.items():
        setattr(identity, name, value)
    identity.save()


def agree(episode, **values):
    given = {"measure": None, "way": "", "when": "", "remind_after_days": None}
    return arrange(episode=episode, by=episode.therapist.user, **given | values)


def page(client, name, *args):
    return re.sub(r"\s+", " ", client.get(reverse(name, args=args)).content.decode())


@pytest.fixture
def theo(cast, client):
    client.force_login(cast.theo)
    return client


@pytest.fixture
def mara(cast, client):
    client.force_login(cast.mara)
    return client


# --- One client ---------------------------------------------------------------------------


def test_a_therapist_agrees_with_a_client_how_to_ask(cast, theo):
    sent = {
        "way": "email",
        "when": "morning",
        "remind_after_days": "2",
        "measure": Measure.objects.get(key="session").pk,
        "language": "ar",
        "email": ADDRESS,
        "phone": "+43 660 1234567",
    }
    address = reverse("episode-asking", args=[cast.cleo.pk])
    assert theo.post(address, sent).status_code == 302
    plan = plan_of(cast.cleo)
    assert (plan.way, plan.when, plan.remind_after_days) == ("email", "morning", 2)
    identity = ClientIdentity.objects.get(client=cast.cleo.client_id)
    assert (identity.email, identity.language) == (ADDRESS, "ar")
    assert identity.name == "Name of CLEO"
    event = AuditEvent.objects.get(verb="asking.arranged")
    assert set(event.fields) == set(sent)
    shown = page(theo, "episode-asking", cast.cleo.pk)
    assert ADDRESS in shown
    ask_by_message(session=hold(cast.cleo), way="email", by=cast.theo)
    assert RatingRequest.objects.get().measure_version.language == "ar"


def test_a_client_about_whom_nothing_was_known_gets_an_address(cast, theo):
    episode = add_client(therapist=cast.members["theo"], code="NEW", by=cast.theo)
    theo.post(reverse("episode-asking", args=[episode.pk]), {"way": "email", "email": ADDRESS})
    assert ClientIdentity.objects.get(client=episode.client_id).email == ADDRESS


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"way": "email"}, "Without an e-mail address"),
        ({"way": "sms"}, "Without a number"),
        ({"way": "email", "email": "nobody"}, "valid email"),
        ({"way": "sms", "phone": "call me"}, "A number looks like"),
        ({"remind_after_days": "15"}, "less than or equal to 14"),
        ({"way": "pigeon"}, "valid choice"),
        ({"measure": "999999"}, "valid choice"),
        ({"language": "xx"}, "valid choice"),
    ],
)
def test_what_cannot_be_agreed_is_refused_beside_its_field(cast, theo, sent, said):
    address = reverse("episode-asking", args=[cast.cleo.pk])
    answer = theo.post(address, {"email": "", **sent})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Arrangement.objects.exists()


def test_without_a_provider_text_messages_are_not_offered(cast, theo, settings):
    settings.MESSENGER = ""
    shown = page(theo, "episode-asking", cast.cleo.pk)
    assert "A link by text message" not in shown
    assert "Mobile phone" not in shown
    answer = theo.post(reverse("episode-asking", args=[cast.cleo.pk]), {"way": "sms"})
    assert answer.status_code == 200


def test_questions_beside_the_relationship_are_no_choice_here(cast, theo):
    other = Measure.objects.create(
        key="other", perspective="client", purpose="qualities", name="Other"
    )
    sent = {"measure": other.pk}
    assert theo.post(reverse("episode-asking", args=[cast.cleo.pk]), sent).status_code == 200
    own = Measure.objects.get(perspective="therapist").pk
    sent = {"measure": own}
    assert theo.post(reverse("episode-asking", args=[cast.cleo.pk]), sent).status_code == 200


def test_what_another_practice_added_is_no_choice_here(cast, theo, mara):
    ours = Measure.objects.get(key="session-short")
    Measure.objects.filter(pk=ours.pk).update(practice=cast.elsewhere)
    today = timezone.localdate()
    for version in ours.versions.all():
        told = {"holder": "A holder", "kind": "group", "number": "1", "attested_by": cast.nils}
        Licence.objects.create(version=version, attested_on=today, valid_until=today, **told)
    for person, name, pk in (
        (cast.theo, "episode-asking", cast.cleo.pk),
        (cast.mara, "practice-asking-rules", cast.practice.pk),
    ):
        theo.force_login(person)
        assert ours.name not in page(theo, name, pk)
        sent = RULES | {"measure": ours.pk}
        answer = theo.post(reverse(name, args=[pk]), sent)
        assert "valid choice" in answer.content.decode()
    Measure.objects.filter(pk=ours.pk).update(practice=cast.practice)
    assert ours.name in page(theo, "practice-asking-rules", cast.practice.pk)


def test_a_bookmark_that_was_agreed_and_is_not_there_is_missed(cast, theo):
    agree(cast.cleo, way="standing")
    assert "this client has none yet" in page(theo, "episode-asking", cast.cleo.pk)
    make_standing_link(episode=cast.cleo, by=cast.theo)
    assert "has none yet" not in page(theo, "episode-asking", cast.cleo.pk)


def test_a_client_who_wants_no_messages_gets_none_until_they_agree_again(cast, theo):
    know(cast.cleo, email=ADDRESS)
    assert theo.post(reverse("asking-stop", args=[cast.cleo.pk])).status_code == 302
    assert "this client wants no messages" in page(theo, "episode-asking", cast.cleo.pk)
    assert Arrangement.objects.get().stopped_by == "staff"
    Arrangement.objects.update(stopped_by="client")
    assert "They said so on a form" in page(theo, "episode-asking", cast.cleo.pk)
    assert theo.post(reverse("asking-resume", args=[cast.cleo.pk])).status_code == 302
    assert "This client wants no messages" in page(theo, "episode-asking", cast.cleo.pk)
    assert Arrangement.objects.get().stopped_at is None


def test_how_a_client_is_asked_goes_along_with_handing_them_over(cast, theo):
    know(cast.cleo, email=ADDRESS)
    choose_rules(practice=cast.practice, by=cast.mara, way="email")
    agree(cast.cleo, way="by_hand", measure=Measure.objects.get(key="session-short"))
    after = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    assert theo.get(reverse("episode-asking", args=[cast.cleo.pk])).status_code == 404
    assert plan_of(after).way == "by_hand"
    asked, _secret = ask(hold(after))
    assert asked.measure_version.measure.key == "session-short"


def test_how_a_client_is_asked_is_carried_along_by_a_manager_who_may_not_read_on(cast, mara):
    agree(cast.cleo, way="email")
    today = cast.practice.day().isoformat()
    sent = {"episodes": [cast.cleo.pk], "to": cast.members["olga"].pk, "on": today}
    answer = mara.post(reverse("hand-over", args=[cast.members["theo"].pk]), sent)
    assert answer.status_code == 302
    after = Episode.objects.get(follows=cast.cleo)
    assert plan_of(after).way == "email"
    event = AuditEvent.objects.filter(verb="asking.arranged", actor=None).get()
    assert (event.target_id, event.fields) == (str(after.pk), ["way"])


def test_a_stop_goes_along_and_the_next_therapist_can_end_it(cast, theo, client):
    know(cast.cleo, email=ADDRESS)
    stop_messages(episode=cast.cleo, by=cast.theo)
    first = hand_over_episode(episode=cast.cleo, to=cast.members["sue"], by=cast.mara)
    second = hand_over_episode(episode=first, to=cast.members["olga"], by=cast.mara)
    client.force_login(cast.olga)
    assert "this client wants no messages" in page(client, "episode-asking", second.pk)
    assert client.post(reverse("asking-resume", args=[second.pk])).status_code == 302
    assert not Arrangement.objects.exclude(stopped_at=None).exists()
    assert AuditEvent.objects.filter(verb="asking.resumed").count() == 1
    carry_stops_along()
    assert plan_of(second).stopped_at is None


def test_where_a_client_is_reached_is_for_their_therapist_alone(cast, client):
    know(cast.cleo, email=ADDRESS)
    agree(cast.cleo, way="email")
    session = hold(cast.cleo)
    deliver(ask_by_message(session=session, way="email", by=cast.theo).messages.get().pk)
    pages = {
        "sue": [reverse("episode", args=[cast.cleo.pk]), reverse("caseload-supervised")],
        "mara": [reverse("practice-asking", args=[cast.practice.pk]), reverse("home")],
        "rita": [reverse("reception"), reverse("reception-today")],
    }
    for person, addresses in pages.items():
        client.force_login(getattr(cast, person))
        for address in addresses:
            assert ADDRESS not in client.get(address, follow=True).content.decode()


# --- How far it is ------------------------------------------------------------------------


def test_the_funnel_says_step_by_step_what_became_of_each_asking(cast, theo):
    know(cast.cleo, email=ADDRESS)
    first, second, third = (hold(cast.cleo, weeks_ago=back) for back in (2, 1, 0))
    rate(first, 7)
    asked = ask_by_message(session=second, way="email", by=cast.theo)
    assert "waiting to be sent" in present_funnel(cast.cleo).rows[0].trouble
    deliver(asked.messages.get().pk)
    now = timezone.now()
    RatingRequest.objects.filter(pk=asked.pk).update(
        opened_at=now + timedelta(minutes=2),
        closed_at=now + timedelta(minutes=3),
        closing="declined",
    )
    expired, _secret = ask(third)
    RatingRequest.objects.filter(pk=expired.pk).update(
        asked_at=now - timedelta(days=3), expires_at=now - timedelta(minutes=1)
    )
    rows = present_funnel(cast.cleo).rows
    assert [[step.what for step in row.steps] for row in rows] == [
        ["QR code or link", "Not answered in time"],
        ["E-mail", "Sent", "Opened", "Skipped by the client"],
        ["QR code or link", "Opened", "Answered"],
    ]
    for address in ("episode", "episode-asking"):
        shown = page(theo, address, cast.cleo.pk)
        assert "Skipped by the client" in shown
        assert "Not answered in time" in shown


def test_the_funnel_takes_as_many_questions_to_the_tables_for_one_asking_as_for_many(cast):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            present_funnel(cast.cleo)
        return len(captured)

    ask(hold(cast.cleo, weeks_ago=9))
    before = queries()
    for back in range(1, 8):
        ask(hold(cast.cleo, weeks_ago=back))
    assert queries() == before == 2


def test_a_supervisor_sees_how_far_it_is_and_changes_nothing(cast, client):
    ask(hold(cast.cleo))
    client.force_login(cast.sue)
    shown = page(client, "episode", cast.cleo.pk)
    assert "Asked, sent, opened, answered" in shown
    assert reverse("episode-asking", args=[cast.cleo.pk]) not in shown


def test_reception_sees_for_how_long_and_by_which_way_nobody_answered(cast, client):
    know(cast.cleo, email=ADDRESS)
    ask_by_message(session=hold(cast.cleo), way="email", by=cast.theo)
    RatingRequest.objects.update(asked_at=timezone.now() - timedelta(hours=5))
    client.force_login(cast.rita)
    assert "E-mail; no answer for 5 hours" in page(client, "reception").replace("\xa0", " ")


# --- All of today -------------------------------------------------------------------------


@pytest.fixture
def today(cast):
    """Four clients of Theo's with a session of today: two by mail, one by hand, one unwilling."""
    episodes = {"CLEO": cast.cleo}
    for code in ("MAIL", "HAND", "STOP"):
        episodes[code] = add_client(
            therapist=cast.members["theo"], code=code, by=cast.theo, name=code, email=ADDRESS
        )
    know(cast.cleo, email=ADDRESS)
    for code, episode in episodes.items():
        agree(episode, way="by_hand" if code == "HAND" else "email")
        hold(episode)
    stop_messages(episode=episodes["STOP"], by=cast.theo)
    hold(cast.dora)
    return episodes


def test_a_therapist_asks_for_all_of_today_in_one_go(cast, today, theo):
    shown = page(theo, "ask-today")
    assert "Needs your hand" in shown
    assert "Wants no messages" in shown
    assert "DORA" not in shown
    answer = theo.post(reverse("ask-today"), follow=True).content.decode()
    assert "Asked 2 clients." in answer
    assert "MAIL" not in answer
    assert "HAND" in answer
    make_round()
    assert len(mail.outbox) == 2
    asked = RatingRequest.objects.all()
    assert {request.session.episode.client.code for request in asked} == {"CLEO", "MAIL"}
    assert {request.asked_by for request in asked} == {cast.theo}
    again = theo.post(reverse("ask-today"), follow=True).content.decode()
    assert "Nobody could be asked." in again


def test_sessions_of_another_day_are_not_asked_about_in_one_go(cast, theo):
    know(cast.cleo, email=ADDRESS)
    agree(cast.cleo, way="email")
    hold(cast.cleo, weeks_ago=1)
    assert "nobody left to ask" in page(theo, "ask-today")


def test_reception_asks_for_all_of_today_without_seeing_where_messages_go(cast, today, client):
    client.force_login(cast.rita)
    shown = page(client, "reception-today")
    assert "DORA" in shown
    assert "with Theo" in shown
    assert ADDRESS not in shown
    answer = client.post(reverse("reception-today"), follow=True).content.decode()
    assert "Asked 2 clients." in answer
    assert {request.asked_by for request in RatingRequest.objects.all()} == {cast.rita}


def test_who_cannot_be_reached_after_all_is_left_for_somebodys_hand(cast, today, theo):
    know(cast.cleo, email="")
    assert "There is no address: ask in the room." in page(theo, "ask-today")
    assert "Asked 1 client." in theo.post(reverse("ask-today"), follow=True).content.decode()
    assert "CLEO" in page(theo, "ask-today")
    assert "there is no address for them yet" in page(theo, "episode-asking", cast.cleo.pk)
    know(cast.cleo, email=ADDRESS)
    assert "there is no address" not in page(theo, "episode-asking", cast.cleo.pk)
    agree(cast.cleo, way="standing")
    assert "There is no bookmark: ask in the room." in page(theo, "ask-today")


def test_reception_is_not_told_who_cannot_be_reached_and_asks_the_others(cast, today, client):
    know(cast.cleo, email="")
    client.force_login(cast.rita)
    assert "no address" not in page(client, "reception-today")
    answer = client.post(reverse("reception-today"), follow=True).content.decode()
    assert "Asked 1 client." in answer


# --- A practice ---------------------------------------------------------------------------


RULES = {
    "way": "email",
    "when": "hour",
    "remind_after_days": "3",
    "qualities_every": "0",
    "asks_about_tension": "on",
    "offers_quick_exit": "on",
    "quick_exit_to": "https://weather.example.org/",
}


def test_a_manager_chooses_how_clients_are_asked(cast, mara):
    address = reverse("practice-asking-rules", args=[cast.practice.pk])
    assert mara.post(address, RULES).status_code == 302
    rules = AskingRules.objects.get()
    assert (rules.way, rules.when, rules.remind_after_days) == ("email", "hour", 3)
    assert (rules.qualities_every, rules.asks_about_tension) == (0, True)
    assert rules.quick_exit_to == "https://weather.example.org/"
    event = AuditEvent.objects.get(verb="asking_rules.chosen")
    assert (event.actor, event.practice) == (cast.mara, cast.practice)
    shown = page(mara, "practice-asking", cast.practice.pk)
    assert "A link by e-mail" in shown
    assert "Once, after 3 days" in shown
    assert mara.post(address, RULES | {"way": "by_hand"}).status_code == 302
    assert AskingRules.objects.get().way == "by_hand"


@pytest.mark.parametrize(
    "wrong",
    [
        {"way": ""},
        {"when": "never"},
        {"remind_after_days": "0"},
        {"remind_after_days": "15"},
        {"qualities_every": "21"},
        {"quick_exit_to": "javascript:alert(1)"},
    ],
)
def test_what_a_practice_cannot_choose_is_refused(cast, mara, wrong):
    address = reverse("practice-asking-rules", args=[cast.practice.pk])
    assert mara.post(address, RULES | wrong).status_code == 200
    assert not AskingRules.objects.exists()


def test_a_manager_sends_a_sample_to_their_own_address_through_the_queue(cast, mara):
    address = reverse("practice-asking-sample", args=[cast.practice.pk])
    assert mara.post(address, {"to": "other@example.org"}).status_code == 302
    assert mail.outbox == []
    send_sample.func(cast.practice.pk, cast.mara.pk)
    (letter,) = mail.outbox
    assert letter.to == ["mara@example.org"]


def test_managers_are_told_that_mail_waits_and_since_when(cast, clocks_apart, mara):
    cache.clear()
    know(cast.cleo, email=ADDRESS)
    request = ask_by_message(session=hold(cast.cleo), way="email", by=cast.theo)
    shown = page(mara, "practice-asking", cast.practice.pk)
    assert "The worker has never run here" in shown
    assert "waiting since" not in shown  # It was asked just now.
    since = timezone.now() - timedelta(minutes=6)
    Message.objects.update(due_at=since)
    told = timezone.localtime(since, timezone.zoneinfo.ZoneInfo(cast.practice.time_zone))
    shown = page(mara, "practice-asking", cast.practice.pk)
    assert f"1 message has been waiting since {told:%-d %b, %H:%M}" in shown
    assert "CLEO" not in shown
    assert present_mail(cast.elsewhere).waiting == 0
    make_round()
    shown = page(mara, "practice-asking", cast.practice.pk)
    assert "The worker is running." in shown
    assert "waiting since" not in shown
    cache.set("worker:last-round", timezone.now() - timedelta(hours=1), timeout=None)
    assert "The worker was last seen on" in page(mara, "practice-asking", cast.practice.pk)
    Message.objects.filter(request=request).update(closing="failed")
    shown = page(mara, "practice-asking", cast.practice.pk)
    assert "In the last week 1 message could not be delivered" in shown


def test_mail_that_waits_though_the_worker_runs_points_to_the_mail_server(cast, mara):
    know(cast.cleo, email=ADDRESS)
    ask_by_message(session=hold(cast.cleo), way="email", by=cast.theo)
    soon = timezone.now() + timedelta(minutes=3)
    Message.objects.update(due_at=timezone.now() - timedelta(minutes=6), claimed_until=soon)
    make_round()
    assert "does the mail server answer?" in page(mara, "practice-asking", cast.practice.pk)


# --- How many answer ----------------------------------------------------------------------


def many(cast, code, number, *, channel, answered, days_ago=1):
    """Ask so many clients by a way; let the first `answered` of them answer."""
    for place in range(number):
        episode = add_client(therapist=cast.members["theo"], code=f"{code}{place}", by=cast.theo)
        at = timezone.now() - timedelta(days=days_ago)
        session = Session.objects.create(episode=episode, number=1, starts_at=at)
        asked, _secret = request_rating(
            session=session, respondent="client", channel=channel, by=cast.theo, at=at
        )
        closing = "answered" if place < answered else "expired"
        RatingRequest.objects.filter(pk=asked.pk).update(closed_at=at, closing=closing)


def lines(table):
    return {
        str(line.name): (line.count.answered, line.count.asked) if line.count else None
        for line in table
    }


def test_how_many_answer_is_told_by_way_and_by_month(cast, mara):
    many(cast, "L", 6, channel="link", answered=3)
    many(cast, "E", 8, channel="email", answered=6)
    ask(hold(cast.cleo))  # It is still open.
    rates = present_rates(cast.practice)
    assert lines(rates.by_way) == {"QR code or link": (3, 6), "E-mail": (6, 8)}
    assert (rates.total.count.answered, rates.total.count.asked) == (9, 14)
    assert rates.total.percent == 64
    assert sum(line.count.asked for line in rates.by_month) == 14
    assert not rates.has_hidden
    shown = page(mara, "practice-asking", cast.practice.pk)
    assert "9 of 14 were answered: 64 %." in shown
    assert "L0" not in shown
    assert present_rates(cast.elsewhere).total is None


def test_numbers_behind_which_there_are_few_clients_are_kept_back_and_what_gives_them_away(
    cast, mara
):
    many(cast, "L", 7, channel="link", answered=3)
    many(cast, "T", 6, channel="tablet", answered=6)
    many(cast, "E", 2, channel="email", answered=1)
    rates = present_rates(cast.practice)
    # The tablet's six would tell the two by e-mail, since the sum is known.
    assert lines(rates.by_way) == {
        "QR code or link": (3, 7),
        "A tablet of the practice": None,
        "E-mail": None,
    }
    assert "too few to show" in page(mara, "practice-asking", cast.practice.pk)


def test_of_fewer_than_five_clients_nothing_is_counted(cast, mara):
    many(cast, "L", 4, channel="link", answered=3)
    rates = present_rates(cast.practice)
    assert rates.total is None
    assert set(lines(rates.by_way).values()) == {None}
    assert "There are too few to say." in page(mara, "practice-asking", cast.practice.pk)


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([5, 9, 6], set()),
        ([4, 9, 6], {0, 2}),
        ([4, 4, 9], {0, 1}),
        ([1, 1, 9], {0, 1, 2}),
        ([1, 1, 9, 8], {0, 1, 3}),
        ([4], {0}),
        ([9], set()),
        ([], set()),
    ],
)
def test_hidden_lines_stand_together_for_five_clients_and_never_alone(sizes, hidden):
    counts = {
        place: Count(2 * size, size, {(place, number) for number in range(size)})
        for place, size in enumerate(sizes)
    }
    assert keep_back_small(counts) == hidden


def test_hidden_lines_of_the_same_few_clients_take_another_along():
    few = {"a", "b", "c", "d"}
    counts = {
        "one": Count(8, 4, set(few)),
        "two": Count(8, 4, set(few)),
        "three": Count(12, 6, {*"efghij"}),
    }
    assert keep_back_small(counts) == {"one", "two", "three"}


def test_the_year_goes_back_to_the_first_of_a_month(cast, monkeypatch):
    moment = datetime(2026, 1, 31, 12, tzinfo=timezone.get_default_timezone())
    monkeypatch.setattr(timezone, "now", lambda: moment)
    many(cast, "N", 6, channel="link", answered=3, days_ago=330)
    many(cast, "O", 6, channel="link", answered=3, days_ago=340)
    by_month = [line.name.isoformat() for line in present_rates(cast.practice).by_month]
    assert by_month == ["2025-03-01", "2025-02-01"]


def test_a_session_counts_once_by_the_way_in_which_it_was_first_asked_about(cast):
    many(cast, "E", 6, channel="email", answered=0)
    for request in RatingRequest.objects.all()[:2]:
        RatingRequest.objects.filter(pk=request.pk).update(closed_at=None, closing="")
        later, _secret = request_rating(
            session=request.session, respondent="client", channel="tablet", by=cast.theo
        )
    assert lines(present_rates(cast.practice).by_way) == {"E-mail": None}  # Two are still open.
    RatingRequest.objects.filter(closed_at=None).update(closed_at=timezone.now(), closing="expired")
    RatingRequest.objects.filter(pk=later.pk).update(closing="answered")
    assert lines(present_rates(cast.practice).by_way) == {"E-mail": (1, 6)}


def test_what_was_taken_back_is_an_answer(cast):
    many(cast, "L", 6, channel="link", answered=0)
    first = RatingRequest.objects.all()[:1].get()
    RatingRequest.objects.filter(pk=first.pk).update(closing="withdrawn")
    assert lines(present_rates(cast.practice).by_way) == {"QR code or link": (1, 6)}


def test_counting_looks_at_nothing_that_was_said(cast, mara):
    many(cast, "L", 6, channel="link", answered=3)
    with CaptureQueriesContext(connection) as captured:
        page(mara, "practice-asking", cast.practice.pk)
    asked = " ".join(query["sql"] for query in captured)
    assert "alliance_ratingrequest" in asked
    for table in ('"alliance_rating"', "alliance_comment", "clientidentity", '"note"', '"code"'):
        assert table not in asked


def test_rules_of_another_practice_change_nothing_here(cast):
    choose_rules(practice=cast.elsewhere, by=cast.nils, way="email")
    assert plan_of(cast.cleo).way == "by_hand"
    assert plan_of(cast.emil).way == "email"

"""Whoever leaves hands their clients over first; whoever is locked out is out at once."""

import threading
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import NothingToRate, submit_rating
from alliance.ratings.models import Rating
from sessions_app.access.actions import appoint_deputy, join_practice
from sessions_app.access.models import AuditEvent, Deputy, Membership, Practice, Supervision, User
from sessions_app.clients.actions import (
    add_client,
    end_episode,
    hand_over_caseload,
    hand_over_episode,
    open_episode,
)
from sessions_app.clients.models import Episode
from sessions_app.openings.actions import give_consent, withdraw_consent
from sessions_app.openings.models import Consent, opening_of
from sessions_app.openings.wordings import IN_USE, WORDINGS
from sessions_app.places.actions import (
    change_duties,
    end_membership,
    invite,
    lock_membership,
    unlock_membership,
)
from tests.conftest import ITEMS, PASSWORD, ask, hold, rate

DAY = timedelta(days=1)
FORM = {"sent": "1", "say": "7"}


@pytest.fixture
def mara(cast, client):
    client.force_login(cast.mara)
    return client


def today():
    return timezone.localdate()


def post(mara, name, thing, **sent):
    return mara.post(reverse(name, args=[thing.pk]), sent)


def errors(answer):
    assert answer.status_code == 200
    return {name: " ".join(said) for name, said in answer.context["form"].errors.items()}


def who_reads(cast, episode):
    """Return the first names of all who may read `episode`."""
    return {
        name
        for name in cast.members
        if Episode.objects.visible_to(getattr(cast, name)).filter(pk=episode.pk).exists()
    }


# --- Handing over -------------------------------------------------------------------------


@pytest.fixture
def caseload(cast):
    """Three open episodes of Theo's, with Cleo's among them, by code."""
    for code in ("FAYE", "GWEN"):
        add_client(
            therapist=cast.members["theo"], code=code, by=cast.theo, started_on=today() - 100 * DAY
        )
    episodes = cast.members["theo"].episodes.select_related("client", "therapist__practice")
    return {episode.client.code: episode for episode in episodes}


def test_a_manager_hands_over_a_whole_caseload(cast, mara, caseload):
    rated = rate(hold(cast.cleo, weeks_ago=1), 7)
    theo, olga = cast.members["theo"], cast.members["olga"]
    page = mara.get(reverse("hand-over", args=[theo.pk])).content.decode()
    assert page.count("checked") == 3
    answer = post(
        mara,
        "hand-over",
        theo,
        episodes=[str(episode.pk) for episode in caseload.values()],
        to=olga.pk,
        on=str(today()),
    )
    assert answer.headers["Location"] == reverse("member", args=[theo.pk])
    for episode in caseload.values():
        episode.refresh_from_db()
        after = episode.followed_by
        assert (episode.ending, episode.ended_on) == ("transferred", today())
        assert (after.therapist, after.started_on, after.ended_on) == (olga, today(), None)
    assert not theo.episodes.filter(ended_on=None).exists()
    assert Rating.objects.get(pk=rated.pk).session.episode == cast.cleo
    handed = AuditEvent.objects.filter(verb="episode.ended", actor=cast.mara)
    assert handed.count() == 3


def test_a_manager_hands_over_one_client_and_leaves_the_others(cast, mara, caseload):
    theo, olga = cast.members["theo"], cast.members["olga"]
    gwen = caseload["GWEN"]
    post(mara, "hand-over", theo, episodes=[str(gwen.pk)], to=olga.pk, on=str(today()))
    assert set(Episode.objects.open().filter(therapist=theo)) == {cast.cleo, caseload["FAYE"]}
    assert Episode.objects.open().get(client=gwen.client).therapist == olga


def test_of_a_caseload_all_are_handed_over_or_none(cast, mara, caseload):
    theo, olga = cast.members["theo"], cast.members["olga"]
    open_episode(client=caseload["GWEN"].client, therapist=olga, by=cast.olga)
    answer = post(
        mara,
        "hand-over",
        theo,
        episodes=[str(episode.pk) for episode in caseload.values()],
        to=olga.pk,
        on=str(today()),
    )
    assert errors(answer) == {"episodes": "GWEN: These two have an open episode already."}
    assert Episode.objects.open().filter(therapist=theo).count() == 3
    assert not AuditEvent.objects.filter(verb="episode.ended").exists()


@pytest.mark.parametrize(
    ("changed", "field", "why"),
    [
        ({"episodes": []}, "episodes", "required"),
        ({"episodes": ["dora"]}, "episodes", "valid choice"),
        ({"to": "theo"}, "to", "valid choice"),
        ({"to": "rita"}, "to", "valid choice"),
        ({"to": "nils"}, "to", "valid choice"),
        ({"on": 1}, "episodes", "CLEO: This day has not come yet."),
        ({"on": -8}, "episodes", "CLEO: A session was held after this day."),
        ({"on": -300}, "episodes", "CLEO: "),
    ],
)
def test_what_cannot_be_handed_over_is_refused_beside_the_field(cast, mara, changed, field, why):
    hold(cast.cleo, weeks_ago=1)
    told = {"episodes": ["cleo"], "to": "olga", "on": 0} | changed
    answer = post(
        mara,
        "hand-over",
        cast.members["theo"],
        episodes=[str(getattr(cast, name).pk) for name in told["episodes"]],
        to=cast.members[told["to"]].pk,
        on=str(today() + told["on"] * DAY),
    )
    assert list(errors(answer)) == [field]
    assert why in errors(answer)[field]
    assert Episode.objects.open().filter(pk=cast.cleo.pk).exists()


def test_nobody_is_handed_over_to_whom_they_are_with(cast):
    with pytest.raises(ValidationError, match="with this person already"):
        hand_over_episode(episode=cast.cleo, to=cast.members["theo"], by=cast.mara)


@pytest.mark.parametrize("how", ["left", "locked", "reception"])
def test_nobody_takes_clients_who_has_left_or_is_locked_out_or_is_no_clinician(cast, how):
    olga = cast.members["olga"]
    end_episode(episode=cast.dora, ending="planned", by=cast.olga)
    if how == "left":
        end_membership(membership=olga, ended_on=today(), by=cast.mara)
    elif how == "locked":
        lock_membership(membership=olga, by=cast.mara)
    else:
        change_duties(membership=olga, by=cast.mara, is_clinician=False, is_reception=True)
    with pytest.raises(ValidationError, match="takes no clients here"):
        hand_over_episode(episode=cast.cleo, to=olga, by=cast.mara)
    assert Episode.objects.open().filter(pk=cast.cleo.pk).exists()


# --- What was said before -----------------------------------------------------------------


@pytest.fixture
def after(cast):
    """Cleo's episode with Olga, which follows the one with Theo."""
    rate(hold(cast.cleo, weeks_ago=1, note="He cried."), 3, comment="Please help me.")
    return hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)


def agree(cast, after):
    return give_consent(episode=after.follows, recorded_by=after.therapist, by=after.therapist.user)


def test_whoever_follows_does_not_read_what_was_said_before(cast, after, client):
    client.force_login(cast.olga)
    assert who_reads(cast, cast.cleo) == {"theo", "sue"}
    assert client.get(reverse("episode", args=[cast.cleo.pk])).status_code == 404
    page = client.get(reverse("episode", args=[after.pk])).content.decode()
    assert "is not shown here" in page
    assert reverse("consent", args=[after.pk]) in page


def test_with_the_clients_recorded_consent_whoever_follows_reads_it_and_nobody_else(
    cast, after, client
):
    client.force_login(cast.olga)
    address = reverse("consent", args=[after.pk])
    number = IN_USE[Consent.Kind.EARLIER_THERAPY]
    assert WORDINGS[Consent.Kind.EARLIER_THERAPY, number] in client.get(address).content.decode()
    client.post(address, {"answer": "agrees"})
    consent = Consent.objects.get()
    assert (consent.client, consent.episode) == (cast.cleo.client, cast.cleo)
    assert (consent.wording, consent.recorded_by) == (number, cast.members["olga"])
    event = AuditEvent.objects.get(verb="consent.given")
    assert (event.actor, event.client_id) == (cast.olga, cast.cleo.client_id)
    assert who_reads(cast, cast.cleo) == {"theo", "sue", "olga"}
    page = client.get(reverse("episode", args=[cast.cleo.pk])).content.decode()
    assert "because your client agreed" in page
    assert "He cried." in page
    assert "Please help me." not in page, "what was written to Theo stays with him"
    assert "Name of CLEO" not in page
    read = AuditEvent.objects.filter(verb="episode.read", actor=cast.olga).latest("pk")
    assert read.reason == str(consent) == f"consent {consent.pk}"


def test_what_was_said_before_is_read_only(cast, after, client):
    agree(cast, after)
    session = cast.cleo.sessions.get()
    client.force_login(cast.olga)
    assert not Episode.objects.held_by(cast.olga).filter(pk=cast.cleo.pk).exists()
    for name, thing in (
        ("session-create", cast.cleo),
        ("session-edit", session),
        ("rating-ask", session),
        ("consent", cast.cleo),
    ):
        address = reverse(name, args=[thing.pk])
        assert client.get(address).status_code == 404
        assert client.post(address, {"answer": "agrees"}).status_code == 404


def test_a_consent_that_is_withdrawn_opens_nothing_from_then_on(cast, after, client):
    agree(cast, after)
    client.force_login(cast.olga)
    client.post(reverse("consent", args=[after.pk]), {"answer": "withdraws"})
    assert who_reads(cast, cast.cleo) == {"theo", "sue"}
    assert client.get(reverse("episode", args=[cast.cleo.pk])).status_code == 404
    assert Consent.objects.get().withdrawn_at is not None
    assert AuditEvent.objects.filter(verb="consent.withdrawn", actor=cast.olga).count() == 1
    agree(cast, after)
    assert who_reads(cast, cast.cleo) == {"theo", "sue", "olga"}
    assert Consent.objects.count() == 2


def test_it_is_recorded_once(cast, after):
    agree(cast, after)
    with pytest.raises(ValidationError, match="agreed already"):
        agree(cast, after)
    withdraw_consent(episode=cast.cleo, by=cast.olga)
    withdraw_consent(episode=cast.cleo, by=cast.olga)
    assert AuditEvent.objects.filter(verb="consent.withdrawn").count() == 1


def test_it_does_not_open_it_to_the_supervisor_of_whoever_follows(cast, after):
    nell = join_practice(practice=cast.practice, email="nell@example.org", is_clinician=True)
    Supervision.objects.create(supervisor=nell, therapist=cast.members["olga"])
    agree(cast, after)
    assert Episode.objects.visible_to(nell.user).filter(pk=after.pk).exists()
    assert not Episode.objects.visible_to(nell.user).filter(pk=cast.cleo.pk).exists()


def test_it_ends_with_the_therapy_for_which_it_was_given(cast, after):
    agree(cast, after)
    end_episode(episode=after, ending="planned", by=cast.olga)
    assert who_reads(cast, cast.cleo) == {"theo", "sue"}


def test_it_does_not_pass_on_to_whoever_comes_next(cast, after):
    agree(cast, after)
    third = hand_over_episode(episode=after, to=cast.members["sue"], by=cast.mara)
    Supervision.objects.update(ended_on=today() - DAY)
    assert who_reads(cast, cast.cleo) == {"theo"}
    assert who_reads(cast, after) == {"olga"}
    agree(cast, third)
    assert who_reads(cast, after) == {"olga", "sue"}
    assert who_reads(cast, cast.cleo) == {"theo"}


def test_what_lies_within_reach_needs_no_opening(cast, after):
    consent = agree(cast, after)
    assert opening_of(cast.cleo, cast.olga) == consent
    assert opening_of(cast.cleo, cast.theo) is None
    assert opening_of(cast.cleo, cast.sue) is None
    assert opening_of(cast.cleo, cast.mara) is None


def test_the_wordings_that_were_used_stand_as_they_were():
    """A wording gets a new number; who changes an old one rewrites what people agreed to."""
    assert set(WORDINGS) == {(Consent.Kind.EARLIER_THERAPY, 1)}
    assert WORDINGS[Consent.Kind.EARLIER_THERAPY, 1] == (
        "My present therapist may read what I marked, and what was noted, during my therapy with "
        "the therapist before. They do not see what I wrote to that therapist, and they change "
        "nothing. I can take this back at any time. It ends when my present therapy ends."
    )


# --- Leaving ------------------------------------------------------------------------------


def test_nobody_leaves_while_a_client_is_with_them(cast, mara):
    theo = cast.members["theo"]
    answer = post(mara, "member-leave", theo, ended_on=str(today()))
    assert "One client is still with this person. Hand" in errors(answer)["ended_on"]
    assert "CLEO" in answer.content.decode()
    add_client(therapist=theo, code="FAYE", by=cast.theo)
    answer = post(mara, "member-leave", theo, ended_on=str(today()))
    assert "2 clients are still with this person" in errors(answer)["ended_on"]
    assert Membership.objects.get(pk=theo.pk).ended_on is None


@pytest.mark.parametrize("name", ["member-leave", "supervision-end"])
@pytest.mark.parametrize(
    ("zone", "offered"), [("Europe/Vienna", 11), ("UTC", 10), ("America/Los_Angeles", 10)]
)
def test_the_last_day_that_is_offered_is_over_by_neither_clock(
    cast, mara, settings, name, zone, offered
):
    settings.TIME_ZONE = "UTC"
    Practice.objects.update(time_zone=zone)
    thing = {"member-leave": cast.members["theo"], "supervision-end": Supervision.objects.get()}
    late = datetime(2030, 3, 10, 23, 30, tzinfo=UTC)
    with patch("django.utils.timezone.now", return_value=late):
        mara.force_login(cast.mara)
        page = mara.get(reverse(name, args=[thing[name].pk])).content.decode()
    assert f'value="2030-03-{offered}"' in page


def test_once_the_caseload_is_handed_over_a_place_ends_on_its_day(cast, mara):
    theo = cast.members["theo"]
    hand_over_caseload(episodes=[cast.cleo], to=cast.members["olga"], by=cast.mara)
    assert post(mara, "member-leave", theo, ended_on=str(today())).status_code == 302
    theo.refresh_from_db()
    assert (theo.ended_on, theo.locked_at) == (today(), None)
    assert Membership.objects.own(cast.theo) == {theo.pk}, "the last day still counts"
    assert Supervision.objects.get().ended_on == today()
    event = AuditEvent.objects.get(verb="membership.ended")
    assert (event.actor, event.fields) == (cast.mara, ["ended_on"])
    Membership.objects.filter(pk=theo.pk).update(ended_on=today() - DAY)
    assert Membership.objects.own(cast.theo) == set()


@pytest.mark.parametrize(
    ("name", "days", "why"),
    [
        ("sue", -301, "had not begun"),
        ("mara", 0, "Nobody would manage this practice"),
        ("theo", -1, "A client was with this person after this day"),
    ],
)
def test_a_day_that_cannot_be_the_last_is_refused_beside_the_field(cast, mara, name, days, why):
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    member = cast.members[name]
    answer = post(mara, "member-leave", member, ended_on=str(today() + days * DAY))
    assert why in errors(answer)["ended_on"]
    assert Membership.objects.get(pk=member.pk).ended_on is None


def test_who_has_left_does_not_leave_again(cast, mara):
    end_membership(membership=cast.members["sue"], ended_on=today() - DAY, by=cast.mara)
    answer = post(mara, "member-leave", cast.members["sue"], ended_on=str(today()))
    assert "has left already" in errors(answer)["ended_on"]


def test_a_last_day_to_come_may_be_changed(cast, mara):
    sue = cast.members["sue"]
    for days in (30, 10):
        end_membership(membership=sue, ended_on=today() + days * DAY, by=cast.mara)
        sue.refresh_from_db()
        assert sue.ended_on == today() + days * DAY


def test_two_managers_may_not_both_leave(cast):
    change_duties(membership=cast.members["rita"], by=cast.mara, is_manager=True)
    end_membership(membership=cast.members["mara"], ended_on=today() + DAY, by=cast.rita)
    with pytest.raises(ValidationError, match="Nobody would manage"):
        end_membership(membership=cast.members["rita"], ended_on=today(), by=cast.mara)


# --- Locked out ---------------------------------------------------------------------------


@pytest.fixture
def theo(cast):
    """A browser in which Theo is signed in, by his password."""
    cast.theo.set_password(PASSWORD)
    cast.theo.save()
    browser = Client()
    browser.force_login(User.objects.get(pk=cast.theo.pk))
    assert browser.get(reverse("caseload")).status_code == 200
    return browser


def test_who_is_locked_out_is_out_at_the_next_request_and_cannot_sign_in(cast, mara, theo):
    post(mara, "member-lock", cast.members["theo"])
    answer = theo.get(reverse("caseload"))
    assert answer.headers["Location"].startswith(reverse("account_login"))
    assert not get_user(theo).is_authenticated
    theo.post(reverse("account_login"), {"login": "theo@example.org", "password": PASSWORD})
    assert not get_user(theo).is_authenticated
    event = AuditEvent.objects.get(verb="membership.locked")
    assert (event.actor, event.practice) == (cast.mara, cast.practice)


def test_the_links_of_their_clients_open_nothing_while_it_lasts(cast, mara, sessions, client):
    form = reverse("rate", args=[ask(sessions["cleo"])[1]])
    others = reverse("rate", args=[ask(sessions["dora"])[1]])
    stranger = Client()
    assert stranger.get(form).status_code == 200
    post(mara, "member-lock", cast.members["theo"])
    assert stranger.get(form).status_code == 404
    assert stranger.post(form, FORM).status_code == 404
    assert not Rating.objects.exists()
    assert stranger.get(others).status_code == 200
    post(mara, "member-unlock", cast.members["theo"])
    assert stranger.get(form).status_code == 200


def test_a_link_from_before_a_handing_over_takes_no_answer_after_it(cast, sessions, client):
    asked, secret = ask(sessions["cleo"])
    form = reverse("rate", args=[secret])
    assert client.get(form).status_code == 200
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    assert not asked.is_open()
    assert client.get(form).status_code == 404
    assert client.post(form, FORM).status_code == 404
    with pytest.raises(NothingToRate):
        submit_rating(request=asked, answers=dict.fromkeys(ITEMS, 7))
    assert not Rating.objects.exists()


def test_nobody_asks_about_a_session_from_before_a_handing_over(cast, sessions):
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    with pytest.raises(NothingToRate):
        ask(sessions["cleo"])


def test_after_an_ordinary_end_the_last_link_still_takes_an_answer(cast, sessions, client):
    form = reverse("rate", args=[ask(sessions["cleo"])[1]])
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert client.post(form, FORM).status_code == 302
    assert Rating.objects.get().session == sessions["cleo"]


def test_the_links_of_clients_whose_therapist_has_left_open_nothing(cast, sessions, client):
    form = reverse("rate", args=[ask(sessions["cleo"])[1]])
    Membership.objects.filter(pk=cast.members["theo"].pk).update(ended_on=today() - DAY)
    assert client.get(form).status_code == 404
    assert client.post(form, FORM).status_code == 404


def test_no_letter_reaches_who_is_locked_out(cast, mara, client):
    post(mara, "member-lock", cast.members["theo"])
    Client().post(reverse("account_reset_password"), {"email": "theo@example.org"})
    assert mail.outbox == []


def test_invitations_sent_by_who_is_locked_out_admit_nobody(cast, mara):
    change_duties(membership=cast.members["rita"], by=cast.mara, is_manager=True)
    offers = [
        invite(practice=cast.practice, email=f"{by}@new.example", is_reception=True, by=user)[1]
        for by, user in (("rita", cast.rita), ("mara", cast.mara))
    ]
    post(mara, "member-lock", cast.members["rita"])
    answers = [Client().get(reverse("join", args=[secret])).status_code for secret in offers]
    assert answers == [404, 200]


def test_what_is_open_elsewhere_stays_open(cast, mara, theo):
    elsewhere = join_practice(practice=cast.elsewhere, email="theo@example.org", is_clinician=True)
    post(mara, "member-lock", cast.members["theo"])
    assert Membership.objects.own(cast.theo) == {elsewhere.pk}
    assert User.objects.get(pk=cast.theo.pk).is_active
    theo.force_login(User.objects.get(pk=cast.theo.pk))
    assert theo.get(reverse("caseload")).status_code == 200
    assert theo.get(reverse("episode", args=[cast.cleo.pk])).status_code == 404


def test_the_session_that_was_ended_does_not_come_back_with_the_place(cast, mara):
    cast.theo.set_password(PASSWORD)
    cast.theo.save()
    browser = Client()
    browser.force_login(User.objects.get(pk=cast.theo.pk))
    browser.get(reverse("caseload"))
    post(mara, "member-lock", cast.members["theo"])
    post(mara, "member-unlock", cast.members["theo"])
    assert User.objects.get(pk=cast.theo.pk).is_active
    assert browser.get(reverse("caseload")).status_code == 302
    assert Membership.objects.own(User.objects.get(pk=cast.theo.pk))
    verbs = AuditEvent.objects.order_by("-pk").values_list("verb", flat=True)
    assert "membership.unlocked" in verbs[:3]


def test_the_supervisor_of_who_is_locked_out_still_reads_their_work(cast, mara):
    post(mara, "member-lock", cast.members["theo"])
    assert who_reads(cast, cast.cleo) == {"sue"}


def test_clients_of_who_is_locked_out_can_be_handed_over(cast, mara):
    post(mara, "member-lock", cast.members["theo"])
    new = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    assert who_reads(cast, new) == {"olga"}


def test_nobody_locks_themselves_out_nor_the_last_manager(cast, mara):
    page = mara.post(reverse("member-lock", args=[cast.members["mara"].pk]), follow=True)
    assert "lock yourself out" in page.content.decode()
    with pytest.raises(ValidationError, match="Nobody would manage"):
        lock_membership(membership=cast.members["mara"], by=None)
    assert Membership.objects.get(pk=cast.members["mara"].pk).locked_at is None


def test_locking_and_letting_in_twice_is_once(cast):
    rita = cast.members["rita"]
    for _twice in range(2):
        lock_membership(membership=rita, by=cast.mara)
    for _twice in range(2):
        unlock_membership(membership=rita, by=cast.mara)
    for verb in ("membership.locked", "membership.unlocked"):
        assert AuditEvent.objects.filter(verb=verb).count() == 1


def test_whoever_leaves_may_be_kept_out_at_once(cast, mara, client):
    appoint_deputy(member=cast.members["sue"], by=cast.mara)
    sue = Client()
    sue.force_login(cast.sue)
    sue.get(reverse("caseload-supervised"))
    post(mara, "member-leave", cast.members["sue"], ended_on=str(today()), at_once="on")
    assert sue.get(reverse("caseload-supervised")).status_code == 302
    assert not get_user(sue).is_authenticated
    assert Deputy.objects.get().dismissed_at is not None


# --- Two at once --------------------------------------------------------------------------


@pytest.mark.usefixtures("committed")
def test_of_leaving_and_taking_a_client_at_once_one_is_refused(cast):
    sue = cast.members["sue"]
    barrier, told = threading.Barrier(2), []

    def act(name, action, **values):
        barrier.wait()
        try:
            action(**values)
            told.append(name)
        except ValidationError:
            pass
        finally:
            connection.close()

    threads = [
        threading.Thread(
            target=act,
            args=("left", end_membership),
            kwargs={"membership": sue, "ended_on": today(), "by": cast.mara},
        ),
        threading.Thread(
            target=act,
            args=("took", hand_over_episode),
            kwargs={"episode": cast.cleo, "to": sue, "by": cast.mara},
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 1
    has_left = Membership.objects.get(pk=sue.pk).ended_on is not None
    assert has_left != Episode.objects.open().filter(therapist=sue).exists()

"""The people of a practice: who works there, what they do, who supervises whom."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sessions_app.access.actions import end_supervision, join_practice, start_supervision
from sessions_app.access.checks import rows_are_walled
from sessions_app.access.models import AuditEvent, Membership, Supervision
from sessions_app.clients.actions import add_client, end_episode
from sessions_app.clients.models import ClientIdentity
from sessions_app.places.actions import change_duties
from tests.conftest import ask, confirm, hold, rate

DAY = timedelta(days=1)


@pytest.fixture
def mara(cast, client):
    client.force_login(cast.mara)
    return client


def page_of(mara, name, thing):
    return mara.get(reverse(name, args=[thing.pk])).content.decode()


def post(mara, name, thing, **sent):
    return mara.post(reverse(name, args=[thing.pk]), sent)


def errors(answer):
    """Return what is said beside each field of the form on a page."""
    assert answer.status_code == 200
    return {name: " ".join(said) for name, said in answer.context["form"].errors.items()}


# --- What a manager sees ------------------------------------------------------------------


def test_a_manager_sees_who_works_here_what_they_do_and_how_many_clients_they_have(cast, mara):
    add_client(therapist=cast.members["theo"], code="FAYE", by=cast.theo)
    page = re.sub(r"\s+", " ", page_of(mara, "people", cast.practice))
    for name in ("Theo", "Sue", "Olga", "Mara", "Rita"):
        assert name in page
    assert "Nils" not in page
    assert "Supervised by Sue" in page
    assert page.count("2 clients now") == 1  # Theo
    assert page.count("1 client now") == 1  # Olga
    assert page.count("0 clients now") == 1  # Sue
    assert "Works at reception" in page


def test_a_manager_sees_codes_and_counts_and_never_what_was_said(cast, mara):
    rate(hold(cast.cleo, note="He cried."), 3, comment="Please help me.")
    theo = cast.members["theo"]
    seen = [page_of(mara, "people", cast.practice)] + [
        page_of(mara, name, theo)
        for name in ("member", "member-leave", "hand-over", "member-duties", "supervision-create")
    ]
    assert "CLEO" in seen[1]
    for page in seen:
        for secret in ("Please help", "He cried", "Name of CLEO", "3.0", "DORA", "EMIL"):
            assert secret not in page


def test_who_has_left_and_who_is_locked_out_is_shown_as_such(cast, mara):
    Membership.objects.filter(pk=cast.members["olga"].pk).update(
        ended_on=timezone.localdate() - DAY
    )
    Membership.objects.filter(pk=cast.members["rita"].pk).update(locked_at=timezone.now())
    page = page_of(mara, "people", cast.practice)
    assert page.index("Who has left") < page.index("Olga")
    assert page.count("locked out") == 1


def test_the_page_costs_the_same_few_queries_however_many_work_here(cast, mara):
    address = reverse("people", args=[cast.practice.pk])
    mara.get(address)
    with CaptureQueriesContext(connection) as few:
        mara.get(address)
    for number in range(5):
        member = join_practice(
            practice=cast.practice, email=f"p{number}@example.org", is_clinician=True
        )
        start_supervision(supervisor=cast.members["sue"], therapist=member)
        add_client(therapist=member, code=f"C-{number}", by=member.user)
    with CaptureQueriesContext(connection) as many:
        mara.get(address)
    assert len(many) == len(few)


def test_managers_find_the_way_from_the_head_of_every_page(cast, mara, client):
    address = reverse("people", args=[cast.practice.pk])
    assert f'<a href="{address}">People' in mara.get("/").content.decode()
    current = rf'href="{address}"\s+aria-current="page">People'
    assert re.search(current, mara.get(address).content.decode())
    client.force_login(cast.theo)
    assert "/people/" not in client.get(reverse("caseload")).content.decode()


# --- Changing is confirmed, reading is not ------------------------------------------------

CHANGES = {
    "invite": "practice",
    "deputy-appoint": "practice",
    "member-duties": "member",
    "member-leave": "member",
    "member-lock": "member",
    "member-unlock": "member",
    "supervision-create": "member",
    "hand-over": "member",
    "supervision-end": "supervision",
}


@pytest.mark.parametrize("name", CHANGES)
def test_whoever_changes_people_has_shown_a_second_factor_in_the_last_minutes(cast, mara, name):
    thing = {
        "practice": cast.practice,
        "member": cast.members["theo"],
        "supervision": Supervision.objects.get(),
    }[CHANGES[name]]
    events = AuditEvent.objects.count()
    confirm(mara, cast.mara, seconds_ago=301)
    assert page_of(mara, "people", cast.practice)
    answer = mara.post(reverse(name, args=[thing.pk]))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/confirm/")
    assert AuditEvent.objects.count() == events


# --- What somebody does -------------------------------------------------------------------


def test_a_manager_changes_what_somebody_does_and_it_holds_at_once(cast, mara, client):
    answer = post(mara, "member-duties", cast.members["rita"], duties=["is_manager"])
    assert answer.status_code == 302
    rita = Membership.objects.get(pk=cast.members["rita"].pk)
    assert (rita.is_manager, rita.is_reception, rita.is_clinician) == (True, False, False)
    event = AuditEvent.objects.get(verb="membership.changed")
    assert (event.actor, event.target_id) == (cast.mara, str(rita.pk))
    assert event.fields == ["is_manager", "is_reception"]
    client.force_login(cast.rita)
    assert client.get(reverse("people", args=[cast.practice.pk])).status_code == 200
    assert client.get(reverse("reception")).status_code == 404


def test_storing_what_is_so_already_leaves_no_trace(cast, mara):
    post(mara, "member-duties", cast.members["rita"], duties=["is_reception"])
    assert not AuditEvent.objects.filter(verb="membership.changed").exists()


@pytest.mark.parametrize(
    ("name", "duties", "why"),
    [
        ("theo", [], "Say what this person does here"),
        ("theo", ["is_reception"], "One client is still with this person"),
        ("mara", ["is_clinician"], "Nobody would manage this practice"),
        ("theo", ["is_superuser"], "valid choice"),
    ],
)
def test_what_cannot_be_is_said_beside_what_somebody_does(cast, mara, name, duties, why):
    answer = post(mara, "member-duties", cast.members[name], duties=duties)
    assert list(errors(answer)) == ["duties"]
    assert why in errors(answer)["duties"]
    assert not AuditEvent.objects.filter(verb="membership.changed").exists()


def test_whoever_is_no_clinician_any_more_supervises_nobody_and_is_no_deputy(cast):
    change_duties(membership=cast.members["sue"], by=cast.mara, is_clinician=False, is_manager=True)
    assert Supervision.objects.get().ended_on == timezone.localdate()
    assert Membership.objects.reach(cast.sue) == set()


def test_a_manager_who_gives_it_up_is_led_home(cast, mara):
    change_duties(membership=cast.members["rita"], by=cast.mara, is_manager=True)
    answer = post(mara, "member-duties", cast.members["mara"], duties=["is_clinician"])
    assert answer.headers["Location"] == "/"
    assert mara.get(reverse("people", args=[cast.practice.pk])).status_code == 404


# --- Supervision --------------------------------------------------------------------------


def test_a_supervision_begins_on_a_day_and_opens_the_work_then(cast, mara):
    tomorrow = timezone.localdate() + DAY
    olga, sue = cast.members["olga"], cast.members["sue"]
    post(mara, "supervision-create", olga, supervisor=sue.pk, started_on=str(tomorrow))
    assert olga.supervised.get().started_on == tomorrow
    assert olga.pk not in Membership.objects.reach(cast.sue)
    olga.supervised.update(started_on=timezone.localdate())
    assert olga.pk in Membership.objects.reach(cast.sue)
    assert AuditEvent.objects.filter(verb="supervision.started", actor=cast.mara).count() == 1


@pytest.mark.parametrize(
    ("sent", "field", "why"),
    [
        ({"supervisor": "nils"}, "supervisor", "valid choice"),
        ({"supervisor": "rita"}, "supervisor", "valid choice"),
        ({"supervisor": "theo"}, "supervisor", "valid choice"),
        ({"supervisor": "sue"}, "__all__", "supervises the other already"),
        ({"supervisor": "olga", "started_on": "soon"}, "started_on", "valid date"),
        ({"supervisor": "olga", "started_on": "1999-01-01"}, "started_on", "has no place here"),
    ],
)
def test_a_supervision_that_cannot_be_is_refused_beside_the_field(cast, mara, sent, field, why):
    sent = {"started_on": str(timezone.localdate())} | sent
    sent["supervisor"] = cast.members[sent["supervisor"]].pk
    answer = post(mara, "supervision-create", cast.members["theo"], **sent)
    assert list(errors(answer)) == [field]
    assert why in errors(answer)[field]
    assert Supervision.objects.count() == 1


def test_a_supervision_ends_on_a_day_and_is_kept(cast, mara):
    supervision = Supervision.objects.get()
    yesterday = timezone.localdate() - DAY
    post(mara, "supervision-end", supervision, ended_on=str(yesterday))
    supervision.refresh_from_db()
    assert supervision.ended_on == yesterday
    assert cast.members["theo"].pk not in Membership.objects.reach(cast.sue)
    event = AuditEvent.objects.get(verb="supervision.ended")
    assert (event.actor, event.fields) == (cast.mara, ["ended_on"])
    assert mara.get(reverse("supervision-end", args=[supervision.pk])).status_code == 404
    assert "Supervised by Sue" in page_of(mara, "member", cast.members["theo"])


def test_a_supervision_does_not_end_before_it_began_nor_twice(cast, mara):
    supervision = Supervision.objects.get()
    before = supervision.started_on - DAY
    answer = post(mara, "supervision-end", supervision, ended_on=str(before))
    assert "had not begun" in errors(answer)["ended_on"]
    end_supervision(supervision=supervision, by=cast.mara, ended_on=timezone.localdate() - DAY)
    with pytest.raises(ValidationError, match="ended already"):
        end_supervision(supervision=supervision, by=cast.mara)


# --- Whose practice -----------------------------------------------------------------------


def test_a_manager_of_two_practices_mixes_them_up_nowhere(cast, mara):
    join_practice(practice=cast.elsewhere, email="mara@example.org", is_manager=True)
    nils, theo = cast.members["nils"], cast.members["theo"]
    assert "Nils" in page_of(mara, "people", cast.elsewhere)
    assert "Theo" not in page_of(mara, "people", cast.elsewhere)
    today = str(timezone.localdate())
    for sent in ({"supervisor": nils.pk}, {"supervisor": cast.members["mara"].pk}):
        answer = post(mara, "supervision-create", theo, started_on=today, **sent)
        assert "valid choice" in errors(answer)["supervisor"]
    answer = post(mara, "hand-over", theo, episodes=[str(cast.cleo.pk)], to=nils.pk, on=today)
    assert "valid choice" in errors(answer)["to"]
    answer = post(
        mara,
        "hand-over",
        theo,
        episodes=[str(cast.emil.pk)],
        to=cast.members["olga"].pk,
        on=today,
    )
    assert "valid choice" in errors(answer)["episodes"] or "not one of" in str(errors(answer))


def test_an_episode_that_ended_counts_among_the_ended(cast, mara):
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    page = re.sub(r"\s+", " ", page_of(mara, "member", cast.members["theo"]))
    assert "0 clients are with this person now" in page
    assert "1 course of therapy has ended" in page
    assert "CLEO" not in page


# --- One wall or two ----------------------------------------------------------------------


def test_with_several_clinicians_on_sqlite_the_manager_is_told_that_there_is_one_wall(cast, client):
    client.force_login(cast.mara)
    page = client.get(reverse("people", args=[cast.practice.pk])).content.decode()
    assert ("This runs on SQLite" in page) is (connection.vendor == "sqlite")
    found = [warning.id for warning in rows_are_walled(None)]
    assert found == {"sqlite": ["access.W002"], "postgresql": ["access.W003"]}[connection.vendor]


def test_whoever_works_alone_is_told_nothing_of_walls(cast, client):
    Membership.objects.exclude(pk=cast.members["theo"].pk).update(
        is_clinician=False, is_manager=True
    )
    client.force_login(cast.mara)
    page = client.get(reverse("people", args=[cast.practice.pk])).content.decode()
    assert "This runs on SQLite" not in page


# --- Where clients turn in a crisis -------------------------------------------------------


def footer(page):
    return re.search(r"<footer>(.*?)</footer>", page.content.decode(), re.S).group(1).strip()


def test_clients_are_told_where_to_turn_in_their_own_language_where_that_is_written(
    cast, mara, client
):
    sent = {"en": "Call 112.", "de": "Rufen Sie 142 an.", "fr": ""}
    assert post(mara, "practice-crisis", cast.practice, **sent).status_code == 302
    for language, told in (
        ("en", '<p dir="auto" lang="en">Call 112.</p>'),
        ("de", '<p dir="auto" lang="de">Rufen Sie 142 an.</p>'),
        ("fr", '<p dir="auto" lang="en">Call 112.</p>'),
    ):
        ClientIdentity.objects.filter(client=cast.cleo.client).update(language=language)
        _asked, secret = ask(hold(cast.cleo))
        assert footer(client.get(reverse("rate", args=[secret]))) == told
    shown = page_of(mara, "practice-crisis", cast.practice)
    assert "Call 112." in shown
    assert "Rufen Sie 142 an." in shown
    event = AuditEvent.objects.filter(verb="practice.told_where_to_turn").get()
    assert event.actor == cast.mara
    assert "112" not in str(vars(event))


def test_where_nothing_is_written_clients_are_told_nothing(cast, mara, client):
    post(mara, "practice-crisis", cast.practice, en="Call 112.")
    post(mara, "practice-crisis", cast.practice)
    _asked, secret = ask(hold(cast.cleo))
    assert footer(client.get(reverse("rate", args=[secret]))) == ""
    assert "Nothing is written yet" in page_of(mara, "practice-asking", cast.practice)


def test_a_note_that_is_too_long_stays_as_it_was_typed_beside_why(cast, mara):
    answer = post(mara, "practice-crisis", cast.practice, de="ü" * 601)
    assert list(errors(answer)) == ["de"]
    assert "ü" * 601 in answer.content.decode()
    cast.practice.refresh_from_db()
    assert cast.practice.crisis_notes == {}

"""How a therapist's clients rate as a whole: the very same page for them and their supervisor."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import request_rating, submit_rating
from alliance.patterns.actions import keep_figures, work_out_figures
from alliance.patterns.models import PracticeFigures
from alliance.patterns.pages import present_list, present_patterns
from sessions_app.access.actions import end_supervision, join_practice, start_supervision
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client
from tests.conftest import ITEMS, asked_of_tables, hold, rate, run


def join(cast, name):
    return join_practice(
        practice=cast.practice,
        email=f"{name}@example.org",
        name=name,
        is_clinician=True,
        started_on=timezone.localdate() - timedelta(days=900),
    )


def bring(member, totals, *, weeks_ago=1, sessions=1):
    """Give `member` a new client for each of `totals`, who rates some sessions with it."""
    for total in totals:
        episode = add_client(
            therapist=member,
            code=f"C{member.pk}-{member.episodes.count()}",
            by=member.user,
            started_on=timezone.localdate() - timedelta(days=800),
        )
        for more in range(sessions):
            session = hold(episode, weeks_ago=weeks_ago + more)
            at = session.starts_at + timedelta(hours=1)
            asked, _secret = request_rating(
                session=session, respondent="client", channel="link", by=member.user, at=at
            )
            submit_rating(request=asked, answers=dict.fromkeys(ITEMS, total), at=at)


@pytest.fixture
def practice_of_many(cast):
    """Theo and six colleagues with five clients each; all lie close together but the last."""
    bring(cast.members["theo"], [6, 7, 7, 8, 9])
    for number, totals in enumerate(
        ([6, 7, 8, 8, 9], [6, 7, 7, 8, 8], [5, 7, 8, 8, 9], [6, 6, 7, 8, 9], [7, 7, 7, 8, 9])
    ):
        bring(join(cast, f"colleague{number}"), totals)
    return cast


def theo(cast, reader="theo"):
    return present_patterns(cast.members["theo"], getattr(cast, reader))


def page(client, user, member, name="patterns"):
    client.force_login(user)
    answer = client.get(reverse(name, args=[member.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def main(body):
    return re.search(r"<main.*</main>", body, re.DOTALL)[0]


def test_supervisor_and_supervisee_see_the_same_page_byte_by_byte(practice_of_many, client):
    cast = practice_of_many
    work_out_figures(practice=cast.practice)
    own = main(page(client, cast.theo, cast.members["theo"]))
    supervisors = main(page(client, cast.sue, cast.members["theo"]))
    assert own == supervisors
    assert "Cannot be told apart from the practice’s average." in own


def test_nobody_else_finds_the_page(cast, client):
    for name in ("olga", "nils", "mara", "rita"):
        client.force_login(getattr(cast, name))
        for address in ("patterns", "endings"):
            answer = client.get(reverse(address, args=[cast.members["theo"].pk]))
            assert answer.status_code == 404, (name, address)


def test_it_closes_when_supervision_ends(cast, client):
    yesterday = timezone.localdate() - timedelta(days=1)
    end_supervision(
        supervision=cast.members["theo"].supervised.get(), by=cast.mara, ended_on=yesterday
    )
    client.force_login(cast.sue)
    assert client.get(reverse("patterns", args=[cast.members["theo"].pk])).status_code == 404


def test_each_reading_is_in_the_trail(cast, client):
    page(client, cast.sue, cast.members["theo"])
    page(client, cast.sue, cast.members["theo"], "endings")
    told = AuditEvent.objects.filter(actor=cast.sue).order_by("pk")
    assert [(one.verb, one.target_id) for one in told][-2:] == [
        ("patterns.read", str(cast.members["theo"].pk)),
        ("endings.read", str(cast.members["theo"].pk)),
    ]


def test_below_five_clients_nothing_is_said(cast):
    bring(cast.members["theo"], [6, 7, 8])
    for part in theo(cast).parts:
        assert part.sentence == "Too few clients (3 of 5) to say anything."
        assert (part.own, part.estimate, part.average) == ("–", "–", "–")
        assert (part.funnel, part.card) == (None, None)
        assert part.spread == "3 clients, from 6.0 to 8.0."
        assert part.past.startswith("Too few clients to lay two years side by side: 3 now, 0")


def test_the_distribution_is_told_before_any_average(practice_of_many, client):
    body = page(client, practice_of_many.theo, practice_of_many.members["theo"])
    assert body.index("Each client a dot") < body.index("In figures")
    (part, *_others) = theo(practice_of_many).parts
    assert part.spread == "5 clients, from 6.0 to 9.0. The middle half lies between 7.0 and 8.0."
    assert part.strip.count('class="dot"') == 5
    assert f"C{practice_of_many.members['theo'].pk}-" not in main(body)  # No client's code.


def test_a_client_counts_once_however_many_ratings(cast):
    bring(cast.members["theo"], [5, 7, 7, 7])
    bring(cast.members["theo"], [9], sessions=4)
    (part, *_others) = theo(cast).parts
    assert part.clients == 5
    assert part.own.startswith("7.0 (")
    assert part.rated.startswith("8 of 8 sessions")


def test_without_an_average_of_the_practice_there_is_nothing_to_lay_it_beside(practice_of_many):
    (part, *_others) = theo(practice_of_many).parts
    assert part.sentence == "There is no average of the practice to lay this beside."
    assert part.own.startswith("7.4 (")


def test_the_practices_average_is_of_so_many(practice_of_many):
    cast = practice_of_many
    work_out_figures(practice=cast.practice)
    figures = PracticeFigures.objects.get(component="trust")
    assert (figures.therapists, figures.clients) == (6, 30)
    assert 7.2 < figures.mu < 7.6
    (part, *_others) = theo(cast).parts
    assert part.average.endswith("of 6 therapists and 30 clients")
    assert part.funnel.count('class="dot"') == 1  # Nobody else is drawn.
    assert "colleague" not in str(part)


def test_a_difference_is_told_where_it_is_reliable_and_beyond_chance(practice_of_many):
    cast = practice_of_many
    for number, total in enumerate((2, 3, 4)):
        bring(join(cast, f"other{number}"), [total, total + 0.5, total, total, total - 0.5])
    work_out_figures(practice=cast.practice)
    first = PracticeFigures.objects.get(component="trust")
    assert first.tau2 > first.variance / 5
    above = present_patterns(cast.members["theo"], cast.theo).parts[0]
    assert above.sentence == "Lies above what chance would explain (1 in 500)."


def test_twelve_months_are_laid_beside_the_twelve_before(cast):
    bring(cast.members["theo"], [5, 5, 6, 6, 5, 6], weeks_ago=60)
    bring(cast.members["theo"], [8, 8, 9, 9, 8, 9])
    (part, *_others) = theo(cast).parts
    assert part.clients == 6
    assert part.past.startswith("Higher than in the twelve months before by 3.0 (+2.")


def test_a_small_change_cannot_be_told(cast):
    bring(cast.members["theo"], [5, 6, 7, 8, 9], weeks_ago=60)
    bring(cast.members["theo"], [5, 6, 7, 8, 8])
    (part, *_others) = theo(cast).parts
    assert part.past.startswith("No change from the twelve months before can be told")


def test_what_is_seldom_rated_is_said_beside(cast):
    bring(cast.members["theo"], [5, 6, 7, 8, 9])
    for back in range(1, 6):
        hold(cast.cleo, weeks_ago=back)
    (part, *_others) = theo(cast).parts
    assert part.rated.startswith("5 of 10 sessions: 50 % (")


def test_marks_of_the_therapist_and_ratings_taken_back_count_for_nothing(cast):
    session = hold(cast.cleo)
    rate(session, 7, respondent="therapist")
    (part, *_others) = theo(cast).parts
    assert part.clients == 0
    assert part.spread == "Nobody has rated this in the last twelve months."


# --- The practice's figures ---------------------------------------------------------------


def test_of_fewer_than_five_therapists_there_are_no_figures(cast):
    bring(cast.members["theo"], [6, 7, 7, 8, 9])
    for number in range(3):
        bring(join(cast, f"colleague{number}"), [6, 7, 7, 8, 9])
    bring(cast.members["olga"], [6, 7, 7, 8])  # One client too few.
    assert work_out_figures(practice=cast.practice) == []


@pytest.mark.parametrize(("supervised", "is_told"), [(2, True), (3, False), (4, False), (5, True)])
def test_figures_are_kept_back_where_somebody_could_take_off_all_but_one_or_two(
    practice_of_many, supervised, is_told
):
    """Sue has no clients of her own; six have. Theo she supervises already."""
    cast = practice_of_many
    others = cast.practice.memberships.filter(user__name__startswith="colleague")
    for member in others.order_by("pk")[:supervised]:
        start_supervision(supervisor=cast.members["sue"], therapist=member)
    assert bool(work_out_figures(practice=cast.practice)) is is_told


def test_what_may_no_longer_be_told_is_taken_away(practice_of_many):
    cast = practice_of_many
    assert len(work_out_figures(practice=cast.practice)) == 3
    for member in cast.practice.memberships.filter(user__name__startswith="colleague")[:3]:
        start_supervision(supervisor=cast.members["sue"], therapist=member)
    work_out_figures(practice=cast.practice)
    assert not PracticeFigures.objects.exists()


def test_figures_are_worked_out_once_a_day(practice_of_many):
    keep_figures()
    assert PracticeFigures.objects.count() == 3
    PracticeFigures.objects.all().delete()
    keep_figures()
    assert not PracticeFigures.objects.exists()


def test_a_day_that_failed_is_tried_again(practice_of_many, monkeypatch):
    def fail(**kwargs):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("alliance.patterns.actions.work_out_figures", fail)
        with pytest.raises(RuntimeError):
            keep_figures()
    keep_figures()
    assert PracticeFigures.objects.count() == 3


def test_figures_are_for_clinicians_of_the_practice_only(practice_of_many):
    cast = practice_of_many
    work_out_figures(practice=cast.practice)
    seen = {
        name: PracticeFigures.objects.visible_to(getattr(cast, name)).count()
        for name in ("theo", "sue", "olga", "nils", "mara", "rita")
    }
    assert seen == {"theo": 3, "sue": 3, "olga": 3, "nils": 0, "mara": 0, "rita": 0}


def test_another_practice_is_not_in_them(practice_of_many):
    cast = practice_of_many
    work_out_figures(practice=cast.practice)
    before = PracticeFigures.objects.get(component="trust").mu
    bring(cast.members["nils"], [1, 1, 1, 1, 2])
    work_out_figures(practice=cast.practice)
    assert PracticeFigures.objects.get(component="trust").mu == before


# --- The list -----------------------------------------------------------------------------


def test_the_list_is_by_name_and_tells_nothing_but_how_many(cast, client):
    anna = join(cast, "Anna")
    start_supervision(supervisor=cast.members["sue"], therapist=anna)
    bring(anna, [3, 4])
    run(cast.cleo, [9, None])
    lines = present_list(cast.sue)
    assert [str(line.member) for line in lines] == ["Anna", "Sue", "Theo"]
    assert [line.clients for line in lines] == [2, 0, 1]
    assert [line.rated.split(":")[0] for line in lines] == [
        "2 of 2 sessions",
        "no session held",
        "1 of 2 sessions",
    ]
    client.force_login(cast.sue)
    shown = client.get(reverse("patterns-list")).content.decode()
    assert "Olga" not in shown


def of_the_page(captured):
    """Return what the page asked; now and then the sign-in notes that somebody is still here."""
    return [sql for sql in asked_of_tables(captured) if "django_session" not in sql]


@pytest.mark.parametrize("name", ["patterns", "endings"])
def test_ten_times_the_clients_cost_no_more_queries(cast, client, name):
    client.force_login(cast.theo)
    address = reverse(name, args=[cast.members["theo"].pk])
    client.get(address)
    counts = []
    for more in (2, 18):
        bring(cast.members["theo"], [7] * more)
        if name == "endings":
            cast.members["theo"].episodes.update(ended_on=timezone.localdate(), ending="planned")
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        counts.append(len(of_the_page(captured)))
    assert counts[0] == counts[1]


def test_ten_times_the_supervisees_cost_no_more_queries_but_their_line_in_the_trail(cast, client):
    client.force_login(cast.sue)
    client.get(reverse("patterns-list"))
    counts = []
    for more in (1, 9):
        for number in range(more):
            member = join(cast, f"new{more}-{number}")
            start_supervision(supervisor=cast.members["sue"], therapist=member)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("patterns-list"))
        told = [sql for sql in of_the_page(captured) if "auditevent" not in sql]
        counts.append(len(told))
    assert counts[0] == counts[1]

"""What a practice reckons with: its parameters, its choice of what is marked, and the rehearsal."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from alliance.detection.actions import choose_sensitivity, store_parameters
from alliance.detection.lines import lines_of
from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.detection.parameters import Proposal, in_force, propose, start_values
from alliance.detection.switches import SWITCHES
from alliance.measures.models import MeasureVersion
from alliance.psychometrics.detector import PRESETS
from alliance.psychometrics.fitting import Errors, Fit
from alliance.psychometrics.rates import RATES
from alliance.trends.cards import of_a_rule
from alliance.trends.models import Flag, Standing
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client
from tests.conftest import hold, rate, run

WRITES = {"preset": "quiet", "comparators": ["individuals_chart"]}


def wording():
    return MeasureVersion.objects.get(measure__key="session", language="en")


def clients(cast, courses):
    """Begin an episode for each course of totals, and run it."""
    for place, totals in enumerate(courses):
        episode = add_client(
            therapist=cast.members["theo"],
            code=f"N-{place}",
            by=cast.theo,
            started_on=timezone.localdate() - timedelta(days=200),
        )
        run(episode, totals)


def proposal_of(clients, *, blended=True):
    parameters = start_values(wording())
    return Proposal(
        measure_version=wording(),
        old=ParameterVersion.objects.first(),
        clients=clients,
        ratings=10 * clients,
        fit=Fit(parameters, Errors(), -1.0, clients, 10 * clients, ()),
        blended=parameters if blended else None,
        low_cutoff=4.5,
    )


# --- Parameters ---


def test_to_start_with_they_are_cautious_and_know_where_the_scale_ends(cast):
    version = in_force(cast.practice, wording(), at=timezone.now())
    assert (version.number, version.origin, version.low_cutoff) == (1, "start", None)
    total = version.between + version.state + version.error
    assert total == pytest.approx(1.5**2)
    assert version.between / total == pytest.approx(0.5)
    # Six marks of one point each: a total moves by a sixth at least.
    assert version.ceiling == pytest.approx(10 - 1 / 6)
    assert in_force(cast.practice, wording(), at=timezone.now()) == version


def test_each_practice_and_each_wording_has_its_own(cast):
    arabic = MeasureVersion.objects.get(measure__key="session", language="ar")
    ours = in_force(cast.practice, wording(), at=timezone.now())
    assert in_force(cast.elsewhere, wording(), at=timezone.now()) != ours
    assert in_force(cast.practice, arabic, at=timezone.now()) != ours


def test_a_course_that_began_before_a_fit_keeps_what_it_began_with(cast):
    *_earlier, last = run(cast.cleo, [8, 8, 8, 8, None])
    began = Standing.objects.get(episode=cast.cleo).parameters
    stored = store_parameters(practice=cast.practice, proposal=proposal_of(31))
    assert (stored.number, stored.origin, stored.low_cutoff) == (2, "fitted", 4.5)
    rate(last, 8)
    assert Standing.objects.get(episode=cast.cleo).parameters == began
    assert in_force(cast.practice, wording(), at=timezone.now()) == stored
    assert in_force(cast.practice, wording(), at=timezone.now() - timedelta(days=9)) == began


def test_they_are_fitted_at_most_monthly_and_never_to_nothing(cast):
    in_force(cast.practice, wording(), at=timezone.now())
    with pytest.raises(ValidationError, match="too few"):
        store_parameters(practice=cast.practice, proposal=proposal_of(3, blended=False))
    store_parameters(practice=cast.practice, proposal=proposal_of(31))
    with pytest.raises(ValidationError, match="month"):
        store_parameters(practice=cast.practice, proposal=proposal_of(32))
    ParameterVersion.objects.filter(number=2).update(made_at=timezone.now() - timedelta(days=29))
    assert store_parameters(practice=cast.practice, proposal=proposal_of(33)).number == 3
    assert AuditEvent.objects.filter(verb="parameters.fitted").count() == 2


def test_too_few_clients_propose_nothing(cast):
    clients(cast, [[8, 7, 8, 7, 8], [6, 7, 6, 7]])
    proposal = propose(cast.practice, wording())
    assert (proposal.clients, proposal.ratings) == (1, 9)
    assert (proposal.fit, proposal.blended, proposal.low_cutoff) == (None, None, None)


def test_the_command_shows_old_and_new_side_by_side_and_stores_only_when_told(cast, capsys):
    levels = [5 + place % 5 for place in range(30)]
    clients(cast, [[level, level + 1, level, level - 1, level + 1] for level in levels])
    call_command("fit_parameters", practice=cast.practice.pk)
    said = capsys.readouterr().out
    assert "30 clients with five ratings or more, 150 ratings" in said
    assert "version 1" in said
    assert "variance between clients" in said
    assert "Nothing is stored" in said
    assert ParameterVersion.objects.count() == 1
    call_command("fit_parameters", practice=cast.practice.pk, store=True)
    assert "Stored as version 2" in capsys.readouterr().out
    fitted = ParameterVersion.objects.get(number=2)
    # Thirty clients weigh as much as the start values do.
    assert fitted.clients == 30
    assert fitted.ratings == 150
    assert fitted.mean == pytest.approx((7.5 + 7.2) / 2, abs=0.1)
    assert fitted.low_cutoff == pytest.approx(5, abs=0.5)
    assert fitted.between < ParameterVersion.objects.get(number=1).between * 3
    call_command("fit_parameters", store=True)
    assert "Not stored: The last version is not a month old." in capsys.readouterr().out
    with pytest.raises(CommandError, match="no practice"):
        call_command("fit_parameters", practice=0)


# --- Series of a practice ---


def test_a_line_holds_one_episode_in_one_wording_and_gaps_stay_gaps(cast):
    hold(cast.cleo, weeks_ago=9)
    run(cast.cleo, [8, None, 7])
    run(cast.dora, [None, 5])
    run(cast.emil, [9, 9])
    found = {line.episode: line for line in lines_of(cast.practice)}
    assert set(found) == {cast.cleo.pk, cast.dora.pk}
    assert found[cast.cleo.pk].totals == [8, None, 7]
    assert found[cast.dora.pk].totals == [5]
    assert len(found[cast.cleo.pk].dates) == 3
    assert list(lines_of(cast.practice, version=0)) == []


def test_the_therapists_ratings_and_blank_sheets_are_in_no_line(cast):
    first, second, _third = run(cast.cleo, [8, None, 7])
    rate(first, 2, respondent="therapist")
    rate(second, None)
    assert [line.totals for line in lines_of(cast.practice)] == [[8, None, 7]]


# --- The choice ---


def test_a_manager_chooses_for_sessions_from_now_on_and_it_stands_in_the_trail(cast, client):
    client.force_login(cast.mara)
    address = reverse("sensitivity", args=[cast.practice.pk])
    answer = client.post(address, WRITES, follow=True)
    assert "It holds for sessions from now on" in answer.content.decode()
    chosen = Sensitivity.objects.get()
    assert (chosen.preset, chosen.comparators) == ("quiet", ["individuals_chart"])
    assert chosen.rules() == PRESETS["quiet"]
    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.actor, event.practice_id) == (
        "sensitivity.chosen",
        cast.mara,
        cast.practice.pk,
    )
    page = client.get(address).content.decode()
    assert page.count("checked") == 2


def test_without_any_rule_beside_it_the_choice_is_stored_too(cast, client):
    client.force_login(cast.mara)
    client.post(reverse("sensitivity", args=[cast.practice.pk]), {"preset": "sensitive"})
    assert Sensitivity.objects.get().comparators == []


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"preset": "loud"},
        {"preset": "quiet\0"},
        {"preset": "quiet", "comparators": ["none-such"]},
        {"preset": "quiet", "comparators": ["a" * 10_000]},
    ],
)
def test_what_nobody_offered_is_refused_beside_the_field(cast, client, sent):
    client.force_login(cast.mara)
    answer = client.post(reverse("sensitivity", args=[cast.practice.pk]), sent)
    assert answer.status_code == 200
    assert "text-danger" in answer.content.decode()
    assert not Sensitivity.objects.exists()


def test_the_manager_of_one_practice_does_not_choose_for_another(cast, client):
    client.force_login(cast.mara)
    for address in (cast.elsewhere.pk, 0, 999_999):
        for ask in (client.get, client.post):
            assert ask(reverse("sensitivity", args=[address]), WRITES).status_code == 404
    assert not Sensitivity.objects.exists()


def test_who_both_manages_and_sees_clients_finds_the_page_from_the_list(cast, client):
    nils = cast.members["nils"]
    nils.is_manager = True
    nils.save()
    client.force_login(cast.nils)
    page = client.get(reverse("caseload")).content.decode()
    assert reverse("sensitivity", args=[cast.elsewhere.pk]) in page
    assert client.get(reverse("sensitivity", args=[cast.elsewhere.pk])).status_code == 200


def test_beside_each_choice_stands_what_it_costs(cast, client):
    client.force_login(cast.mara)
    page = client.get(reverse("sensitivity", args=[cast.practice.pk])).content.decode()
    for rates in RATES.values():
        assert f"{100 * rates.in_10:.{0 if rates.in_10 >= 0.1 else 1}f} %" in page
    for switch in SWITCHES.values():
        assert switch.name in page
        assert switch.here in page
        assert 0 < switch.known.false_alarms[10] < 1
        assert f"{100 * switch.known.false_alarms[10]:.0f} %" in page
    assert page.count("nothing would have been flagged") == len(PRESETS) + len(SWITCHES)


def test_the_rehearsal_counts_flags_of_this_practice_and_points_at_nobody(cast, client):
    client.force_login(cast.mara)
    address = reverse("sensitivity", args=[cast.practice.pk])
    drop = [8, 8, 8, 8, 8, 2, 8]
    run(cast.emil, drop)
    clients(cast, [drop] * 4)
    page = client.get(address).content.decode()
    assert "flags on fewer than five clients" in page
    assert "4 flags" not in page
    clients_so_far = 4
    episode = add_client(
        therapist=cast.members["olga"],
        code="N-FIVE",
        by=cast.olga,
        started_on=timezone.localdate() - timedelta(days=200),
    )
    run(episode, drop)
    page = client.get(address).content.decode()
    assert f"{clients_so_far + 1} flags on {clients_so_far + 1} clients" in page
    assert f"After {clients_so_far + 1} of them the next rating was back to usual" in page
    assert "N-" not in page


def test_what_lies_more_than_twelve_months_back_is_known_but_not_counted(cast, client):
    clients(cast, [[8, 8, 8, 8, 8, 2, 8, *[8] * 55]] * 5)
    client.force_login(cast.mara)
    page = client.get(reverse("sensitivity", args=[cast.practice.pk])).content.decode()
    assert page.count("nothing would have been flagged") == len(PRESETS) + len(SWITCHES)


def test_a_rule_that_is_switched_on_flags_and_its_card_says_what_it_costs(cast):
    choose_sensitivity(
        practice=cast.practice,
        preset="standard",
        comparators=["drop_since_last"],
        by=cast.mara,
    )
    Sensitivity.objects.update(chosen_at=timezone.now() - timedelta(days=100))
    *_earlier, last = run(cast.cleo, [8, 8, 8, 8, 7, None])
    flag = Flag.objects.get()
    assert (flag.kind, flag.facts["rules"]) == ("rule", ["drop_since_last"])
    card = of_a_rule(flag)
    assert "Drop since the last rating" in card.how[0]
    assert "your practice switched it on" in card.limits[0]
    rate(last, 7)
    flag.refresh_from_db()
    assert flag.settled_by is not None

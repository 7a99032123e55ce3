"""What is flagged of an episode: raised once, with the numbers of the day, and let go again."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from alliance.asking.actions import submit_rating
from alliance.detection.actions import choose_sensitivity
from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.measures.models import MeasureVersion
from alliance.psychometrics.detector import METHOD, detect
from alliance.ratings.models import Rating
from alliance.trends.actions import differences, open_trend, review
from alliance.trends.models import HEAD_START, Flag, Standing
from alliance.trends.pages import present_trend
from sessions_app.access.actions import start_supervision
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import correct_session
from tests.conftest import ITEMS, ask, hold, let_a_day_pass, look, rate, run

DROP = [8, 8, 8, 8, 4]
# The mean of six marks that lies between the drops that two presets flag.
FIVE_AND_A_HALF = (5, 6, 5, 6, 5, 6)


def flags(episode, **values):
    return Flag.objects.filter(episode=episode, **values).order_by("session__starts_at", "-rank")


def told(episode):
    """Return the flags that hold: the session's number and the kind."""
    return [(flag.session.number, flag.kind) for flag in flags(episode).standing()]


def withdraw(rating, is_withdrawn=True):
    """Take a rating back, or let it count again, and review its episode."""
    at = timezone.now() if is_withdrawn else None
    Rating.objects.filter(pk=rating.pk).update(withdrawn_at=at)
    review(rating.session.episode)


def chosen(practice, by, *, days_ago, preset="standard", comparators=()):
    """Let a practice have chosen what is marked some days ago."""
    made = choose_sensitivity(practice=practice, preset=preset, comparators=comparators, by=by)
    at = timezone.now() - timedelta(days=days_ago)
    Sensitivity.objects.filter(pk=made.pk).update(chosen_at=at)


def make_version(practice, *, made_at=None, language="en", **values):
    """Make another version of the parameters for the client's form."""
    wording = MeasureVersion.objects.get(measure__key="session", language=language)
    versions = ParameterVersion.objects.filter(practice=practice, measure_version=wording)
    given = {
        "mean": 7.0,
        "between": 1.0,
        "state": 0.5,
        "error": 0.5,
        "persistence": 0.3,
        "origin": "fitted",
        "clients": 40,
        "ratings": 300,
        "made_at": made_at or timezone.now(),
    }
    return ParameterVersion.objects.create(
        practice=practice,
        measure_version=wording,
        number=versions.count() + 1,
        **given | values,
    )


# --- Raised ----------------------------------------------------------------------------


def test_a_drop_is_flagged_with_its_numbers_its_parameters_and_the_moment_it_was_told(cast):
    *_earlier, last = run(cast.cleo, DROP)
    flag = flags(cast.cleo).get()
    assert (flag.kind, flag.session, flag.rank) == ("lower", last, 70)
    assert flag.raised_at == Rating.objects.get(session=last).submitted_at
    assert (flag.seen_at, flag.settled_by, flag.withdrawn_at) == (None, None, None)
    found = detect(DROP, flag.parameters.for_detector())[-1]
    assert (flag.facts["rating"], flag.facts["usual"]) == (4, found.b)
    assert (flag.facts["p"], flag.facts["probability"]) == (found.p, found.pr_drop)
    assert (flag.facts["method"], flag.facts["preset"]) == (METHOD, "standard")
    assert (flag.parameters.number, flag.parameters.origin) == (1, "start")


@pytest.mark.parametrize(
    ("totals", "held"),
    [
        ([8, 8, 8, 8], []),
        ([8, 8, 8, 8, 6], []),
        ([8, 2], []),
        ([4, 4, 4, 4, 4, 4], []),
        ([4, 5, 6, 7, 8, 9], []),
        (DROP, [(5, "lower")]),
        ([*DROP, 4], [(5, "lower"), (6, "lower"), (6, "sliding")]),
        ([*DROP, None, None], [(5, "lower")]),
        ([*DROP, 8], [(6, "back")]),
        ([*DROP, 8, 8], []),
        ([None, None, None], [(3, "unrated")]),
        ([8, None, None, None, None], [(4, "unrated")]),
        ([8, None, None, None, 8], []),
        ([10] * 5, [(5, "top")]),
        ([10, 10, 10, 10, 9, 9], []),
        ([*DROP, None, None, None], [(5, "lower"), (8, "unrated")]),
    ],
)
def test_what_holds_is_flagged_and_nothing_else(cast, totals, held):
    run(cast.cleo, totals)
    assert told(cast.cleo) == held
    assert differences(cast.cleo) == []


def test_a_slow_slide_is_flagged_though_no_single_rating_is(cast):
    run(cast.cleo, [9, 9, 9, 9, 8, 8, 8, 7, 7, 7, 6])
    assert told(cast.cleo) == [(11, "sliding")]


def test_low_from_the_start_is_flagged_only_where_the_practice_has_norms(cast):
    run(cast.cleo, [4])
    assert told(cast.cleo) == []
    make_version(cast.practice, low_cutoff=6.0)
    other = add_client(therapist=cast.members["theo"], code="LOW", by=cast.theo)
    hold_now = hold(other, weeks_ago=-1)  # After the version was made.
    rate(hold_now, 4)
    assert told(other) == [(1, "low")]
    assert flags(other).get().facts["cutoff"] == 6


def test_a_rating_given_in_part_raises_nothing_and_settles_missing_ones(cast):
    run(cast.cleo, [8, 8, 8, None, None, None])
    assert told(cast.cleo) == [(6, "unrated")]
    new = hold(cast.cleo, weeks_ago=-1)
    rate(new, (None, None, 1, 1, 1, 1))
    assert told(cast.cleo) == []
    assert flags(cast.cleo).get().settled_by == new


def test_the_therapists_own_low_rating_raises_nothing(cast):
    session = run(cast.cleo, [8, 8, 8, 8])[-1]
    rate(session, 0, respondent="therapist")
    assert not flags(cast.cleo).exists()


def test_episodes_that_are_rated_in_turns_are_flagged_as_if_each_were_alone(cast):
    other = add_client(therapist=cast.members["olga"], code="OTHER", by=cast.olga)
    run(cast.dora, DROP)
    for back, (one, two) in enumerate(zip(DROP, [9, 5, 9, 5, 9], strict=True)):
        rate(hold(cast.cleo, weeks_ago=4 - back), one)
        rate(hold(other, weeks_ago=4 - back), two)
    facts = [flags(episode).get().facts for episode in (cast.cleo, cast.dora)]
    assert facts[0] == facts[1]


# --- What was told on the day stays ----------------------------------------------------


def test_later_ratings_of_earlier_sessions_leave_a_flags_facts_as_they_were_told(cast):
    first, *_others = run(cast.cleo, [None, 8, 8, 8, 8, 4])
    before = flags(cast.cleo).get()
    rate(first, 5)
    after = flags(cast.cleo).get()
    assert (after.facts, after.raised_at) == (before.facts, before.raised_at)
    assert _standing(cast.cleo).finding["p"] != before.facts["p"]
    assert differences(cast.cleo) == []
    for back in (-1, -2, -3):
        rate(hold(cast.cleo, weeks_ago=back), 8)
    settled = flags(cast.cleo, kind="lower").get()
    assert settled.settled_by is not None
    assert (settled.facts, settled.raised_at) == (before.facts, before.raised_at)


def test_later_sessions_leave_a_flags_facts_as_they_were_told(cast):
    run(cast.cleo, DROP)
    before = flags(cast.cleo).get().facts
    for back in (-1, -2, -3):
        rate(hold(cast.cleo, weeks_ago=back), 8)
    lower = flags(cast.cleo, kind="lower").get()
    assert lower.facts == before
    assert lower.settled_by.number == 6


def test_a_flag_that_a_late_rating_explains_away_is_withdrawn_and_kept(cast):
    sessions = run(cast.cleo, [8, None, None, None])
    assert told(cast.cleo) == [(4, "unrated")]
    rate(sessions[2], 8)
    flag = flags(cast.cleo).get()
    assert flag.withdrawn_at == Rating.objects.latest("submitted_at").submitted_at
    assert told(cast.cleo) == []


def _standing(episode):
    return Standing.objects.get(episode=episode)


def test_with_its_rating_a_flag_is_withdrawn_and_shown_nowhere(cast):
    *_earlier, last = run(cast.cleo, DROP)
    withdraw(last.ratings.get())
    flag = flags(cast.cleo).get()
    assert flag.withdrawn_at is not None
    assert told(cast.cleo) == []
    page = present_trend(cast.cleo, is_holder=True)
    assert page.marked == []
    assert "lower than usual" not in page.lead.text
    assert differences(cast.cleo) == []


def test_when_the_rating_returns_the_very_flag_does_told_anew_to_its_therapist_first(cast):
    *_earlier, last = run(cast.cleo, DROP)
    look(cast.cleo, by=cast.theo)
    let_a_day_pass(cast.cleo)
    first = flags(cast.cleo).get()
    withdraw(last.ratings.get())
    withdraw(last.ratings.get(), is_withdrawn=False)
    again = flags(cast.cleo).get()
    assert (again.pk, again.withdrawn_at, again.facts) == (first.pk, None, first.facts)
    assert again.raised_at > first.raised_at
    assert again.seen_at is None
    assert not flags(cast.cleo).shareable().exists()
    assert told(cast.cleo) == [(5, "lower")]


def test_rated_again_with_other_marks_a_flag_returns_with_the_new_numbers(cast):
    *_earlier, last = run(cast.cleo, DROP)
    withdraw(last.ratings.get())
    rate(last, 5)
    flag = flags(cast.cleo).get()
    assert (flag.facts["rating"], flag.withdrawn_at) == (5, None)


def test_when_the_session_that_settled_a_flag_is_corrected_it_holds_again(cast):
    *_earlier, last = run(cast.cleo, [8, None, None, None, 8])
    assert flags(cast.cleo).get().settled_by == last
    rating = last.ratings.get()
    withdraw(rating)
    assert told(cast.cleo) == [(4, "unrated")]
    correct_session(session=last, by=cast.theo, status="missed")
    assert told(cast.cleo) == [(4, "unrated")]
    assert differences(cast.cleo) == []


def test_a_repaired_drop_holds_again_when_the_repair_is_withdrawn(cast):
    *_earlier, last = run(cast.cleo, [*DROP, 8])
    assert told(cast.cleo) == [(6, "back")]
    withdraw(last.ratings.get())
    assert told(cast.cleo) == [(5, "lower")]
    assert flags(cast.cleo, kind="back").get().withdrawn_at is not None


# --- Another wording -------------------------------------------------------------------


def test_another_wording_settles_all_but_missing_ratings_and_compares_nothing_across(cast):
    run(cast.cleo, [*DROP, 4])
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    for back in (-1, -2, -3):
        new = hold(cast.cleo, weeks_ago=back)
        rate(new, 1)
    assert told(cast.cleo) == []
    assert {flag.settled_by.number for flag in flags(cast.cleo)} == {7}
    standing = _standing(cast.cleo)
    assert (standing.compared, standing.sessions_rated) == (3, 9)
    assert standing.parameters.measure_version.language == "ar"


def test_missing_ratings_run_on_where_another_wording_is_offered_and_not_answered(cast):
    run(cast.cleo, [8, None, None])
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    new = hold(cast.cleo, weeks_ago=-1)
    assert told(cast.cleo) == [(4, "unrated")]
    rate(new, 8)
    assert told(cast.cleo) == []


# --- The parameters --------------------------------------------------------------------


def test_cautious_values_are_made_once_for_each_practice_and_wording(cast):
    run(cast.cleo, [8, 8])
    run(cast.dora, [8])
    run(cast.emil, [8])
    ours = ParameterVersion.objects.get(practice=cast.practice)
    assert (ours.number, ours.origin, ours.mean, ours.low_cutoff) == (1, "start", 7.5, None)
    assert ParameterVersion.objects.get(practice=cast.elsewhere) != ours
    assert _standing(cast.cleo).parameters == _standing(cast.dora).parameters == ours
    assert _standing(cast.emil).parameters.practice == cast.elsewhere


def test_nothing_rated_makes_no_parameters(cast):
    run(cast.cleo, [None, None, None])
    assert not ParameterVersion.objects.exists()
    assert flags(cast.cleo).get().parameters is None


def test_a_course_keeps_the_version_it_began_with_and_a_new_one_takes_the_newer(cast):
    run(cast.cleo, [8, 8, 8])
    first = _standing(cast.cleo).parameters
    newer = make_version(cast.practice)
    rate(hold(cast.cleo, weeks_ago=-1), 8)
    rate(hold(cast.cleo, weeks_ago=-2), 3)
    assert _standing(cast.cleo).parameters == first
    assert flags(cast.cleo, kind="lower").get().parameters == first
    review(cast.cleo)  # Even worked out anew from its beginning.
    assert _standing(cast.cleo).parameters == first
    other = add_client(therapist=cast.members["theo"], code="LATER", by=cast.theo)
    rate(hold(other, weeks_ago=-1), 8)
    assert _standing(other).parameters == newer
    assert differences(cast.cleo) == differences(other) == []


def test_a_course_in_another_wording_takes_the_newest_version_of_that_wording(cast):
    run(cast.cleo, [8, 8])
    make_version(cast.practice, language="ar")
    newest = make_version(cast.practice, language="ar", mean=6.5)
    make_version(cast.practice)
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    rate(hold(cast.cleo, weeks_ago=-1), 8)
    assert _standing(cast.cleo).parameters == newest


# --- What the practice chose -----------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "last", "held"),
    [
        ("quiet", 4, ["lower"]),
        ("quiet", 5, []),
        ("standard", 5, ["lower"]),
        ("standard", FIVE_AND_A_HALF, []),
        ("sensitive", FIVE_AND_A_HALF, ["lower"]),
        ("sensitive", 6, []),
    ],
)
def test_the_more_sensitive_the_choice_the_smaller_the_drop_that_is_flagged(
    cast, preset, last, held
):
    chosen(cast.practice, cast.mara, days_ago=100, preset=preset)
    *_earlier, session = run(cast.cleo, [8, 8, 8, 8, None])
    rate(session, last)
    assert [kind for _number, kind in told(cast.cleo)] == held
    assert _standing(cast.cleo).finding["preset"] == preset
    assert {flag.facts["preset"] for flag in flags(cast.cleo)} <= {preset}


def test_each_session_is_judged_by_what_was_chosen_at_its_time(cast):
    drop = [8, 8, 8, 8, 5]
    chosen(cast.practice, cast.mara, days_ago=30, preset="quiet")
    run(cast.cleo, drop)  # The last one is held now, by the quiet choice.
    for back, total in enumerate(drop):
        rate(hold(cast.dora, weeks_ago=9 - back), total)  # All before it, by the standard.
    assert told(cast.cleo) == []
    assert told(cast.dora) == [(5, "lower")]
    choose_sensitivity(practice=cast.practice, preset="sensitive", comparators=[], by=cast.mara)
    for episode in (cast.cleo, cast.dora):
        assert differences(episode) == []
        review(episode)
    assert told(cast.cleo) == []
    assert told(cast.dora) == [(5, "lower")]


def test_a_practice_is_not_judged_by_what_another_chose(cast):
    chosen(cast.elsewhere, cast.nils, days_ago=100, preset="quiet")
    run(cast.cleo, [8, 8, 8, 8, 5])
    assert told(cast.cleo) == [(5, "lower")]


def test_rules_of_the_field_are_off_unless_they_were_switched_on(cast):
    assert Sensitivity(practice=cast.practice).comparators == []
    run(cast.cleo, [9, 7, 9, 5])
    assert not flags(cast.cleo, kind="rule").exists()


def test_a_rule_that_is_on_flags_what_it_marks_until_the_next_rating(cast):
    chosen(cast.practice, cast.mara, days_ago=100, comparators=["drop_since_last", "below_cutoff"])
    run(cast.cleo, [9, 8, 8, 8])
    flag = flags(cast.cleo).get()
    assert (flag.kind, flag.session.number, flag.rank) == ("rule", 2, 30)
    assert flag.facts == {"rules": ["drop_since_last"], "rating": 8}
    assert flag.settled_by.number == 3
    rate(hold(cast.cleo, weeks_ago=-1), 6)
    rule = flags(cast.cleo, kind="rule").standing().get()
    assert rule.facts == {"rules": ["below_cutoff", "drop_since_last"], "rating": 6}
    hold(cast.cleo, weeks_ago=-2)
    assert rule in flags(cast.cleo).standing()
    assert differences(cast.cleo) == []


def test_a_rule_marks_no_session_that_was_held_before_it_was_switched_on(cast):
    chosen(cast.practice, cast.mara, days_ago=10, comparators=["drop_since_last"])
    run(cast.cleo, [9, 8, 7, 6])
    assert {flag.session.number for flag in flags(cast.cleo, kind="rule")} == {3, 4}


def test_a_rule_looks_at_the_whole_series_and_not_only_at_what_is_drawn_small(cast):
    chosen(cast.practice, cast.mara, days_ago=300, comparators=["individuals_chart"])
    # By the last twelve alone it would be far below; the restless beginning explains it.
    run(cast.cleo, [4, 10, 4, 10, 4, 10, 8, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8])
    rate(hold(cast.cleo, weeks_ago=-1), 5)
    assert not flags(cast.cleo, kind="rule").exists()
    assert differences(cast.cleo) == []


def test_a_rule_compares_nothing_across_wordings(cast):
    chosen(cast.practice, cast.mara, days_ago=100, comparators=["drop_since_last"])
    run(cast.cleo, [9, 9])
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    rate(hold(cast.cleo, weeks_ago=-1), 5)
    assert not flags(cast.cleo, kind="rule").exists()


def test_a_choice_is_on_the_record_and_an_unknown_one_is_refused(cast):
    choose_sensitivity(
        practice=cast.practice, preset="quiet", comparators=["drop_since_last"], by=cast.mara
    )
    event = AuditEvent.objects.get(verb="sensitivity.chosen")
    assert (event.actor, event.practice, event.client_id) == (cast.mara, cast.practice, None)
    with pytest.raises(ValidationError):
        choose_sensitivity(practice=cast.practice, preset="loud", comparators=[], by=cast.mara)
    assert Sensitivity.objects.get().preset == "quiet"


# --- Its therapist sees it first -------------------------------------------------------


def test_a_flag_may_be_shared_once_its_therapist_saw_it_or_a_day_has_passed(cast):
    run(cast.cleo, DROP)
    raised_at = flags(cast.cleo).get().raised_at
    moment = timedelta(microseconds=1)
    assert not flags(cast.cleo).shareable(at=raised_at + HEAD_START - moment).exists()
    assert flags(cast.cleo).shareable(at=raised_at + HEAD_START).exists()
    assert HEAD_START.total_seconds() == 24 * 3600
    look(cast.cleo, by=cast.theo)
    assert flags(cast.cleo).shareable(at=raised_at).exists()


def test_the_first_look_of_the_therapist_is_kept(cast):
    run(cast.cleo, DROP)
    look(cast.cleo, by=cast.theo)
    seen_at = flags(cast.cleo).get().seen_at
    assert seen_at is not None
    look(cast.cleo, by=cast.theo)
    assert flags(cast.cleo).get().seen_at == seen_at


def test_a_supervisors_look_is_not_the_therapists(cast):
    run(cast.cleo, DROP)
    look(cast.cleo, by=cast.sue)
    assert flags(cast.cleo).get().seen_at is None


def test_a_flag_that_came_while_the_page_was_made_has_not_been_seen(cast):
    run(cast.cleo, [8, 8, 8, 8])
    page = present_trend(cast.cleo, is_holder=True)
    rate(hold(cast.cleo, weeks_ago=-1), 4)
    open_trend(episode=cast.cleo, by=cast.theo, shown=page.ratings)
    assert flags(cast.cleo).get().seen_at is None
    look(cast.cleo, by=cast.theo)
    assert flags(cast.cleo).get().seen_at is not None


def test_a_flag_withdrawn_before_the_therapist_looked_was_not_seen(cast):
    *_earlier, last = run(cast.cleo, DROP)
    withdraw(last.ratings.get())
    look(cast.cleo, by=cast.theo)
    assert flags(cast.cleo).get().seen_at is None


def test_a_late_answer_is_flagged_from_the_moment_it_was_given(cast):
    run(cast.cleo, [8, 8, 8, 8])
    asked, _secret = ask(hold(cast.cleo, weeks_ago=-1))
    at = timezone.now() + timedelta(hours=5)
    submit_rating(request=asked, answers=dict.fromkeys(ITEMS, 4), at=at)
    assert flags(cast.cleo).get().raised_at == at


def test_a_colleague_who_supervises_nobody_is_shown_what_a_therapist_has_seen_only(cast):
    run(cast.dora, DROP)
    start_supervision(supervisor=cast.members["sue"], therapist=cast.members["olga"])
    assert not flags(cast.dora).for_reader(is_holder=False).exists()
    assert flags(cast.dora).for_reader(is_holder=True).exists()
    look(cast.dora, by=cast.olga)
    assert flags(cast.dora).for_reader(is_holder=False).exists()

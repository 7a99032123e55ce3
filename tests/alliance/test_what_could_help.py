"""What could help beside a flag, a reflection for oneself, and what came of what was marked."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.detection.actions import choose_sensitivity
from alliance.follow_up.actions import acknowledge, change_prompts, reflect
from alliance.follow_up.own_models import PracticePrompt, Reflection
from alliance.follow_up.own_pages import present_figures, present_reflections
from alliance.follow_up.prompts import PARTS, all_prompts, ours, what_could_help
from alliance.psychometrics.scoring import COMPONENTS
from alliance.trends.models import Flag
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import hand_over_episode
from tests.conftest import asked_of_tables, hold, run


def signed_in(cast, who="theo"):
    client = Client()
    client.force_login(getattr(cast, who))
    return client


def in_words(response):
    return " ".join(response.content.decode().split())


# --- Our own lists -----------------------------------------------------------------------


def test_each_component_and_each_kind_has_three_lists_and_sources_that_are_known():
    blocks, sources = ours()
    assert set(blocks) == {*COMPONENTS, "general", "sliding", "told", "low", "unrated", "top"}
    for told in blocks.values():
        assert all(told[part] for part in PARTS)
        assert set(told["sources"]) <= set(sources)
    assert {name for told in blocks.values() for name in told["sources"]} == set(sources)
    assert all(re.search(r"\((19|20)\d\d\)", source) for source in sources.values())


def test_each_line_is_one_that_can_be_taken_in_at_a_glance():
    for told in ours()[0].values():
        for part in PARTS:
            assert len(told[part]) <= 4
            assert all(len(line) <= 100 for line in told[part])


def test_our_own_words_never_say_what_we_do_not_say():
    words = " ".join(line for told in ours()[0].values() for part in PARTS for line in told[part])
    assert not re.search("rupture|alarm|patient|score|resist", words, re.IGNORECASE)


@pytest.mark.parametrize(
    ("kind", "component", "keys"),
    [
        ("lower", "goals", ["goals"]),
        ("sliding", "trust", ["trust", "sliding"]),
        ("lower", "", ["general"]),
        ("told", "", ["told"]),
        ("rule", "", ["general"]),
    ],
)
def test_what_is_shown_fits_the_component_that_fell_and_the_kind(cast, kind, component, keys):
    found = what_could_help(all_prompts(cast.practice), kind=kind, component=component)
    assert [prompts.key for prompts in found] == keys


def test_beside_a_flag_stands_what_could_help(cast):
    run(cast.cleo, [8, 8, 8, 8, 8, 2])
    page = in_words(signed_in(cast).get(reverse("episode", args=[cast.cleo.pk])))
    for said in ("What could help", "How you could begin", "What to avoid", "508–519"):
        assert said in page


# --- A practice's own words --------------------------------------------------------------


def edit(cast, key="goals", **lists):
    told = ours()[0][key]
    sent = {part: "\n".join(told[part]) for part in PARTS} | lists
    return signed_in(cast, "mara").post(
        reverse("prompts-change", args=[cast.practice.pk, key]), sent
    )


def test_a_practice_puts_its_own_words_in_the_place_of_a_list(cast):
    assert edit(cast, help=" Ask what they want. \n\n Ask again. ").status_code == 302
    goals = all_prompts(cast.practice)["goals"]
    assert goals.parts[0].lines == ["Ask what they want.", "Ask again."]
    assert [part.is_changed for part in goals.parts] == [True, False, False]
    assert goals.sources
    page = in_words(signed_in(cast, "mara").get(reverse("prompts", args=[cast.practice.pk])))
    assert page.count("changed by your practice") == 1
    assert all_prompts(cast.elsewhere)["goals"].parts[0].lines == ours()[0]["goals"]["help"]
    event = AuditEvent.objects.get(verb="prompts.changed")
    assert event.fields == ["goals.help"]


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_list_that_is_emptied_is_ours_again(cast, text):
    edit(cast, help="Ask what they want.")
    edit(cast, help=text)
    part = all_prompts(cast.practice)["goals"].parts[0]
    assert (part.lines, part.is_changed) == (ours()[0]["goals"]["help"], False)


def test_what_is_stored_as_it_was_changes_nothing(cast):
    edit(cast)
    assert not PracticePrompt.objects.exists()
    assert not AuditEvent.objects.filter(verb="prompts.changed").exists()


def test_where_all_is_a_practices_own_no_source_is_named(cast):
    change_prompts(
        practice=cast.practice, key="goals", by=cast.mara, help="A", openings="B", avoid="C"
    )
    assert all_prompts(cast.practice)["goals"].sources == []


def test_a_list_that_is_too_long_comes_back_and_an_unknown_one_is_not_there(cast):
    answer = edit(cast, help="x" * 2001)
    assert answer.status_code == 200
    assert "x" * 2001 in in_words(answer)
    address = reverse("prompts-change", args=[cast.practice.pk, "nothing"])
    assert signed_in(cast, "mara").get(address).status_code == 404


def test_what_a_practice_writes_is_shown_as_text(cast):
    edit(cast, key="general", help="<b>Ask</b>")
    run(cast.cleo, [8, 8, 8, 8, 8, 2])
    page = in_words(signed_in(cast).get(reverse("episode", args=[cast.cleo.pk])))
    assert "&lt;b&gt;Ask&lt;/b&gt;" in page


# --- Two minutes for oneself -------------------------------------------------------------


def test_a_reflection_is_kept_for_its_writer_and_can_be_emptied(cast):
    theo, address = signed_in(cast), reverse("reflection", args=[cast.cleo.pk])
    theo.post(address, {"open": "I did not want to hear of her brother.", "limits": ""})
    assert "I did not want to hear" in in_words(theo.get(address))
    (kept,) = present_reflections(cast.cleo, user=cast.theo)
    assert kept.lines == [("Open", "I did not want to hear of her brother.")]
    theo.post(reverse("reflection-empty", args=[kept.reflection.pk]))
    assert "I did not want to hear" not in in_words(theo.get(address))
    assert Reflection.objects.get().said() == {}


def test_nobody_else_reads_a_reflection_and_the_trail_names_no_client(cast):
    kept = reflect(episode=cast.cleo, said={"open": "Her brother."}, by=cast.theo)
    for who in ("sue", "olga", "mara"):
        person = signed_in(cast, who)
        assert person.get(reverse("reflection", args=[cast.cleo.pk])).status_code == 404
        assert person.post(reverse("reflection-empty", args=[kept.pk])).status_code == 404
        assert not Reflection.objects.own(getattr(cast, who)).exists()
    assert "Her brother." not in in_words(
        signed_in(cast, "sue").get(reverse("episode", args=[cast.cleo.pk]))
    )
    event = AuditEvent.objects.get(verb="reflection.kept")
    assert (event.client_id, event.practice) == (None, cast.practice)


def test_who_hands_a_client_over_keeps_their_reflection_and_the_successor_has_none_of_it(cast):
    reflect(episode=cast.cleo, said={"open": "Her brother."}, by=cast.theo)
    after = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    address = reverse("reflection", args=[cast.cleo.pk])
    assert "Her brother." in in_words(signed_in(cast).get(address))
    assert signed_in(cast, "olga").get(address).status_code == 404
    later = signed_in(cast, "olga").get(reverse("reflection", args=[after.pk]))
    assert "Her brother." not in in_words(later)


def test_nothing_at_all_is_not_kept_and_what_is_too_long_comes_back(cast):
    theo, address = signed_in(cast), reverse("reflection", args=[cast.cleo.pk])
    assert "Write a word on one of them" in in_words(theo.post(address, {"open": " "}))
    assert "z" * 281 in in_words(theo.post(address, {"open": "z" * 281}))
    assert not Reflection.objects.exists()


# --- What came of what was marked --------------------------------------------------------


def mark(episode, outcomes, *, kind="lower"):
    """Mark one session for each of these outcomes; None where nothing was written down yet."""
    first = episode.sessions.count() + 1
    sessions = [hold(episode, weeks_ago=first + at) for at in range(len(outcomes))]
    Flag.objects.filter(episode=episode, kind="unrated").delete()
    for session, outcome in zip(sessions, outcomes, strict=True):
        flag = Flag.objects.create(
            episode=episode,
            session=session,
            kind=kind,
            rank=70,
            facts={},
            raised_at=timezone.now(),
        )
        if outcome:
            acknowledge(flag=flag, outcome=outcome, remark="So it was.", by=episode.therapist.user)


def test_one_sees_what_came_of_ones_own_flags_and_of_nobody_elses(cast):
    mark(cast.cleo, ["mended", "not_yet", "nothing", "unspoken", None, None])
    mark(cast.dora, ["nothing"] * 3)
    figures = present_figures(cast.theo)
    assert figures.flags == 6
    assert [n for _name, n in figures.lines] == [1, 1, 1, 1, 2]
    assert present_figures(cast.sue).flags == 0


def test_below_ten_there_are_too_few_to_say(cast):
    mark(cast.cleo, ["nothing"] * 9 + [None, "unspoken"])
    figures = present_figures(cast.theo)
    assert (figures.is_enough, figures.share, figures.suggestions) == (False, "", [])
    page = in_words(signed_in(cast).get(reverse("marked-own")))
    assert "There are too few to say" in page


@pytest.mark.parametrize(
    ("meant", "nothing", "says"),
    [
        (1, 9, "A quieter one may suit: “Quiet” marks by chance 3.0 %"),
        (9, 1, "A more sensitive one may suit: “Sensitive” marks by chance 18 %"),
        (5, 5, "nothing speaks for another preset"),
        (3, 7, "nothing speaks for another preset"),
    ],
)
def test_from_ten_on_another_preset_is_suggested_where_chance_does_not_explain_it(
    cast, meant, nothing, says
):
    mark(cast.cleo, ["mended"] * meant + ["nothing"] * nothing)
    figures = present_figures(cast.theo)
    assert f"Of 10 of which you said so, {meant} meant something" in figures.share
    assert says in figures.suggestions[0].replace("\xa0", " ")


def test_what_no_preset_decides_suggests_none(cast):
    mark(cast.cleo, ["nothing"] * 10, kind="told")
    figures = present_figures(cast.theo)
    assert figures.is_enough
    assert figures.suggestions == []


@pytest.mark.parametrize(("preset", "outcome"), [("quiet", "nothing"), ("sensitive", "mended")])
def test_beyond_the_quietest_and_the_most_sensitive_there_is_nothing_to_suggest(
    cast, preset, outcome
):
    choose_sensitivity(practice=cast.practice, preset=preset, comparators=[], by=cast.mara)
    mark(cast.cleo, [outcome] * 10)
    assert "nothing speaks for another preset" in present_figures(cast.theo).suggestions[0]


def test_what_was_withdrawn_or_lies_longer_back_or_was_good_news_is_not_counted(cast):
    mark(cast.cleo, ["nothing"] * 3)
    one, other, third = Flag.objects.order_by("pk")
    Flag.objects.filter(pk=one.pk).update(withdrawn_at=timezone.now())
    Flag.objects.filter(pk=other.pk).update(raised_at=timezone.now() - timedelta(days=366))
    Flag.objects.filter(pk=third.pk).update(kind=Flag.Kind.BACK)
    assert present_figures(cast.theo).flags == 0


def test_the_figures_cost_as_many_queries_for_thirty_flags_as_for_three(cast):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            present_figures(cast.theo)
        return len(asked_of_tables(captured))

    mark(cast.cleo, ["mended", "nothing", None])
    few = cost()
    mark(cast.cleo, [None] * 27)
    assert cost() == few

"""Goals in the client's own words: agreed on, worked on, how near, and ended."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.goals.actions import (
    agree_on_goal,
    end_goal,
    note_worked_on,
    reword_goal,
    say_how_near,
)
from alliance.goals.models import Goal, GoalMark, GoalTick
from alliance.goals.pages import present_goals
from sessions_app.access.models import AuditEvent
from sessions_app.access.rows import rows_of
from tests.conftest import asked_of_tables, hold, rate, working_as

WORDS = "To say no without shaking."


def agree(cast, words=WORDS, *, weeks_ago=0):
    day = timezone.localdate() - timedelta(weeks=weeks_ago)
    return agree_on_goal(episode=cast.cleo, words=words, agreed_on=day, by=cast.theo)


def shown(cast):
    (one,) = present_goals(cast.cleo).open
    return one


# --- Agreeing, wording, ending ---


def test_a_goal_is_kept_in_the_clients_words_and_the_trail_says_so_without_them(cast):
    goal = agree(cast)
    assert Goal.objects.get().words == WORDS
    deed = AuditEvent.objects.get(verb="goal.agreed")
    assert (deed.target_id, deed.client_id) == (str(goal.pk), cast.cleo.client_id)
    assert WORDS not in str(vars(deed))


def test_a_goal_is_not_agreed_on_a_day_that_has_not_come(cast):
    with pytest.raises(ValidationError):
        agree(cast, weeks_ago=-1)


@pytest.mark.parametrize("words", ["", "x" * 281])
def test_a_goal_has_words_and_not_too_many(cast, words):
    with pytest.raises(ValidationError):
        agree(cast, words)


def test_words_can_be_changed_and_the_change_is_on_the_record(cast):
    goal = agree(cast, weeks_ago=3)
    reword_goal(goal=goal, words="To say no.", by=cast.theo)
    goal = Goal.objects.get()
    assert goal.words == "To say no."
    assert goal.reworded_on == cast.practice.day()
    assert AuditEvent.objects.get(verb="goal.reworded").fields == ["words"]


def test_the_same_words_again_are_no_change(cast):
    reword_goal(goal=agree(cast), words=WORDS, by=cast.theo)
    assert Goal.objects.get().reworded_on is None
    assert not AuditEvent.objects.filter(verb="goal.reworded").exists()


@pytest.mark.parametrize("ending", Goal.Ending.values)
def test_a_goal_ends_and_says_how_and_why(cast, ending):
    end_goal(goal=agree(cast), ending=ending, remark="It matters less.", by=cast.theo)
    goal = Goal.objects.get()
    assert (goal.ending, goal.remark, goal.ended_on) == (
        ending,
        "It matters less.",
        cast.practice.day(),
    )


def test_nothing_more_is_said_of_a_goal_that_has_ended(cast):
    goal = agree(cast)
    end_goal(goal=goal, ending="reached", by=cast.theo)
    for refused in (
        lambda: end_goal(goal=goal, ending="changed", by=cast.theo),
        lambda: reword_goal(goal=goal, words="Other.", by=cast.theo),
        lambda: say_how_near(goal=goal, client=4, by=cast.theo),
    ):
        with pytest.raises(ValidationError):
            refused()
    assert not GoalMark.objects.exists()


def test_a_goal_does_not_end_in_a_way_that_nobody_knows(cast):
    with pytest.raises(ValidationError):
        end_goal(goal=agree(cast), ending="forgotten", by=cast.theo)


# --- Worked on ---


def test_it_counts_the_sessions_in_which_it_was_worked_on_and_those_that_say_nothing(cast):
    goal = agree(cast, weeks_ago=4)
    other = agree(cast, "To sleep.", weeks_ago=4)
    first, second, third, _silent = [hold(cast.cleo, weeks_ago=back) for back in (3, 2, 1, 0)]
    for session, worked_on in ((first, [goal]), (second, [goal, other]), (third, [])):
        note_worked_on(session=session, goals=worked_on, by=cast.theo)
    one, two = sorted(present_goals(cast.cleo).open, key=lambda shown: shown.goal.words)
    assert one.worked_on == "Worked on in 2 of the last 4 sessions. Of 1 it is not noted."
    assert two.worked_on == "Worked on in 1 of the last 4 sessions. Of 1 it is not noted."


def test_sessions_before_it_was_agreed_and_after_it_ended_do_not_count(cast):
    goal = agree(cast, weeks_ago=2)
    before, during, after = [hold(cast.cleo, weeks_ago=back) for back in (3, 1, 0)]
    note_worked_on(session=during, goals=[goal], by=cast.theo)
    with pytest.raises(ValidationError):
        note_worked_on(session=before, goals=[goal], by=cast.theo)
    Goal.objects.filter(pk=goal.pk).update(ended_on=during.held_on, ending=Goal.Ending.REACHED)
    (one,) = present_goals(cast.cleo).ended
    assert one.worked_on == "Worked on in 1 of the last 1 session."
    note_worked_on(session=after, goals=[], by=cast.theo)
    assert GoalTick.objects.count() == 1


def test_at_most_the_last_ten_sessions_are_counted(cast):
    goal = agree(cast, weeks_ago=20)
    for back in range(12):
        note_worked_on(session=hold(cast.cleo, weeks_ago=back), goals=[goal], by=cast.theo)
    assert shown(cast).worked_on == "Worked on in 10 of the last 10 sessions."


def test_before_any_session_there_is_nothing_to_count(cast):
    agree(cast)
    assert shown(cast).worked_on == "No session since it was agreed."


def test_of_another_clients_goals_nothing_is_ticked(cast, sessions):
    foreign = agree_on_goal(episode=cast.dora, words="To rest.", by=cast.olga)
    with pytest.raises(ValidationError):
        note_worked_on(session=sessions["cleo"], goals=[foreign], by=cast.theo)
    assert not GoalTick.objects.exists()


def test_what_was_ticked_by_mistake_is_put_right(cast, sessions):
    goal = agree(cast)
    note_worked_on(session=sessions["cleo"], goals=[goal], by=cast.theo)
    note_worked_on(session=sessions["cleo"], goals=[], by=cast.theo)
    assert not GoalTick.objects.get().is_worked_on


# --- How near ---


def test_how_near_is_said_by_each_of_the_two_and_the_last_word_of_a_day_stands(cast):
    goal = agree(cast)
    say_how_near(goal=goal, client=3, therapist=5, by=cast.theo)
    say_how_near(goal=goal, client=4, by=cast.theo)
    said = {mark.respondent: mark.mark for mark in GoalMark.objects.all()}
    assert said == {"client": 4, "therapist": 5}
    assert AuditEvent.objects.filter(verb="goal.how_near").latest("at").fields == ["client"]


def test_a_client_who_would_rather_not_say_is_not_one_who_was_not_asked(cast):
    goal = agree(cast)
    say_how_near(goal=goal, client=None, by=cast.theo)
    say_how_near(goal=goal, by=cast.theo)
    assert GoalMark.objects.get().mark is None
    (day,) = shown(cast).days
    assert (day.client, day.therapist) == ("not said", "–")


def test_the_course_is_said_in_words_drawn_and_told_day_by_day(cast):
    goal = agree(cast, weeks_ago=3)
    today = cast.practice.day()
    for weeks, mark in ((2, 2), (1, None), (0, 6)):
        GoalMark.objects.create(
            goal=goal, respondent="client", marked_on=today - timedelta(weeks=weeks), mark=mark
        )
    GoalMark.objects.create(goal=goal, respondent="therapist", marked_on=today, mark=7)
    one = shown(cast)
    assert "How near, by the client: 6 of 10 on" in one.said
    assert "; at first 2 on" in one.said
    assert "By the therapist: 7 of 10 on" in one.said
    assert [day.client for day in one.days] == ["6", "not said", "2"]
    assert "oldest first: 2, not said, 6" in one.drawing
    assert one.drawing.count('class="gap"') == 1


def test_before_anybody_has_said_how_near_that_is_said(cast):
    agree(cast)
    assert shown(cast).said == "Nobody has said yet how near it is."
    assert shown(cast).drawing is None


def test_only_0_to_10_is_taken(cast, client):
    goal = agree(cast)
    client.force_login(cast.theo)
    address = reverse("goal-near", args=[goal.pk])
    answer = client.post(address, {"client": "11"}, follow=True)
    assert "Not stored" in answer.content.decode()
    assert not GoalMark.objects.exists()


# --- The pages ---


def test_the_page_takes_a_goal_and_shows_it_with_its_forms(cast, sessions, client):
    client.force_login(cast.theo)
    address = reverse("goals", args=[cast.cleo.pk])
    assert "No goal is written down yet" in client.get(address).content.decode()
    sent = {"words": WORDS, "agreed_on": timezone.localdate().isoformat()}
    assert client.post(address, sent).status_code == 302
    goal = Goal.objects.get()
    page = client.get(address).content.decode()
    assert WORDS in page
    assert "not asked" in page
    near = {"client": "unsaid", "therapist": "6"}
    client.post(reverse("goal-near", args=[goal.pk]), near)
    assert {mark.mark for mark in GoalMark.objects.all()} == {None, 6}
    ticked = {"goal": str(goal.pk), "from_goals": "1"}
    answer = client.post(reverse("goals-worked-on", args=[sessions["cleo"].pk]), ticked)
    assert answer.headers["Location"] == address
    assert GoalTick.objects.get().is_worked_on


def test_a_goal_is_not_taken_without_words(cast, client):
    client.force_login(cast.theo)
    answer = client.post(reverse("goals", args=[cast.cleo.pk]), {"words": " "})
    assert "Error" in answer.content.decode()
    assert not Goal.objects.exists()


def test_a_day_that_has_not_come_is_said_next_to_its_field(cast, client):
    client.force_login(cast.theo)
    sent = {"words": WORDS, "agreed_on": (timezone.localdate() + timedelta(days=9)).isoformat()}
    answer = client.post(reverse("goals", args=[cast.cleo.pk]), sent)
    assert "This day has not come yet." in answer.content.decode()


def test_a_goals_own_page_rewords_it_and_ends_it(cast, client):
    goal = agree(cast)
    client.force_login(cast.theo)
    address = reverse("goal", args=[goal.pk])
    assert client.post(address, {"words": "To say no."}).status_code == 302
    assert client.post(address, {"ending": "set_aside", "remark": "For now."}).status_code == 302
    page = client.get(address).content.decode()
    assert "Set aside" in page
    assert "For now." in page
    assert "<textarea" not in page
    assert client.post(address, {"words": "Again."}).status_code == 200
    assert client.post(reverse("goal-near", args=[goal.pk]), {"client": "4"})
    assert not GoalMark.objects.exists()


def test_where_the_rating_is_asked_there_is_one_small_form_and_without_goals_none(
    cast, sessions, client
):
    client.force_login(cast.theo)
    address = reverse("rating-ask", args=[sessions["cleo"].pk])
    assert "Worked on in session" not in client.get(address).content.decode()
    goal = agree(cast)
    page = client.get(address).content.decode()
    assert page.count(reverse("goals-worked-on", args=[sessions["cleo"].pk])) == 1
    answer = client.post(
        reverse("goals-worked-on", args=[sessions["cleo"].pk]), {"goal": str(goal.pk)}
    )
    assert answer.headers["Location"] == address


def test_beside_the_trend_stand_the_goals_and_without_one_the_question(cast, sessions, client):
    rate(sessions["cleo"], 7)
    address = reverse("episode", args=[cast.cleo.pk])
    client.force_login(cast.theo)
    assert "What does your client want to change?" in client.get(address).content.decode()
    agree(cast)
    page = client.get(address).content.decode()
    assert f"<q>{WORDS}</q>" in page
    assert "Agreeing on goals, oldest first: 7.0" in page
    client.force_login(cast.sue)
    page = client.get(address).content.decode()
    assert f"<q>{WORDS}</q>" in page
    assert reverse("goals", args=[cast.cleo.pk]) not in page


def test_a_supervisor_changes_no_goal(cast, client):
    goal = agree(cast)
    client.force_login(cast.sue)
    for name in ("goal", "goal-near"):
        assert client.post(reverse(name, args=[goal.pk]), {"words": "x"}).status_code == 404
    with working_as("app"), rows_of(cast.sue):
        assert Goal.objects.count() == 1


def test_the_number_of_queries_is_the_same_with_ten_times_the_goals_and_sessions(cast, client):
    client.force_login(cast.theo)

    def count():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("goals", args=[cast.cleo.pk])).status_code == 200
        return len(asked_of_tables(captured))

    def more(times):
        for back in range(times):
            goal = agree(cast, weeks_ago=25)
            session = hold(cast.cleo, weeks_ago=Goal.objects.count())
            note_worked_on(session=session, goals=[goal], by=cast.theo)
            say_how_near(goal=goal, client=back % 10, by=cast.theo)

    more(1)
    count()  # The first request of a sign-in asks a little more.
    first = count()
    more(9)
    assert count() == first

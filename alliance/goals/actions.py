"""Changes to goals: agree on one, word it anew, work on it, say how near it is, end it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from alliance.goals.models import Goal, GoalMark, GoalTick
from alliance.measures.models import Perspective
from sessions_app.access.actions import record
from sessions_app.clients.models import Episode


@transaction.atomic
def agree_on_goal(*, episode, words, by, agreed_on=None):
    """Write down a goal of `episode` in its client's words; sent twice, it is there once."""
    episode = Episode.objects.lock(episode)
    day = episode.therapist.practice.day()
    for twin in Goal.objects.filter(episode=episode, ended_on=None, agreed_on=agreed_on or day):
        if twin.words == words:
            return twin
    goal = Goal(episode=episode, words=words, agreed_on=agreed_on or day)
    if goal.agreed_on > day:
        raise ValidationError({"agreed_on": _("This day has not come yet.")})
    goal.full_clean()
    goal.save()
    record("goal.agreed", goal, by=by)
    return goal


@transaction.atomic
def reword_goal(*, goal, words, by):
    """Change the words of a goal that has not ended; the day of the change is kept."""
    goal = _lock(goal)
    _refuse_ended(goal)
    if goal.words == words:
        return goal
    goal.words, goal.reworded_on = words, goal.episode.therapist.practice.day()
    goal.full_clean()
    goal.save()
    record("goal.reworded", goal, by=by, fields=["words"])
    return goal


@transaction.atomic
def end_goal(*, goal, ending, by, remark=""):
    """End a goal, and say how and why."""
    goal = _lock(goal)
    _refuse_ended(goal)
    goal.ending, goal.remark = ending, remark
    goal.ended_on = goal.episode.therapist.practice.day()
    goal.full_clean()
    goal.save()
    record("goal.ended", goal, by=by, fields=["ended_on", "ending", "remark"])
    return goal


@transaction.atomic
def note_worked_on(*, session, goals, by):
    """Note which goals were worked on in `session`; of its other goals, that they were not.

    What is said of a goal covers those that were there by then: agreed on by that
    day, and not ended before it.
    """
    Episode.objects.lock(session.episode)
    chosen = {goal.pk for goal in goals}
    offered = goals_of(session)
    if chosen - {goal.pk for goal in offered}:
        raise ValidationError(_("This goal is not one of this session’s."))
    for goal in offered:
        GoalTick.objects.update_or_create(
            goal=goal, session=session, defaults={"is_worked_on": goal.pk in chosen}
        )
    record("goal.worked_on", session, by=by)


@transaction.atomic
def say_how_near(*, goal, by, on=None, **marks):
    """Store how near a goal is, as `client` or `therapist`, or both, see it.

    Who is not named was not asked. None of the client is that they would
    rather not say. `on` is today, unless invented data are being made.
    """
    goal = _lock(goal)
    _refuse_ended(goal)
    for respondent, mark in marks.items():
        GoalMark.objects.update_or_create(
            goal=goal,
            respondent=Perspective(respondent),
            marked_on=on or goal.episode.therapist.practice.day(),
            defaults={"mark": mark},
        )
    if marks:
        record("goal.how_near", goal, by=by, fields=list(marks))


def goals_of(session):
    """Return the goals that could be worked on in `session`, the oldest first."""
    goals = Goal.objects.filter(episode=session.episode_id, agreed_on__lte=session.held_on)
    return [goal for goal in goals if goal.ended_on is None or goal.ended_on >= session.held_on]


def _lock(goal):
    episode = Episode.objects.lock(goal.episode)
    goal = Goal.objects.get(pk=goal.pk)
    goal.episode = episode
    return goal


def _refuse_ended(goal):
    if goal.ended_on is not None:
        raise ValidationError(_("This goal has ended."))

"""What pages show of goals: the words, how often they were worked on, and how near they are."""

from dataclasses import dataclass

from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.charts.sparkline import sparkline
from alliance.goals.actions import goals_of
from alliance.goals.forms import NearForm
from alliance.goals.models import Goal, GoalTick
from alliance.measures.models import Perspective
from sessions_app.sessions.models import Session

LOOKS_BACK = 10
ENOUGH_TO_DRAW = 3
MOST_SHOWN = 12  # As many as a sparkline holds.


@dataclass(frozen=True, slots=True)
class Near:
    """How near a goal was on one day, as each of the two saw it."""

    day: object
    client: str
    therapist: str


@dataclass(frozen=True, slots=True)
class GoalInWords:
    """One goal as it stands on a page."""

    goal: Goal
    worked_on: str
    said: str
    days: list[Near]
    drawing: SafeString | None
    form: NearForm | None


@dataclass(frozen=True, slots=True)
class Ticks:
    """The goals of one session, to be ticked where they were worked on."""

    session: Session
    goals: list[Goal]
    worked_on: set
    is_said: bool


@dataclass(frozen=True, slots=True)
class Goals:
    """All goals of an episode."""

    open: list[GoalInWords]
    ended: list[GoalInWords]


def present_goals(episode, *, with_forms=False):
    """Gather the goals of an episode in four queries, however many there are."""
    goals = list(Goal.objects.filter(episode=episode).prefetch_related("marks", "ticks"))
    held = list(Session.objects.filter(episode=episode).held().order_by("-starts_at"))
    for session in held:
        session.episode = episode
    shown = [_in_words(goal, held, with_form=with_forms and not goal.ended_on) for goal in goals]
    return Goals(
        open=[one for one in shown if one.goal.ended_on is None],
        ended=[one for one in shown if one.goal.ended_on is not None],
    )


def present_goal(goal):
    """Show one goal, with all that was said of it."""
    sessions = Session.objects.filter(episode=goal.episode).held().order_by("-starts_at")
    for session in sessions:
        session.episode = goal.episode
    return _in_words(goal, list(sessions), with_form=not goal.ended_on)


def present_ticks(session):
    """Show which goals were worked on in a session, or could have been."""
    goals = goals_of(session)
    said = GoalTick.objects.filter(session=session, goal__in=goals)
    told = dict(said.values_list("goal", "is_worked_on"))
    return Ticks(
        session=session,
        goals=goals,
        worked_on={goal for goal, is_so in told.items() if is_so},
        is_said=bool(told),
    )


def _in_words(goal, held, *, with_form):
    days = _days(goal)
    series = [mark.mark for mark in _of(goal, Perspective.CLIENT)][-MOST_SHOWN:]
    return GoalInWords(
        goal=goal,
        worked_on=_worked_on(goal, held),
        said=_said(goal),
        days=days[::-1],
        drawing=_drawn(series) if len(series) >= ENOUGH_TO_DRAW else None,
        form=NearForm(auto_id=f"{goal.pk}-%s") if with_form else None,
    )


def _worked_on(goal, held):
    """Count the sessions since it was agreed, at most the last ten, in which it was worked on."""
    since = [session for session in held if session.held_on >= goal.agreed_on]
    if goal.ended_on:
        since = [session for session in since if session.held_on <= goal.ended_on]
    since = since[:LOOKS_BACK]
    if not since:
        return _("No session since it was agreed.")
    told = {tick.session_id: tick.is_worked_on for tick in goal.ticks.all()}
    said = [told[session.pk] for session in since if session.pk in told]
    counted = ngettext(
        "Worked on in %(n)s of the last %(m)s session.",
        "Worked on in %(n)s of the last %(m)s sessions.",
        len(since),
    ) % {"n": sum(said), "m": len(since)}
    silent = len(since) - len(said)
    if not silent:
        return counted
    return f"{counted} " + ngettext(
        "Of %(k)s it is not noted.", "Of %(k)s it is not noted.", silent
    ) % {"k": silent}


def _of(goal, respondent):
    return [mark for mark in goal.marks.all() if mark.respondent == respondent]


def _written(mark):
    return _("not said") if mark.mark is None else number_format(mark.mark)


def _said(goal):
    """Say how near it is by the last word of each of the two, and where the client began."""
    client, therapist = (_of(goal, one) for one in (Perspective.CLIENT, Perspective.THERAPIST))
    given = [mark for mark in client if mark.mark is not None]
    parts = []
    if given:
        last = {"now": _written(given[-1]), "day": _day(given[-1].marked_on)}
        first = {"then": _written(given[0]), "before": _day(given[0].marked_on)}
        said = (
            _("How near, by the client: %(now)s of 10 on %(day)s; at first %(then)s on %(before)s.")
            if len(given) > 1
            else _("How near, by the client: %(now)s of 10 on %(day)s.")
        )
        parts.append(said % (last | first))
    if therapist:
        said = _("By the therapist: %(now)s of 10 on %(day)s.")
        last = therapist[-1]
        parts.append(said % {"now": _written(last), "day": _day(last.marked_on)})
    return " ".join(parts) or _("Nobody has said yet how near it is.")


def _day(day):
    return date_format(day, "j M Y")


def _days(goal):
    by_day: dict = {}
    for mark in goal.marks.all():
        by_day.setdefault(mark.marked_on, {})[mark.respondent] = _written(mark)
    return [
        Near(
            day,
            client=said.get(Perspective.CLIENT, "–"),
            therapist=said.get(Perspective.THERAPIST, "–"),
        )
        for day, said in sorted(by_day.items())
    ]


def _drawn(series):
    said = ", ".join(_("not said") if mark is None else number_format(mark) for mark in series)
    summary = _("How near, by the client, oldest first: %(said)s") % {"said": said}
    # Drawn from numbers; the one text in it is escaped where it is put in.
    return mark_safe(sparkline(series, summary=summary))  # noqa: S308

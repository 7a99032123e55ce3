"""Making the invented practice, by the same actions that make a real one."""

import random
from datetime import datetime, time, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from alliance.asking.actions import request_rating, submit_rating
from alliance.demo import stories
from alliance.demo.came import tell_what_came
from alliance.demo.supervision import meet_before, plan_the_next
from alliance.goals.actions import agree_on_goal, note_worked_on, say_how_near
from alliance.measures.models import Perspective
from alliance.patterns.actions import work_out_figures
from alliance.ratings.models import Rating, RatingRequest
from alliance.trends.actions import open_trend
from sessions_app.access.actions import found_practice, join_practice, start_supervision
from sessions_app.access.models import Membership, Practice
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from sessions_app.clients.models import Episode
from sessions_app.meetings.actions import log_meeting, make_circle
from sessions_app.meetings.models import Circle
from sessions_app.sessions.actions import log_session
from sessions_app.sessions.models import Session
from sessions_app.sessions.planning_actions import plan_sessions

TIME_ZONE = "Europe/Vienna"
# The items of trust, goals and collaboration, in the order in which stories tell them.
ITEMS = [("say", "matter"), ("change", "aim"), ("suits", "voice")]
BESIDES = (1, 0, 1, 0, -1, -2)
ASKED_BY = [RatingRequest.Channel.DEVICE, RatingRequest.Channel.LINK]
NOT_HELD = {
    "x": (Session.Status.MISSED, ""),
    "c": (Session.Status.CANCELLED, Session.CalledOffBy.CLIENT),
    "t": (Session.Status.CANCELLED, Session.CalledOffBy.THERAPIST),
}


class NotADemo(Exception):
    """The database holds a practice that is not the invented one."""


@transaction.atomic
def load_demo():
    """Make the invented practice if it is not there; return whether it was made.

    The same every time but for dates, which are set back from today.
    """
    if Practice.objects.exclude(name=stories.PRACTICE).exists():
        raise NotADemo
    if Practice.objects.exists():
        return False
    practice = found_practice(
        name=stories.PRACTICE, time_zone=TIME_ZONE, crisis_note=stories.CRISIS_NOTE
    )
    began = timezone.localdate() - timedelta(days=400)
    members = {
        person.email: join_practice(
            practice=practice,
            email=person.email,
            name=person.name,
            is_clinician=person.is_clinician,
            is_manager=person.is_manager,
            is_reception=person.is_reception,
            started_on=began,
        )
        for person in stories.PEOPLE + stories.COLLEAGUES
    }
    for person in stories.SUPERVISED:
        start_supervision(
            supervisor=members[stories.SUPERVISOR.email],
            therapist=members[person.email],
            started_on=began,
        )
    meet_before(members[stories.THEO.email])
    for story in stories.STORIES + stories.OTHERS:
        _tell(story, members)
    work_out_figures(practice=practice)
    plan_the_next(members[stories.THEO.email])
    _tell_together(stories.COUPLE, members[stories.COUPLE.therapist.email])
    tell_what_came()
    return True


def _tell(story, members):
    therapist = members[story.therapist.email]
    weeks = len(story.course) + len(story.course_after)
    days = [
        timezone.localdate() - timedelta(days=story.days_ago + 7 * back)
        for back in reversed(range(weeks))
    ]
    episode = add_client(
        therapist=therapist,
        code=story.code,
        by=therapist.user,
        name=story.name,
        language=story.language,
        started_on=days[0],
    )
    dice = random.Random(story.code)  # noqa: S311 - repeatable on purpose; nothing secret
    _hold(episode, story, story.course, days, dice)
    _look(episode)
    _work_on_goals(episode, stories.GOALS.get(story.code, []))
    if story.handed_to:
        successor = hand_over_episode(
            episode=episode,
            to=members[story.handed_to.email],
            by=therapist.user,
            on=days[len(story.course)],
        )
        _hold(successor, story, story.course_after, days[len(story.course) :], dice)
        _look(successor)
        episode = successor
    if story.ending:
        end_episode(episode=episode, ending=story.ending, by=therapist.user, ended_on=days[-1])
    else:
        _plan(episode, story, days[-1])


def _hold(episode, story, course, days, dice):
    by = episode.therapist.user
    for place, (said, day) in enumerate(zip(course, days, strict=False)):
        starts_at = datetime.combine(day, time(story.hour), ZoneInfo(TIME_ZONE))
        status, called_off_by = NOT_HELD.get(said, (Session.Status.HELD, ""))
        session = log_session(
            episode=episode,
            starts_at=starts_at,
            by=by,
            setting=story.setting,
            status=status,
            called_off_by=called_off_by,
            note=story.notes.get(place, ""),
        )
        if status != Session.Status.HELD:
            continue
        if said != ".":
            comment = story.comments.get(place, "")
            _rate(session, Perspective.CLIENT, said, dice, comment=comment)
        if place < len(story.own) and story.own[place] != ".":
            _rate(session, Perspective.THERAPIST, story.own[place], dice)


def _plan(episode, story, last):
    """Let the therapy go on weekly, and somebody come today."""
    ahead = datetime.combine(last + timedelta(weeks=1), time(story.hour), ZoneInfo(TIME_ZONE))
    values = {"episode": episode, "setting": story.setting, "by": episode.therapist.user}
    plan_sessions(starts_at=ahead, times=4, **values)
    if story.code in stories.TODAY:
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        plan_sessions(starts_at=now + timedelta(hours=stories.TODAY[story.code]), **values)


def _tell_together(couple, therapist):
    """Let two clients come together, and each say apart how the same meetings were."""
    by = therapist.user
    weeks = len(next(iter(couple.courses.values())))
    days = [
        timezone.localdate() - timedelta(days=couple.days_ago + 7 * back)
        for back in reversed(range(weeks))
    ]
    began = {"therapist": therapist, "by": by, "started_on": days[0]}
    episodes = [add_client(code=code, **began) for code in couple.courses]
    circle = make_circle(
        kind=Circle.Kind.COUPLE, code=couple.code, episodes=episodes, by=by, joined_on=days[0]
    )
    dice = random.Random(couple.code)  # noqa: S311 - repeatable on purpose; nothing secret
    for place, day in enumerate(days):
        meeting = log_meeting(
            circle=circle,
            starts_at=datetime.combine(day, time(couple.hour), ZoneInfo(TIME_ZONE)),
            became={member.pk: "held" for member in circle.members.all()},
            by=by,
        )
        for session in meeting.sessions.order_by("episode__client__code"):
            said = couple.courses[session.episode.client.code][place]
            if said != ".":
                _rate(session, Perspective.CLIENT, said, dice)
    for episode in episodes:
        _look(episode)


def _look(episode):
    """Let the therapist have looked at all that was said, but for a comment that waits."""
    said = Rating.objects.filter(session__episode=episode, respondent=Perspective.CLIENT)
    open_trend(
        episode=episode, by=episode.therapist.user, shown=list(said.filter(comment_audience=""))
    )


def _work_on_goals(episode, told):
    """Agree on goals at the beginning, tick them, and say now and then how near they are."""
    by = episode.therapist.user
    goals = [
        (agree_on_goal(episode=episode, words=words, agreed_on=episode.started_on, by=by), *rest)
        for words, *rest in told
    ]
    for place, session in enumerate(episode.sessions.held().order_by("starts_at") if goals else []):
        worked_on = [goal for goal, places, _near in goals if place in places]
        note_worked_on(session=session, goals=worked_on, by=by)
        for goal, _places, near in goals:
            if place in near:
                client, therapist = near[place]
                said = {"client": client, "therapist": therapist}
                say_how_near(goal=goal, by=by, on=session.held_on, **said)


def _rate(session, respondent, said, dice, comment=""):
    at = session.starts_at + timedelta(minutes=session.minutes + 2)
    asked, _secret = request_rating(
        session=session,
        respondent=respondent,
        channel=dice.choice(ASKED_BY),
        by=session.episode.therapist.user,
        at=at,
    )
    answers: dict[str, float | None] = {}
    for keys, mark in zip(ITEMS, said.split(), strict=True):
        answers |= dict.fromkeys(keys) if mark == "-" else _two_marks(keys, float(mark), dice)
    marks = [float(mark) for mark in said.split() if mark != "-"]
    about = round(fmean(marks)) if marks else None
    submit_rating(
        request=asked,
        answers=answers,
        besides=_besides(asked.extra_version, about),
        guess=about if respondent == Perspective.THERAPIST else None,
        comment=comment,
        at=at + timedelta(minutes=1),
    )


def _besides(version, about):
    """Answer what is offered besides: near the other marks, each statement in its own way."""
    if version is None or about is None:
        return None
    return {
        item.key: float(min(10, max(0, about + more)))
        for item, more in zip(version.items.all(), BESIDES, strict=True)
    }


def _two_marks(keys, mark, dice):
    """Answer a component's two statements so that now and then they differ by one."""
    first, second = mark, mark
    if 0 < mark < 10 and dice.random() < 0.4:
        second = mark + dice.choice([-1.0, 1.0])
    return dict(zip(keys, (first, second), strict=True))


@transaction.atomic
def ask_first_client():
    """Ask Theo's steady client about a session held just now; return the form's secret."""
    episode = Episode.objects.open().get(
        client__code=stories.STORIES[0].code, client__practice__name=stories.PRACTICE
    )
    by = episode.therapist.user
    session = episode.sessions.held().filter(ratings=None).order_by("-starts_at").first()
    an_hour_ago = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=1)
    if session is None or session.starts_at < an_hour_ago - timedelta(days=1):
        session = log_session(episode=episode, starts_at=an_hour_ago, by=by)
    _asked, secret = request_rating(
        session=session, respondent=Perspective.CLIENT, channel=RatingRequest.Channel.LINK, by=by
    )
    return secret


def demo_user(person):
    """Return the account of an invented person."""
    return Membership.objects.get(practice__name=stories.PRACTICE, user__email=person.email).user

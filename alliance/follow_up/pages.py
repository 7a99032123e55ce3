"""What other pages show of what came of a rating, and of what was marked."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.follow_up.forms import AcknowledgementForm, FollowUpForm, LastTimeForm
from alliance.follow_up.models import FollowUp
from alliance.follow_up.prompts import Prompts, all_prompts, what_could_help
from alliance.follow_up.standing_out import Series
from alliance.follow_up.words import ASKS_NOTHING, TO_SPEAK_ABOUT, noticed
from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from alliance.trends.models import Flag, Reading
from alliance.trends.own_first import known_to_holder, waiting_in
from sessions_app.clients.models import Episode


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rating's way: what it is, when it was taken, and the line about it."""

    name: str
    at: datetime | None
    line: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How far the latest rating has come: received, read, discussed, agreed."""

    rating: Rating
    steps: list[Step]
    is_told: bool
    form: FollowUpForm

    @property
    def is_open(self):
        """Whether nothing was written down of it yet."""
        return not any(step.line for step in self.steps)


@dataclass(frozen=True, slots=True)
class Marked:
    """A flag as it is spoken of: what it says, what became of it, and how to say so."""

    flag: Flag
    what: str
    component: str
    kept: object
    form: AcknowledgementForm
    prompts: list[Prompts]

    def stands_without(self, hidden):
        """Whether it holds as far as is known without the sessions in `hidden`."""
        return self.flag.settled_by_id is None or self.flag.settled_by_id in hidden


@dataclass(frozen=True, slots=True)
class WhatCame:
    """The part of an episode's page that says what came of it all."""

    episode: Episode
    is_own: bool
    is_writable: bool
    way: Way | None
    standing: list[Marked]
    earlier: list[Marked]
    before: list[tuple[Rating, FollowUp]]


def may_write(episode, *, is_holder):
    """Whether who holds an episode still writes in it: not once it was handed over."""
    return is_holder and episode.ending != Episode.Ending.TRANSFERRED


def present_what_came(episode, *, is_holder, user):
    """Gather how far the latest rating has come, and what became of what was marked.

    Flags that their therapist has not seen yet are shown to nobody else.
    """
    flags = (
        Flag.objects.filter(episode=episode, withdrawn_at=None)
        .for_reader(is_holder=is_holder)
        .exclude(kind__in=ASKS_NOTHING)
        .select_related("session", "acknowledgement")
        .order_by("-session__starts_at", "-rank")
    )
    hidden = waiting_in(episode) if is_holder else set()
    flags = [flag for flag in flags if flag.session_id not in hidden]
    series = Series(episode)
    lines = FollowUp.objects.visible_to(user).filter(rating__session__episode=episode)
    kept = {one.rating_id: one for one in lines}
    prompts = all_prompts(episode.therapist.practice_id)
    marked = [present_flag(flag, series, prompts) for flag in flags]
    return WhatCame(
        episode=episode,
        is_own=is_holder,
        is_writable=may_write(episode, is_holder=is_holder),
        way=_way(series.latest, kept),
        standing=[one for one in marked if one.stands_without(hidden)],
        earlier=[one for one in marked if one.kept and not one.stands_without(hidden)],
        before=[(one, kept[one.pk]) for one in series.ratings[1:] if one.pk in kept],
    )


def present_flag(flag, series, prompts, form=None):
    """Say of a flag what it is about, what could help, and what became of it so far."""
    kept = getattr(flag, "acknowledgement", None)
    component = series.stands_out(flag.session_id)
    return Marked(
        flag=flag,
        what=noticed(flag.kind, component),
        component=component,
        kept=kept,
        form=form or AcknowledgementForm(flag=flag, kept=kept),
        prompts=what_could_help(prompts, kind=flag.kind, component=component),
    )


def _way(rating, lines):
    if rating is None:
        return None
    kept = lines.get(rating.pk)
    return Way(
        rating=rating,
        steps=[
            Step(_("Received"), rating.submitted_at),
            Step(_("Read"), _read_at(rating)),
            Step(_("Discussed"), kept and kept.discussed_at, kept.discussed if kept else ""),
            Step(_("Agreed"), kept and kept.agreed_at, kept.agreed if kept else ""),
        ],
        is_told=bool(kept and kept.is_told),
        form=FollowUpForm(kept=kept),
    )


def _read_at(rating):
    """Return when the therapist of a rating first opened it."""
    therapist = rating.session.episode.therapist_id
    readings = Reading.objects.filter(rating=rating, reader=therapist)
    return readings.values_list("read_at", flat=True).first()


def latest_rating(sessions):
    """Return what a client said last, of these sessions."""
    return (
        Rating.objects.standing()
        .of_alliance()
        .filter(session__in=sessions, respondent=Perspective.CLIENT)
        .select_related("session__episode")
        .order_by("-session__starts_at")
        .first()
    )


def _sessions_before(session):
    return session.episode.sessions.filter(starts_at__lt=session.starts_at)


@dataclass(frozen=True, slots=True)
class LastTime:
    """What was marked of the rating before, and the one line that is asked for."""

    rating: Rating
    what: str
    form: LastTimeForm


def present_last_time(session):
    """Say what was marked of the last rating before `session`, unless it was spoken about."""
    rating = latest_rating(_sessions_before(session))
    if rating is None or FollowUp.objects.filter(rating=rating).exclude(discussed="").exists():
        return None
    flags = Flag.objects.filter(
        session=rating.session_id, withdrawn_at=None, kind__in=TO_SPEAK_ABOUT
    )
    flag = known_to_holder(flags).order_by("-rank").first()
    if flag is None:
        return None
    component = Series(session.episode).stands_out(rating.session_id)
    return LastTime(rating=rating, what=noticed(flag.kind, component), form=LastTimeForm())


@dataclass(frozen=True, slots=True)
class Told:
    """What a client is told of their last answer: when it was read, and what was agreed."""

    read_on: date | None
    agreed: str


def told_to_client(session):
    """Return what the therapist chose to tell of the client's last answer before `session`.

    None where they chose nothing, or where there is nothing to tell. Of marks
    nothing is told.
    """
    rating = latest_rating(_sessions_before(session))
    kept = FollowUp.objects.for_the_client().filter(rating=rating).first() if rating else None
    if kept is None:
        return None
    read_at = _read_at(rating)
    with session.episode.therapist.practice.clock():
        read_on = timezone.localdate(read_at) if read_at else None
    return Told(read_on=read_on, agreed=kept.agreed) if read_on or kept.agreed else None

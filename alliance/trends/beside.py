"""What stands beside the trend and is part of no mean: how it is to work together, and guesses."""

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from alliance.charts.sparkline import sparkline
from alliance.measures.models import Measure, MeasureVersion, Perspective
from alliance.psychometrics.scoring import rescale
from alliance.ratings.models import Rating
from alliance.trends import words
from sessions_app.sessions.models import Session

MOST_SHOWN = 6  # As many columns fit onto a phone.
NEAR = 1.0  # Points of 0 to 10: what two readers of the same marks may well differ by.


@dataclass(frozen=True, slots=True)
class Quality:
    """One statement on how it is to work together, with its marks, oldest first."""

    name: str
    marks: list[str]
    drawing: SafeString


@dataclass(frozen=True, slots=True)
class Qualities:
    """What was marked in one wording: another wording is never put into the same lines."""

    said: str
    sessions: list[Session]
    rows: list[Quality]


@dataclass(frozen=True, slots=True)
class Guess:
    """What the therapist thought that the client would mark, and what the client did."""

    session: Session
    guessed: str
    marked: str
    said: str


@dataclass(frozen=True, slots=True)
class Beside:
    """All that is drawn apart on the page of an episode."""

    qualities: list[Qualities]
    guesses: list[Guess]
    guessed: str


def present_beside(episode, rows, *, without=()):
    """Gather what is drawn apart; `rows` are the sessions of the trend, oldest first.

    Nothing is shown of what the client said of the sessions `without`.
    """
    guesses = [_guess(row) for row in rows if row.own and row.own.guess is not None]
    return Beside(
        qualities=_qualities(episode, without),
        guesses=guesses[::-1],
        guessed=_guessed(rows),
    )


def _qualities(episode, without):
    """Return what was marked, the wording that was asked last first."""
    ratings = (
        Rating.objects.standing()
        .filter(
            session__episode=episode,
            respondent=Perspective.CLIENT,
            measure__purpose=Measure.Purpose.QUALITIES,
        )
        .exclude(session__in=without)
        .select_related("session", "measure_version__measure")
        .order_by("session__starts_at")
    )
    by_version: dict[MeasureVersion, list[Rating]] = {}
    for rating in ratings:
        said = by_version.pop(rating.measure_version, [])
        by_version[rating.measure_version] = [*said, rating]
    return [_in_one_wording(version, said) for version, said in reversed(by_version.items())]


def _in_one_wording(version, ratings):
    shown = ratings[-MOST_SHOWN:]
    scored = {item.key: item for item in version.scored_items()}
    names = words.quality_names() if version.measure.key == "qualities" else {}
    rows = []
    latest = {}
    for item in version.items.all():
        name = names.get(item.key, item.text)
        values = [rating.answers.get(item.key) for rating in shown]
        points = [None if mark is None else rescale(mark, scored[item.key]) for mark in values]
        marks = [words.points(value) for value in values]
        if points[-1] is not None:
            latest[name] = points[-1]
        summary = _("%(name)s, oldest first: %(marks)s") % {
            "name": name,
            "marks": ", ".join(marks),
        }
        # Drawn by our own code; the words in it are escaped where they are put in.
        drawing = mark_safe(sparkline(points, summary=summary, slots=MOST_SHOWN))  # noqa: S308
        rows.append(Quality(name=name, marks=marks, drawing=drawing))
    return Qualities(
        said=_said(shown[-1].session, latest),
        sessions=[rating.session for rating in shown],
        rows=rows,
    )


def _said(session, latest):
    """Say in words where the latest marks lie, without any judgement of the difference."""
    asked = _("Last answered after session %(number)s.") % {"number": session.number}
    if len(set(latest.values())) < 2:
        return asked
    lowest, highest = (
        _list(name for name, value in latest.items() if value == end)
        for end in (min(latest.values()), max(latest.values()))
    )
    said = _("Marked highest: %(highest)s. Marked lowest: %(lowest)s.")
    return f"{asked} {said % {'highest': highest, 'lowest': lowest}}"


def _list(names):
    return ", ".join(names)


def _guess(row):
    marked = row.rating.total if row.rating else None
    return Guess(
        session=row.session,
        guessed=words.points(row.own.guess),
        marked=words.points(marked),
        said=words.guess_names()[kind] if (kind := _kind(row)) else "",
    )


def _kind(row):
    """Say how a guess lies to the client's mean: near it, above or below; or nothing to compare."""
    if row.own is None or row.own.guess is None or row.rating is None or row.rating.total is None:
        return ""
    difference = row.rating.total - row.own.guess
    if abs(difference) <= NEAR:
        return "near"
    return "higher" if difference > 0 else "lower"


def _guessed(rows):
    """Count the guesses by how they lie, in words; nothing where none can be compared."""
    kinds = [kind for row in rows if (kind := _kind(row))]
    if not kinds:
        return ""
    counts = [
        _("%(n)s × %(what)s") % {"n": kinds.count(kind), "what": name}
        for kind, name in words.guess_names().items()
        if kind in kinds
    ]
    return f"{'; '.join(counts)}."

"""The page about one therapist, the same for whoever may read it, and the list that leads there."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from alliance.charts import patterns as charts
from alliance.measures.models import MeasureVersion
from alliance.patterns import words
from alliance.patterns.clients import clients_ratings, means_of, years
from alliance.patterns.models import PracticeFigures
from alliance.psychometrics.patterns import (
    FEWEST_CLIENTS,
    Figures,
    change,
    limits,
    own_mean,
    place,
)
from alliance.psychometrics.scoring import COMPONENTS
from alliance.trends.cards import Card
from alliance.trends.words import component_names
from sessions_app.access.models import Membership
from sessions_app.sessions.models import Session

# How far the funnel reaches at least.
FUNNEL_TO = 40


@dataclass(frozen=True, slots=True)
class Part:
    """What is said of one component: the distribution, then the figures, then the sentence."""

    key: str
    name: str
    clients: int
    spread: str
    strip: SafeString
    rated: str
    own: str
    estimate: str
    average: str
    sentence: str
    past: str
    funnel: SafeString | None
    card: Card | None


@dataclass(frozen=True, slots=True)
class Patterns:
    member: Membership
    version: MeasureVersion | None
    has_other_versions: bool
    worked_out_on: date | None
    parts: list[Part]


def present_patterns(member, reader):
    """Show how the clients of `member` rate, to `member` and to who supervises them alike.

    One query each for sessions, for how many were rated, for clients' means of
    two years, the wording and the practice's figures.
    """
    this_year, before = years(member.practice)
    ratings = clients_ratings(session__episode__therapist=member)
    now, then = list(means_of(ratings, this_year)), list(means_of(ratings, before))
    version = _most_used(ratings, this_year)
    held = (
        Session.objects.held().filter(this_year.of("starts_at"), episode__therapist=member).count()
    )
    rated = ratings.filter(this_year.of("session__starts_at")).aggregate(
        **{
            name: Count("session", distinct=True, filter=Q(**{f"{name}__isnull": False}))
            for name in COMPONENTS
        }
    )
    figures = {
        one.component: one
        for one in PracticeFigures.objects.visible_to(reader).filter(
            practice=member.practice_id, measure_version=version
        )
    }
    names = component_names()
    return Patterns(
        member=member,
        version=version,
        has_other_versions=len({row["measure_version"] for row in now}) > 1,
        worked_out_on=next((one.worked_out_on for one in figures.values()), None),
        parts=[
            _part(
                key,
                names[key],
                _of_version(now, version, key),
                _of_version(then, version, key),
                words.rated(rated[key], held),
                figures.get(key),
            )
            for key in COMPONENTS
        ],
    )


def _most_used(ratings, span):
    """Return the wording in which most of a year's ratings were given, the newest of several."""
    used = (
        ratings.filter(span.of("session__starts_at"))
        .order_by()
        .values("measure_version")
        .annotate(n=Count("pk"))
        .order_by("-n", "-measure_version")
        .values_list("measure_version", flat=True)
    )
    return MeasureVersion.objects.select_related("measure").filter(pk__in=used[:1]).first()


def _of_version(rows, version, component):
    """Return clients' means in one wording, without saying whose they are."""
    pk = version.pk if version else None
    return sorted(
        row[f"mean_{component}"]
        for row in rows
        if row["measure_version"] == pk and row[f"mean_{component}"] is not None
    )


def _part(key, name, means, means_before, rated, stored):
    own, clients = own_mean(means), len(means)
    figures = _reckoned(stored)
    found = place(figures, mean=own.value, clients=clients) if figures and own else None
    spread = words.spread(means)
    return Part(
        key=key,
        name=name,
        clients=clients,
        spread=spread,
        # Drawn from numbers; the texts in it are escaped where they are put in.
        strip=mark_safe(charts.strip(means, summary=spread)),  # noqa: S308
        rated=rated,
        own=words.interval(*own) if own else "–",
        estimate=words.interval(found.estimate, found.low, found.high) if found else "–",
        average=words.average(figures) if figures else "–",
        sentence=words.beside_the_practice(figures, found, clients),
        past=words.beside_the_past(change(means, means_before), clients, len(means_before)),
        funnel=_funnel(figures, found, own, clients) if found else None,
        card=words.card(figures, found, own.value) if found and own else None,
    )


def _reckoned(stored):
    if stored is None:
        return None
    names = ("therapists", "clients", "mu", "mu_se", "tau2", "variance")
    return Figures(**{name: getattr(stored, name) for name in names})


def _funnel(figures, found, own, clients):
    numbers = range(FEWEST_CLIENTS, max(FUNNEL_TO, clients + 5) + 1)
    low, high = limits(figures, numbers)
    # Drawn from numbers; the texts in it are escaped where they are put in.
    return mark_safe(  # noqa: S308
        charts.funnel(
            [charts.Limit(*one) for one in zip(numbers, low, high, strict=True)],
            average=figures.mu,
            own=(clients, own.value),
            summary=words.funnel_summary(figures, found, own.value, clients),
            along=_("clients"),
        )
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One therapist in the list: how many clients, and how many sessions were rated."""

    member: Membership
    clients: int
    rated: str


def present_list(reader):
    """List those whose work `reader` may read today, by name and by nothing else."""
    members = list(
        Membership.objects.filter(pk__in=Membership.objects.reach(reader))
        .select_related("user", "practice")
        .order_by("user__name", "user__email", "pk")
    )
    lines = {}
    for practice in {member.practice for member in members}:
        of_here = [member for member in members if member.practice_id == practice.pk]
        this_year, _before = years(practice)
        held = Session.objects.held().filter(
            this_year.of("starts_at"), episode__therapist__in=of_here
        )
        counted = {
            row["episode__therapist"]: row
            for row in held.order_by()
            .values("episode__therapist")
            .annotate(held=Count("pk"), clients=Count("episode__client", distinct=True))
        }
        ratings = clients_ratings(session__episode__therapist__in=of_here)
        rated = dict(
            ratings.filter(this_year.of("session__starts_at"))
            .order_by()
            .values("session__episode__therapist")
            .annotate(n=Count("session", distinct=True))
            .values_list("session__episode__therapist", "n")
        )
        for member in of_here:
            row = counted.get(member.pk, {"held": 0, "clients": 0})
            lines[member.pk] = Line(
                member, row["clients"], words.rated(rated.get(member.pk, 0), row["held"])
            )
    return [lines[member.pk] for member in members]

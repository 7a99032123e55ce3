"""Since you last looked: what is new with one's own clients, each with the one thing to do.

Nothing is remembered of opening this list. What is new is what is unread: a rating,
a flag or a comment leaves it when its client's page was opened. What has not been
answered leaves it when the client's therapist has looked at it since, or it was.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.measures.models import Perspective
from alliance.ratings.models import SETTLED, Rating, RatingRequest
from alliance.trends.models import Flag, Reading, Standing
from alliance.trends.own_first import known_to_holder
from sessions_app.access.models import AuditEvent
from sessions_app.clients.models import Client

# Until then nobody need wonder why there is no answer.
IN_GOOD_TIME = timedelta(days=1)
# Of more than these nobody could speak in a day; the list below has them all.
MOST = 50


@dataclass(frozen=True, slots=True)
class News:
    """One line: who, what is new, and the one thing to do."""

    client: Client
    said: list[str]
    deed: str
    address: str


def present_news(user, at=None):
    """List what is new in the therapies that `user` holds, what weighs most first.

    One query over standing rows, and one on who looked, whatever the number of
    therapies.
    """
    waited = (at or timezone.now()) - IN_GOOD_TIME
    is_open = Q(episode__ended_on=None)
    standings = list(
        _with_what_is_new(Standing.objects.held_by(user))
        .filter(
            Q(rated__isnull=False)
            | Q(marked__isnull=False)
            | Q(comment_waiting=True)
            | (is_open & Q(unrated_run__gte=2, last_session_at__lte=waited))
            | (is_open & Q(unrated_run=1, asked_at__lte=waited))
            | (is_open & Q(episode__follows__isnull=False, sessions_held=0))
        )
        .select_related("episode__client", "episode__therapist__practice")
        .order_by(
            F("weight").desc(nulls_last=True),
            "-comment_waiting",
            F("rated").asc(nulls_last=True),
            "pk",
        )[:MOST]
    )
    looked = _looked(user, standings)
    found = [_unread(standing) or _quiet(standing, looked) for standing in standings]
    return [news for news in found if news]


def _with_what_is_new(standings):
    read = Reading.objects.filter(
        rating=OuterRef("pk"), reader=OuterRef("session__episode__therapist")
    )
    unread = (
        Rating.objects.standing()
        .of_alliance()
        .filter(session__episode=OuterRef("pk"), respondent=Perspective.CLIENT)
        .exclude(Exists(read))
        .order_by("-session__starts_at")
    )
    # That ratings do not come is told in another line.
    unseen = (
        known_to_holder(Flag.objects.standing())
        .filter(episode=OuterRef("pk"), seen_at=None, rank__gte=Flag.RANKS[Flag.Kind.RULE])
        .exclude(kind=Flag.Kind.UNRATED)
        .order_by("-rank")
    )
    asked = RatingRequest.objects.filter(
        session=OuterRef("last_session"), respondent=Perspective.CLIENT
    ).order_by("-asked_at")
    return standings.annotate(
        rated=Subquery(unread.values("session__number")[:1]),
        marked=Subquery(unseen.values("kind")[:1]),
        weight=Subquery(unseen.values("rank")[:1]),
        asked_at=Subquery(asked.exclude(closing__in=SETTLED).values("asked_at")[:1]),
    )


def _looked(user, standings):
    """Return when `user` last did or read something of each of these clients, and of what."""
    events = (
        AuditEvent.objects.filter(
            actor=user, client_id__in=[standing.episode.client_id for standing in standings]
        )
        .values_list("client_id", "target_id")
        .annotate(last=Max("at"))
    )
    found: dict = {}
    for client_id, target_id, last in events:
        found[client_id] = max(last, found.get(client_id, last))
        found[target_id] = last
    return found


def _unread(standing):
    """Tell of what its therapist has not read yet."""
    said = []
    if standing.rated is not None:
        said.append(_("Session %(number)s is rated") % {"number": standing.rated})
    if standing.marked:
        said.append(str(Flag.Kind(standing.marked).label))
    if standing.comment_waiting:
        said.append(_("A comment is waiting to be read"))
    if not said:
        return None
    address = reverse("episode", args=[standing.pk])
    return News(standing.episode.client, said, _("Read it"), address)


def _quiet(standing, looked):
    """Tell of what was not answered, or handed over, if its therapist has not looked since."""
    client, run = standing.episode.client, standing.unrated_run
    if not standing.sessions_held:
        if str(standing.pk) in looked:
            return None
        said = _("Handed over to you")
        return News(client, [said], _("Look at it"), reverse("episode", args=[standing.pk]))
    since = (standing.asked_at if run == 1 else standing.last_session_at) + IN_GOOD_TIME
    if looked.get(client.pk, since) > since:
        return None
    if run > 1:
        said = ngettext(
            "%(n)s session in a row without an answer",
            "%(n)s sessions in a row without an answer",
            run,
        ) % {"n": run}
        address = reverse("episode-asking", args=[standing.pk])
        return News(client, [said], _("Ask in another way"), address)
    with standing.episode.therapist.practice.clock():
        day = date_format(timezone.localtime(standing.asked_at), "j M")
    said = _("Asked on %(day)s, not answered") % {"day": day}
    address = reverse("rating-ask", args=[standing.last_session_id])
    return News(client, [said], _("Ask again"), address)

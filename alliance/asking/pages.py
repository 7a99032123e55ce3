"""What the asking pages say: who will read an answer, and how far the asking is."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from alliance.asking.arranging import ways_to_send
from alliance.asking.standing_models import StandingLink
from alliance.measures.models import Perspective
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import Deputy, Membership, Supervision
from sessions_app.tablets.models import Tablet


class Readers(NamedTuple):
    """Who will be able to open an answer: in one line, and at length."""

    line: str
    more: list[str]


def is_supervised(request):
    """Whether somebody supervises the therapist of a request today."""
    therapist = request.session.episode.therapist_id
    return Supervision.objects.today().filter(therapist=therapist).exists()


def has_deputy(request):
    """Whether the practice has appointed somebody who may open a record in an emergency."""
    deputies = Deputy.objects.filter(dismissed_at=None, member__in=Membership.objects.today())
    return deputies.filter(
        member__is_clinician=True, member__practice=request.session.episode.therapist.practice_id
    ).exists()


def who_reads(request):
    """Say truthfully who will be able to open the answer to `request`.

    From the same relations that decide it: the therapist of the episode,
    whoever supervises that therapist today, and whoever the practice has
    appointed for emergencies. Comments open to whom the client wrote them.
    """
    if request.respondent == Perspective.THERAPIST:
        return Readers(_("Read by you, and by whoever supervises you. Not by the client."), [])
    supervised, deputised = is_supervised(request), has_deputy(request)
    if supervised and deputised:
        line = _("Read by your therapist, their supervisor, and a deputy in an emergency.")
    elif supervised:
        line = _("Read by your therapist and their supervisor.")
    elif deputised:
        line = _("Read by your therapist, and by a deputy in an emergency.")
    else:
        line = _("Read by your therapist, and nobody else today.")
    more = [
        _("A supervisor helps your therapist to work well. They see your marks, not your name.")
        if supervised
        else _("If a supervisor helps your therapist later, they see your marks, not your name.")
    ]
    if deputised:
        more.append(
            _(
                "A deputy is a therapist whom the practice has chosen. They can see your marks "
                "in an emergency. Your therapist is told at once."
            )
        )
    more.append(_("What you write goes only to whom you choose. Nobody else can open it."))
    return Readers(line, more)


def present_asking(session):
    """Say what has been asked and answered of a session so far."""
    return {
        "session": session,
        "episode": session.episode,
        "rated": set(
            Rating.objects.standing().filter(session=session).values_list("respondent", flat=True)
        ),
        "open": RatingRequest.objects.open()
        .filter(session=session, respondent=Perspective.CLIENT)
        .first(),
        "has_bookmark": StandingLink.objects.in_use().filter(episode=session.episode_id).exists(),
        "ways_to_send": ways_to_send(session.episode),
        "tablets": Tablet.objects.at_hand_of(session.episode.therapist).order_by("name", "pk"),
    }

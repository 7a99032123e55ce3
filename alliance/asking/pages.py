"""What the asking pages say: who will read an answer, and how far the asking is."""

from django.utils.translation import gettext as _

from alliance.measures.models import Perspective
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import Deputy, Membership, Supervision
from sessions_app.tablets.models import Tablet


def who_reads(request):
    """Say truthfully who will be able to open the answer to `request`.

    From the same relations that decide it: the therapist of the episode, and
    whoever supervises that therapist today. Comments are for the therapist. If
    the practice has appointed somebody for emergencies, that is said too.
    """
    if request.respondent == Perspective.THERAPIST:
        return _("You can read this, and whoever supervises you. The client cannot.")
    therapist = request.session.episode.therapist
    if Supervision.objects.today().filter(therapist=therapist).exists():
        said = _(
            "Your therapist reads your answers. A supervisor who helps your therapist "
            "can see the marks, without your name and without what you write."
        )
    else:
        said = _(
            "Your therapist reads your answers, and nobody else today. If a supervisor helps "
            "your therapist later, they can see the marks, without your name and without what "
            "you write."
        )
    deputies = Deputy.objects.filter(dismissed_at=None, member__in=Membership.objects.today())
    if not deputies.filter(member__practice=therapist.practice_id).exists():
        return said
    in_emergencies = _(
        "In an emergency, another therapist whom the practice has chosen can see the marks "
        "too, and your therapist is told at once."
    )
    return f"{said} {in_emergencies}"


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
        "tablets": Tablet.objects.at_hand_of(session.episode.therapist).order_by("name", "pk"),
    }

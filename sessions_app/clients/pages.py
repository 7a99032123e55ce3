"""What a therapist sees of a client's consent to reading what was said before."""

from dataclasses import dataclass

from sessions_app.clients.models import Episode
from sessions_app.openings.models import Consent
from sessions_app.openings.wordings import WORDINGS, wording_in_use


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """`episode` is one's own, `consent` to reading the one before it stands or is None."""

    episode: Episode
    consent: Consent | None
    wording: str


def present_consent(episode):
    """Gather whether the client lets the therapist of `episode` read the one before it."""
    kind = Consent.Kind.EARLIER_THERAPY
    consent = (
        Consent.objects.standing()
        .filter(episode=episode.follows_id, kind=kind)
        .select_related("recorded_by__user")
        .first()
    )
    wording = WORDINGS[kind, consent.wording] if consent else wording_in_use(kind)[1]
    return ConsentPage(episode=episode, consent=consent, wording=wording)

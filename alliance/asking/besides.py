"""What is offered besides, now and then: how it is to work together."""

from alliance.asking.models import AskingRules
from alliance.measures.models import MeasureVersion, Perspective

QUALITIES = "qualities"


def offered_besides(*, session, respondent, language, on_demand):
    """Return the version that is offered below the statements of this session, or None.

    It is offered after every so many sessions held, as the practice has it, or
    because the therapist asked for it this once; to therapists never.
    """
    if respondent == Perspective.THERAPIST:
        return None
    rules = AskingRules.objects.filter(practice=session.episode.client.practice_id).first()
    every = (rules or AskingRules()).qualities_every
    if not on_demand and (not every or session.number % every):
        return None
    try:
        return MeasureVersion.objects.to_ask(key=QUALITIES, language=language)
    except MeasureVersion.DoesNotExist:  # It came with an update, and is not loaded yet.
        return None

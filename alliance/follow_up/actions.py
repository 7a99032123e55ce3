"""Writing down what came of a rating and of a flag."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.follow_up.models import Acknowledgement, FollowUp
from sessions_app.access.actions import record


@transaction.atomic
def follow_up(*, rating, by, at=None, **said):
    """Write down what was discussed of `rating`, what was agreed, and whether the client is told.

    `said` are fields of FollowUp; what is not named stays. A line keeps the moment at
    which it was first written, and loses it when it is emptied.
    """
    at = at or timezone.now()
    kept = FollowUp.objects.select_for_update(of=("self",)).filter(rating=rating).first()
    kept = kept or FollowUp(rating=rating, by_id=rating.session.episode.therapist_id)
    changed = [name for name, value in said.items() if getattr(kept, name) != value]
    for name in changed:
        setattr(kept, name, said[name])
        if name != "is_told":
            began = getattr(kept, f"{name}_at") or at
            setattr(kept, f"{name}_at", began if said[name] else None)
    if changed:
        kept.full_clean()
        kept.save()
        record("rating.followed_up", kept, by=by, fields=changed)
    return kept


@transaction.atomic
def acknowledge(*, flag, outcome, by, remark="", at=None):
    """Say what became of a flag. Said again, the later word stands.

    Raises ValidationError where it was not spoken about and nobody says why.
    """
    if outcome == Acknowledgement.Outcome.UNSPOKEN and not remark.strip():
        raise ValidationError({"remark": _("Why was it not spoken about? A word is enough.")})
    kept = Acknowledgement.objects.select_for_update(of=("self",)).filter(flag=flag).first()
    kept = kept or Acknowledgement(flag=flag)
    kept.by_id, kept.at = flag.episode.therapist_id, at or timezone.now()
    kept.outcome, kept.remark = outcome, remark
    kept.full_clean()
    kept.save()
    record("flag.acknowledged", kept, by=by, fields=["outcome", "remark"])
    return kept

"""Writing down what came of a rating and of a flag, what could help, and a reflection."""

import json
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.follow_up.models import Acknowledgement, FollowUp
from alliance.follow_up.own_models import PracticePrompt, Reflection
from alliance.follow_up.prompts import ours
from sessions_app.access.actions import record
from sessions_app.access.models import Practice
from sessions_app.clients.models import Episode


@transaction.atomic
def follow_up(*, rating, by, at=None, **said):
    """Write down what was discussed of `rating`, what was agreed, and whether the client is told.

    `said` are fields of FollowUp; what is not named stays. A line keeps the moment at
    which it was first written, and loses it when it is emptied.
    """
    at = at or timezone.now()
    Episode.objects.lock(rating.session.episode)
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
    Episode.objects.lock(flag.episode)
    kept = Acknowledgement.objects.select_for_update(of=("self",)).filter(flag=flag).first()
    kept = kept or Acknowledgement(flag=flag)
    kept.by_id, kept.at = flag.episode.therapist_id, at or timezone.now()
    kept.outcome, kept.remark = outcome, remark
    kept.full_clean()
    kept.save()
    record("flag.acknowledged", kept, by=by, fields=["outcome", "remark"])
    return kept


@transaction.atomic
def change_prompts(*, practice, key, by, **lists):
    """Put a practice's own words in the place of ours; a list that is empty or as ours is ours."""
    Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    told = ours()[0][key]
    changed = []
    for part, text in lists.items():
        kept = PracticePrompt.objects.filter(practice=practice, key=f"{key}.{part}").first()
        kept = kept or PracticePrompt(practice=practice, key=f"{key}.{part}")
        text = "" if text.splitlines() == told[part] else text
        if kept.text != text:
            kept.text = text
            kept.full_clean()
            kept.save()
            changed.append(kept.key)
    if changed:
        record("prompts.changed", practice, by=by, fields=changed)


@transaction.atomic
def reflect(*, episode, said, by):
    """Keep what the therapist of `episode` thought of how they are with a client.

    The same sent twice within a day is kept once.
    """
    Episode.objects.lock(episode)
    text = json.dumps(said)
    lately = timezone.now() - timedelta(days=1)
    for twin in Reflection.objects.filter(episode=episode, by=episode.therapist, at__gt=lately):
        if twin.text == text:
            return twin
    kept = Reflection(episode=episode, by=episode.therapist, text=text)
    kept.full_clean()
    kept.save()
    record("reflection.kept", kept, by=by)
    return kept


@transaction.atomic
def empty_reflection(*, reflection, by):
    """Let nothing be left of a reflection but that there was one."""
    kept = Reflection.objects.select_for_update(of=("self",)).get(pk=reflection.pk)
    kept.text = ""
    kept.save()
    record("reflection.emptied", kept, by=by)

"""Changes to who belongs where, and the one way in which the trail is written."""

from datetime import UTC, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_app.access.models import (
    AuditEvent,
    AuditSeal,
    Deputy,
    Membership,
    Practice,
    Supervision,
    User,
    today,
)
from sessions_app.access.seals import FIRST, events_of, last_complete_day, seal_of


def record(verb, target, *, by, fields=(), reason=""):
    """Write down that `by` (a user, or None for a client) did or read `target`.

    Called inside the transaction of the act. Names of fields, never contents.
    """
    practice_id, client_id = target.audit_scope()
    return AuditEvent.objects.create(
        actor=by if by and by.is_authenticated else None,
        practice_id=practice_id,
        verb=verb,
        target_model=target._meta.label,
        target_id=str(target.pk),
        client_id=client_id,
        fields=sorted(fields),
        reason=reason,
    )


@transaction.atomic
def seal_trail():
    """Seal each day of the trail that is complete and not sealed yet; return the new seals.

    Days without an event are sealed too, so that none can be taken out between
    two. No event tells of it: a seal is itself a line that stays.
    """
    newest = AuditSeal.objects.order_by("day").last()
    first = AuditEvent.objects.order_by("at").first()
    if newest:
        day = newest.day + timedelta(days=1)
    elif first:
        day = first.at.astimezone(UTC).date()
    else:
        return []
    previous = newest.digest if newest else FIRST
    made = []
    while day <= last_complete_day():
        count, digest = seal_of(day, events_of(day), previous=previous)
        made.append(
            AuditSeal.objects.create(day=day, events=count, previous=previous, digest=digest)
        )
        day, previous = day + timedelta(days=1), digest
    return made


@transaction.atomic
def found_practice(*, name, time_zone="UTC", language="en", crisis_note="", by=None):
    """Open a practice. Nobody belongs to it yet."""
    practice = Practice(name=name, time_zone=time_zone, language=language, crisis_note=crisis_note)
    practice.full_clean()
    practice.save()
    record("practice.founded", practice, by=by)
    return practice


@transaction.atomic
def join_practice(
    *,
    practice,
    email,
    name="",
    is_clinician=False,
    is_manager=False,
    is_reception=False,
    started_on=None,
    by=None,
):
    """Give the person with this e-mail a place in `practice`.

    Whoever is new gets an account without a password: nobody signs in to it
    until its owner has set one by a link.
    """
    typed = email.strip()
    user = User.objects.filter(email=typed.lower()).first()
    if user is None:
        user = User(email=typed.lower(), name=name or typed.split("@")[0])
        user.set_unusable_password()
        user.full_clean()
        user.save()
    membership = Membership(
        practice=practice,
        user=user,
        is_clinician=is_clinician,
        is_manager=is_manager,
        is_reception=is_reception,
        started_on=started_on or today(),
    )
    membership.full_clean()
    membership.save()
    record("membership.started", membership, by=by)
    return membership


@transaction.atomic
def start_supervision(*, supervisor, therapist, started_on=None, by=None):
    """Let `supervisor` read and discuss the work of `therapist` from a day on."""
    if supervisor.practice_id != therapist.practice_id:
        raise ValidationError(_("Supervisor and therapist must belong to the same practice."))
    if not (supervisor.is_clinician and therapist.is_clinician):
        raise ValidationError(_("Both must be clinicians."))
    started_on = started_on or today()
    if not all(member.holds_on(started_on) for member in (supervisor, therapist)):
        raise ValidationError({"started_on": _("On this day one of the two has no place here.")})
    supervision = Supervision(supervisor=supervisor, therapist=therapist, started_on=started_on)
    supervision.full_clean()
    supervision.save()
    record("supervision.started", supervision, by=by)
    return supervision


@transaction.atomic
def end_supervision(*, supervision, by, ended_on=None):
    """Let a supervision end on a day, which still counts."""
    if supervision.is_over:
        raise ValidationError({"ended_on": _("This has ended already.")})
    supervision.ended_on = ended_on or today()
    if supervision.ended_on < supervision.started_on:
        raise ValidationError({"ended_on": _("It had not begun by then.")})
    supervision.save(update_fields=["ended_on"])
    record("supervision.ended", supervision, by=by, fields=["ended_on"])
    return supervision


@transaction.atomic
def appoint_deputy(*, member, by):
    """Let `member`, a clinician, open clients' records in an emergency from today on."""
    if not (member.is_clinician and member.holds_on(today())):
        raise ValidationError({"member": _("Only a clinician of this practice can be appointed.")})
    deputy = Deputy(member=member)
    deputy.full_clean()
    deputy.save()
    record("deputy.appointed", deputy, by=by)
    return deputy


@transaction.atomic
def dismiss_deputy(*, deputy, by):
    """Let `deputy` open nothing any more, from this moment on."""
    if Deputy.objects.filter(pk=deputy.pk, dismissed_at=None).update(dismissed_at=timezone.now()):
        record("deputy.dismissed", deputy, by=by, fields=["dismissed_at"])

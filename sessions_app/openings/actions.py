"""Recording what a client agreed to; opening a record in an emergency, and ending that."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_app.access.actions import record
from sessions_app.access.models import Membership, Practice
from sessions_app.openings.models import OPEN_FOR, Consent, EmergencyAccess
from sessions_app.openings.wordings import wording_in_use
from sessions_app.people.letters import send_letter


@transaction.atomic
def give_consent(*, episode, recorded_by, by):
    """Keep that the client lets the therapist who follows read `episode`, in today's wording."""
    kind = Consent.Kind.EARLIER_THERAPY
    number, _text = wording_in_use(kind)
    consent = Consent(
        client=episode.client, episode=episode, kind=kind, wording=number, recorded_by=recorded_by
    )
    consent.full_clean()
    consent.save()
    record("consent.given", consent, by=by)
    return consent


@transaction.atomic
def withdraw_consent(*, episode, by):
    """Keep that the client no longer agrees; what was read stays on the record."""
    for consent in Consent.objects.standing().filter(
        episode=episode, kind=Consent.Kind.EARLIER_THERAPY
    ):
        Consent.objects.filter(pk=consent.pk).update(withdrawn_at=timezone.now())
        record("consent.withdrawn", consent, by=by, fields=["withdrawn_at"])


@transaction.atomic
def open_in_emergency(*, client, member, reason, by, absolute):
    """Open a client's record to a deputy for an hour, and tell therapist and managers at once.

    Twice while it is open is once. `absolute` turns a path into an address.
    """
    Practice.objects.select_for_update(no_key=True).get(pk=member.practice_id)
    if member.pk not in Membership.objects.deputies(by):
        raise ValidationError(_("Your practice has not appointed you for this."))
    if client.practice_id != member.practice_id:
        raise ValidationError(_("The client must belong to the same practice."))
    still = EmergencyAccess.objects.open().filter(client=client, member=member).first()
    if still:
        return still
    now = timezone.now()
    access = EmergencyAccess(
        client=client,
        member=member,
        reason=reason.strip(),
        opened_at=now,
        expires_at=now + OPEN_FOR,
    )
    access.full_clean()
    access.save()
    record("emergency.opened", access, by=by, reason=str(access))
    _tell(access, absolute)
    return access


def _tell(access, absolute):
    """Write to the client's therapists and to the managers, each with the page that is theirs."""
    places = (
        Membership.objects.today()
        .filter(practice=access.member.practice_id, user__is_active=True)
        .exclude(user=access.member.user_id)
    )
    therapists = places.filter(pk__in=access.client.episodes.values("therapist"))
    to_therapists = set(therapists.filter(is_clinician=True).values_list("user__email", flat=True))
    to_managers = set(places.filter(is_manager=True).values_list("user__email", flat=True))
    of_practice = reverse("practice-emergencies", args=[access.member.practice_id])
    for people, path in (
        (to_therapists, reverse("emergencies")),
        (to_managers - to_therapists, of_practice),
    ):
        send_letter("emergency", to=sorted(people), context={"link": absolute(path)})


@transaction.atomic
def close_emergency(*, access, by):
    """End an emergency before its hour is over: its reader, its therapist or a manager may."""
    if EmergencyAccess.objects.open().filter(pk=access.pk).update(closed_at=timezone.now()):
        record("emergency.ended", access, by=by, reason=str(access))

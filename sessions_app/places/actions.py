"""Joining a practice, what one does there, and leaving it."""

import secrets
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_app.access.actions import (
    dismiss_deputy,
    end_supervision,
    join_practice,
    record,
    start_supervision,
)
from sessions_app.access.models import Deputy, Membership, Practice, User, today
from sessions_app.people.letters import send_letter
from sessions_app.places.models import Invitation, digest

INVITATION_HOLDS = timedelta(days=7)


class InvitationEnded(Exception):
    """It was accepted or revoked a moment earlier, has expired, or is not for this person."""


# --- What a practice tells its clients ---------------------------------------------------


@transaction.atomic
def tell_where_to_turn(*, practice, notes, by):
    """Keep what clients are told for a crisis: `notes` by language; what is empty is not kept."""
    practice = Practice.objects.select_for_update(no_key=True).get(pk=practice.pk)
    written = {language: note for language, note in notes.items() if note}
    practice.crisis_note = written.pop(practice.language, "")
    practice.crisis_notes = written
    practice.full_clean()
    practice.save(update_fields=["crisis_note", "crisis_notes"])
    record("practice.told_where_to_turn", practice, by=by, fields=["crisis_note", "crisis_notes"])
    return practice


# --- Invitations --------------------------------------------------------------------------


@transaction.atomic
def invite(
    *,
    practice,
    email,
    by,
    is_clinician=False,
    is_manager=False,
    is_reception=False,
    supervisors=(),
    absolute=None,
):
    """Offer a place in `practice` to an e-mail address; return the invitation and its secret.

    The secret (256 bits) is known only to the caller: the row keeps a digest.
    One that waits for the same address is replaced. With `absolute`, which turns
    a path into an address, the link is sent by e-mail; else the caller hands it over.
    """
    _lock(practice)
    email = email.strip().lower()
    _refuse_second_place(practice, email)
    if supervisors and not is_clinician:
        raise ValidationError({"supervisors": _("Only who sees clients has a supervisor.")})
    for waiting in Invitation.objects.waiting().filter(practice=practice, email=email):
        revoke_invitation(invitation=waiting, by=by)
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    invitation = Invitation(
        practice=practice,
        email=email,
        is_clinician=is_clinician,
        is_manager=is_manager,
        is_reception=is_reception,
        token_digest=digest(secret),
        invited_at=now,
        invited_by=by,
        expires_at=now + INVITATION_HOLDS,
    )
    invitation.full_clean()
    invitation.save()
    invitation.supervisors.set(supervisors)
    record("invitation.made", invitation, by=by, fields=_names(invitation.flags))
    if absolute:
        link = absolute(reverse("join", args=[secret]))
        send_letter(
            "invitation",
            to=[email],
            context={"link": link, "expires_at": invitation.expires_at},
            then=lambda: note_mailed(invitation=invitation),
        )
    return invitation, secret


def note_mailed(*, invitation):
    """Keep that the mail server took the letter, so that the manager can see it."""
    Invitation.objects.filter(pk=invitation.pk).update(mailed_at=timezone.now())


@transaction.atomic
def revoke_invitation(*, invitation, by):
    """Let an invitation admit nobody any more."""
    if Invitation.objects.waiting().filter(pk=invitation.pk).update(revoked_at=timezone.now()):
        record("invitation.revoked", invitation, by=by)


@transaction.atomic
def accept_invitation(*, invitation, by=None, name="", password=None):
    """Give the invited person their place, once.

    `by` is who is signed in, and must be who was invited. Without it, the
    secret alone has been shown: then an account is made, or one that nobody can
    sign in to is opened again, with this name and password. An account that
    somebody uses is never changed by a link. Raises InvitationEnded where it
    does not hold, of two at once for the second.
    """
    practice = _lock(invitation.practice)
    invitation = Invitation.objects.lock(invitation)
    if invitation is None or (by or invitation).email != invitation.email:
        raise InvitationEnded
    if by is None:
        if invitation.account() is not None:
            raise InvitationEnded
        by = _open_account(email=invitation.email, name=name, password=password)
    _refuse_second_place(practice, invitation.email)
    member = join_practice(practice=practice, email=by.email, by=by, **invitation.flags)
    for supervisor in Membership.objects.today().filter(
        pk__in=invitation.supervisors.values("pk"), is_clinician=True
    ):
        start_supervision(supervisor=supervisor, therapist=member, by=by)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), by
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record("invitation.accepted", invitation, by=by)
    return member


def _open_account(*, email, name, password):
    user = User.objects.filter(email=email).first() or User(email=email)
    user.name, user.is_active = name, True
    user.set_password(password)
    user.full_clean()
    user.save()
    record("account.opened", user, by=user)
    return user


# --- What a member does -------------------------------------------------------------------


@transaction.atomic
def change_duties(*, membership, by, **flags):
    """Change what a member does here: sees clients or supervises, manages, works at reception."""
    membership = _lock_place(membership)
    changed = [name for name, value in flags.items() if getattr(membership, name) != value]
    for name in changed:
        setattr(membership, name, flags[name])
    if not changed:
        return membership
    if "is_clinician" in changed and not membership.is_clinician:
        _refuse_with_clients(membership, field="is_clinician")
        _end_clinical_relations(membership, by=by)
    if "is_manager" in changed and not membership.is_manager:
        _refuse_without_manager(membership, field="is_manager")
    membership.full_clean()
    membership.save(update_fields=changed)
    record("membership.changed", membership, by=by, fields=changed)
    return membership


# --- Leaving ------------------------------------------------------------------------------


@transaction.atomic
def end_membership(*, membership, ended_on, by, at_once=False):
    """Let a member's place end on a day, which still counts; `at_once` also locks it now.

    Refused while a client is still with them: their episodes are handed over first.
    """
    membership = _lock_place(membership)
    if membership.is_over:
        raise ValidationError({"ended_on": _("This person has left already.")})
    if ended_on < membership.started_on:
        raise ValidationError({"ended_on": _("They had not begun by then.")})
    _refuse_with_clients(membership, field="ended_on")
    last = membership.episodes.order_by("-ended_on").first()
    if last and last.ended_on > ended_on:
        raise ValidationError({"ended_on": _("A client was with this person after this day.")})
    if membership.is_manager:
        _refuse_without_manager(membership, field="ended_on")
    membership.ended_on = ended_on
    membership.full_clean()
    membership.save(update_fields=["ended_on"])
    _end_clinical_relations(membership, by=by, ended_on=ended_on)
    record("membership.ended", membership, by=by, fields=["ended_on"])
    if at_once:
        lock_membership(membership=membership, by=by)
    return membership


@transaction.atomic
def lock_membership(*, membership, by):
    """Keep a member out of this practice from their next request on, whatever the dates say.

    Their sessions end, their clients' links open nothing while it lasts, and no
    letter reaches them. Invitations that they sent admit nobody. Who has no
    other place can no longer sign in at all.
    """
    membership = _lock_place(membership)
    if membership.locked_at is not None:
        return membership
    if membership.user == by:
        raise ValidationError(_("You would lock yourself out. Ask another manager."))
    if membership.is_manager:
        _refuse_without_manager(membership, field=None)
    membership.locked_at = timezone.now()
    membership.save(update_fields=["locked_at"])
    user = membership.user
    if not user.memberships.not_over().filter(locked_at=None).exists():
        user.is_active = False
        user.save(update_fields=["is_active"])
    for session in UserSession.objects.filter(user=user):
        session.end()
    for invitation in membership.practice.invitations.waiting().filter(invited_by=user):
        revoke_invitation(invitation=invitation, by=by)
    record("membership.locked", membership, by=by, fields=["locked_at"])
    return membership


@transaction.atomic
def unlock_membership(*, membership, by):
    """Let a member in again. They sign in anew."""
    membership = _lock_place(membership)
    if membership.locked_at is None:
        return membership
    membership.locked_at = None
    membership.save(update_fields=["locked_at"])
    membership.user.is_active = True
    membership.user.save(update_fields=["is_active"])
    record("membership.unlocked", membership, by=by, fields=["locked_at"])
    return membership


def _end_clinical_relations(membership, *, by, ended_on=None):
    """End the supervisions that a member has part in, and their being a deputy."""
    for relation in (membership.supervises, membership.supervised):
        for supervision in relation.not_over():
            day = max(ended_on or today(), supervision.started_on)
            end_supervision(supervision=supervision, by=by, ended_on=day)
    for deputy in Deputy.objects.filter(member=membership, dismissed_at=None):
        dismiss_deputy(deputy=deputy, by=by)


def _refuse_second_place(practice, email):
    places = Membership.objects.not_over().filter(practice=practice, user__email=email)
    if places.exists():
        raise ValidationError({"email": _("This person already has a place in this practice.")})


def _refuse_with_clients(membership, *, field):
    """Refuse while a client is still with this member."""
    count = membership.episodes.filter(ended_on=None).count()
    if count:
        said = ngettext(
            "One client is still with this person. Hand the client over first.",
            "%(count)s clients are still with this person. Hand them over first.",
            count,
        )
        raise ValidationError({field: said % {"count": count}})


def _refuse_without_manager(membership, *, field):
    """Refuse where nobody but this member manages the practice."""
    others = Membership.objects.today().filter(
        practice=membership.practice_id, is_manager=True, ended_on=None, user__is_active=True
    )
    if not others.exclude(pk=membership.pk).exists():
        said = _("Nobody would manage this practice. Let somebody else manage it first.")
        raise ValidationError({field: said} if field else said)


def _lock(practice):
    """Let who else changes the people of `practice` wait for our commit."""
    return Practice.objects.select_for_update(no_key=True).get(pk=practice.pk)


def _lock_place(membership):
    """Return `membership` as it is now, with its practice locked before it."""
    _lock(membership.practice)
    places = Membership.objects.select_for_update(of=("self",), no_key=True)
    return places.select_related("practice", "user").get(pk=membership.pk)


def _names(flags):
    return [name for name, is_so in flags.items() if is_so]

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.access.actions import end_supervision, record, start_supervision
from sessions_app.access.doors import freshly_confirmed, managers_only, public, signed_in
from sessions_app.access.limits import limits_guesses
from sessions_app.access.models import Membership, Practice, Supervision
from sessions_app.places.actions import (
    InvitationEnded,
    accept_invitation,
    change_duties,
    end_membership,
    invite,
    lock_membership,
    revoke_invitation,
    tell_where_to_turn,
    unlock_membership,
)
from sessions_app.places.forms import (
    CrisisForm,
    DutiesForm,
    EndForm,
    InvitationForm,
    JoinForm,
    LeavingForm,
    SupervisionForm,
    explain,
)
from sessions_app.places.models import Invitation
from sessions_app.places.pages import does, present_member, present_people

# --- The people of a practice, for its managers -------------------------------------------


@managers_only
@require_safe
def people(request, practice_id):
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    return render(request, "places/people.html", {"page": present_people(practice)})


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def invitation_create(request, practice_id):
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    form = InvitationForm(_sent(request), practice=practice)
    if form.is_valid():
        told = {"by": request.user, "absolute": request.build_absolute_uri, **form.values()}
        if _done(form, invite, practice=practice, **told):
            messages.success(request, _("Invited. The link goes to this address by e-mail."))
            return redirect("people", practice.pk)
    return _form(request, form, _("Invite somebody"), practice=practice)


@managers_only
@require_POST
@freshly_confirmed
def invitation_revoke(request, invitation_id):
    invitations = Invitation.objects.managed_by(request.user).waiting()
    invitation = get_object_or_404(invitations, pk=invitation_id)
    revoke_invitation(invitation=invitation, by=request.user)
    messages.success(request, _("Revoked. The link admits nobody any more."))
    return redirect("people", invitation.practice_id)


@managers_only
@require_safe
def member(request, member_id):
    """Show one person, with the codes of their clients: so looking is written down."""
    member = _member(request, member_id)
    record("membership.read", member, by=request.user)
    return render(request, "places/member.html", {"page": present_member(member)})


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def member_duties(request, member_id):
    member = _member(request, member_id)
    form = DutiesForm(_sent(request), member=member)
    if form.is_valid() and _done(
        form, change_duties, membership=member, by=request.user, **form.values()
    ):
        messages.success(request, _("Stored. It holds from now on."))
        return _back_to(request, member)
    return _form(request, form, _("What this person does"), member=member)


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def member_leave(request, member_id):
    member = _member(request, member_id)
    form = LeavingForm(_sent(request))
    if form.is_valid() and _done(
        form, end_membership, membership=member, by=request.user, **form.cleaned_data
    ):
        messages.success(request, _("Stored. This place ends on the day that you chose."))
        return _back_to(request, member)
    record("membership.read", member, by=request.user)
    page = present_member(member)
    return _form(request, form, _("Leaving"), member=member, codes=page.codes)


@managers_only
@require_POST
@freshly_confirmed
def member_lock(request, member_id):
    return _switch(request, member_id, lock_membership, _("Signed out, and kept out from now on."))


@managers_only
@require_POST
@freshly_confirmed
def member_unlock(request, member_id):
    return _switch(request, member_id, unlock_membership, _("This person may sign in again."))


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def supervision_create(request, member_id):
    member = _member(request, member_id)
    form = SupervisionForm(_sent(request), member=member)
    if form.is_valid() and _done(
        form, start_supervision, therapist=member, by=request.user, **form.cleaned_data
    ):
        messages.success(request, _("Stored."))
        return redirect("member", member.pk)
    return _form(request, form, _("Begin a supervision"), member=member)


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def supervision_end(request, supervision_id):
    supervisions = Supervision.objects.managed_by(request.user).not_over()
    supervision = get_object_or_404(
        supervisions.select_related("supervisor__user", "therapist__user", "therapist__practice"),
        pk=supervision_id,
    )
    form = EndForm(_sent(request))
    if form.is_valid() and _done(
        form, end_supervision, supervision=supervision, by=request.user, **form.cleaned_data
    ):
        messages.success(request, _("Stored."))
        return redirect("member", supervision.therapist_id)
    title = _("End a supervision")
    return _form(request, form, title, member=supervision.therapist, supervision=supervision)


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def practice_crisis(request, practice_id):
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    form = CrisisForm(_sent(request), practice=practice)
    if form.is_valid() and _done(
        form, tell_where_to_turn, practice=practice, notes=form.cleaned_data, by=request.user
    ):
        messages.success(request, _("Stored. Clients see it from now on."))
        return redirect("practice-asking", practice.pk)
    context = {"form": form, "practice": practice}
    return render(request, "places/crisis.html", context)


# --- Joining ------------------------------------------------------------------------------


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limits_guesses("invitation")
def join(request, secret):
    """Show what is offered and take the answer. A GET changes nothing, however often it comes.

    Unknown, expired, revoked and used secrets look alike. Who has an account
    signs in first, and finds the invitation there.
    """
    invitation = Invitation.objects.with_secret(secret).select_related("practice").first()
    if invitation is None:
        raise Http404
    has_account = invitation.account() is not None
    form = None
    if not (request.user.is_authenticated or has_account):
        form = JoinForm(_sent(request), email=invitation.email)
        if form.is_valid():
            return _accept(request, invitation, form)
    context = {"invitation": invitation, "does": does(invitation), "form": form}
    return render(request, "places/join.html", {**context, "has_account": has_account})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def join_own(request):
    """Let whoever is signed in accept what was sent to their own address."""
    mine = Invitation.objects.addressed_to(request.user).select_related("practice")
    if request.method == "POST":
        try:
            invitation = get_object_or_404(mine, pk=request.POST.get("invitation"))
            member = accept_invitation(invitation=invitation, by=request.user)
        except (InvitationEnded, ValidationError):
            raise Http404 from None
        messages.success(request, _("Welcome to %(practice)s.") % {"practice": member.practice})
        return redirect("home")
    invitations = [(invitation, does(invitation)) for invitation in mine.order_by("invited_at")]
    return render(request, "places/join_own.html", {"invitations": invitations})


def _accept(request, invitation, form):
    try:
        accept_invitation(invitation=invitation, **form.values())
    except (InvitationEnded, ValidationError, IntegrityError):
        # Somebody was a moment faster: the page says how it stands now.
        return redirect(request.path)
    messages.success(request, _("Your account is set up. Sign in to begin."))
    return redirect("account_login")


# --- What these views share ---------------------------------------------------------------


def _member(request, member_id):
    members = Membership.objects.managed_by(request.user).select_related("user", "practice")
    return get_object_or_404(members, pk=member_id)


def _sent(request):
    return request.POST if request.method == "POST" else None


def _done(form, action, **values):
    """Do it; where it is refused, say why beside the field, and return False."""
    try:
        action(**values)
    except ValidationError as refusal:
        explain(refusal, form)
        return False
    return True


def _switch(request, member_id, action, said):
    member = _member(request, member_id)
    try:
        action(membership=member, by=request.user)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, said)
    return redirect("member", member.pk)


def _back_to(request, member):
    """Go back to a member's page, or to where this manager belongs after giving that up."""
    if Membership.objects.managed_by(request.user).filter(pk=member.pk).exists():
        return redirect("member", member.pk)
    return redirect("home")


def _form(request, form, title, **context):
    return render(request, "places/form.html", {"form": form, "title": title, **context})

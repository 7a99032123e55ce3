from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST, require_safe

from sessions_app.access.doors import freshly_confirmed, public, signed_in
from sessions_app.access.factors import factors_of, needs_second_factor
from sessions_app.access.models import Membership
from sessions_app.people.signing_in import present_signing_in

# django-allauth's own views, which come back to our page.
remove_webauthn = RemoveWebAuthnView.as_view(success_url=reverse_lazy("mfa_index"))
end_other_sessions = ListUserSessionsView.as_view(success_url=reverse_lazy("mfa_index"))


@signed_in
@require_safe
def home(request):
    """Go where this person's work is; who has none yet is told so in plain words."""
    if request.is_clinician:
        return redirect("caseload-supervised" if _only_supervises(request.user) else "caseload")
    return render(request, "people/home.html", {"memberships": request.memberships})


@signed_in
@require_safe
def signing_in(request):
    """Show how this person signs in, and where; whoever needs a second factor begins here."""
    must_have_one = needs_second_factor(request)
    page = present_signing_in(request.user, must_have_one=must_have_one)
    return render(request, "people/signing_in.html", {"page": page})


@signed_in
def passkey_remove(request, pk):
    """Remove a passkey; the last factor of whoever needs one stays."""
    passkey = get_object_or_404(factors_of(request.user).filter(type="webauthn"), pk=pk)
    if not get_adapter().can_delete_authenticator(passkey):
        messages.error(request, get_adapter().error_messages["cannot_delete_authenticator"])
        return redirect("mfa_index")
    return remove_webauthn(request, pk=pk)


@signed_in
@require_POST
@freshly_confirmed
def sign_out_elsewhere(request):
    """Sign this person out everywhere but here."""
    return end_other_sessions(request)


@signed_in
@require_safe
def still_here(request):
    """Take note that somebody is at the device, though they ask for no page."""
    return HttpResponse(status=204)


@public
@require_safe
def health(request):
    """Say that the server answers; it reads nothing."""
    return render(request, "people/health.txt", content_type="text/plain; charset=utf-8")


def _only_supervises(user):
    own = Membership.objects.own(user)
    return not Membership.objects.filter(pk__in=own, episodes__isnull=False).exists() and bool(
        Membership.objects.supervised_by(user)
    )

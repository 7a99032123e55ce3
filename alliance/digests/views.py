from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from alliance.digests.actions import choose_digest
from alliance.digests.forms import DigestForm
from sessions_app.access.doors import clinicians_only


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def digest(request):
    """Choose how often one wants to hear by e-mail that answers came."""
    members = [member for member in request.memberships if member.is_clinician]
    form = DigestForm(request.POST if request.method == "POST" else None, members=members)
    if form.is_valid():
        for member in members:
            choose_digest(member=member, every=form.cleaned_data[str(member.pk)], by=request.user)
        messages.success(request, _("Stored. It holds from now on."))
        return redirect("digest")
    return render(request, "digests/choice.html", {"form": form})

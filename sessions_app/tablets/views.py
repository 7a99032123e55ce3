from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.access.doors import freshly_confirmed, managers_only, public
from sessions_app.access.limits import limits_guesses
from sessions_app.access.models import Practice
from sessions_app.access.qr_codes import qr_code
from sessions_app.places.forms import explain
from sessions_app.tablets.actions import (
    NotToBePaired,
    invite_tablet,
    pair_tablet,
    revoke_tablet,
)
from sessions_app.tablets.forms import TabletForm
from sessions_app.tablets.models import Tablet
from sessions_app.tablets.pages import present_tablets
from sessions_app.tablets.seal import pair


@managers_only
@require_safe
def tablets(request, practice_id):
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    with practice.clock():
        return render(request, "tablets/list.html", {"page": present_tablets(practice)})


@managers_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def tablet_invite(request, practice_id):
    """Name a tablet; the secret that pairs it is shown in the answer, and never again."""
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    form = TabletForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "practice": practice}
    if form.is_valid():
        try:
            tablet, secret = invite_tablet(practice=practice, by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            address = request.build_absolute_uri(reverse("tablet-pair", args=[secret]))
            context |= {"tablet": tablet, "address": address, "qr": qr_code(address)}
            with practice.clock():
                return render(request, "tablets/code.html", context)
    return render(request, "tablets/add.html", context)


@managers_only
@require_POST
@freshly_confirmed
def tablet_revoke(request, tablet_id):
    tablets = Tablet.objects.managed_by(request.user).filter(revoked_at=None)
    tablet = get_object_or_404(tablets, pk=tablet_id)
    revoke_tablet(tablet=tablet, by=request.user)
    messages.success(request, _("Revoked. This tablet shows nothing of ours any more."))
    return redirect("tablets", tablet.practice_id)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limits_guesses("pairing")
def tablet_pair(request, secret):
    """Show on a device what pairing makes of it, and do it. A GET changes nothing.

    Whoever is signed in on it is signed out: beside the key there are no
    addresses of staff. Unknown, late, revoked and used secrets look alike.
    """
    waiting = Tablet.objects.with_secret(secret).select_related("practice")
    tablet = get_object_or_404(waiting)
    if request.method == "POST":
        try:
            _tablet, key = pair_tablet(secret=secret)
        except NotToBePaired:
            raise Http404 from None
        logout(request)
        return pair(redirect(reverse("tablet", urlconf=settings.TABLET_ADDRESSES)), key)
    language = tablet.practice.language
    with translation.override(language):
        context = {"tablet": tablet, "language": language}
        return render(request, "tablets/pair.html", context)

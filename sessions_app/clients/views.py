from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, freshly_confirmed, managers_only
from sessions_app.access.models import Membership
from sessions_app.access.rows import rows_of_episode
from sessions_app.clients.actions import add_client, hand_over_caseload
from sessions_app.clients.forms import ClientForm, HandOverForm
from sessions_app.clients.models import Episode
from sessions_app.clients.pages import present_consent
from sessions_app.openings.actions import give_consent, withdraw_consent
from sessions_app.places.forms import explain


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def client_create(request):
    places = [member for member in request.memberships if member.is_clinician]
    form = ClientForm(request.POST if request.method == "POST" else None, memberships=places)
    if form.is_valid():
        try:
            episode = add_client(by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return redirect("episode", episode.pk)
    return render(request, "clients/create.html", {"form": form})


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_confirmed
def hand_over(request, member_id):
    """Hand over clients of one member to another: one of them, or the whole caseload."""
    members = Membership.objects.managed_by(request.user).select_related("user", "practice")
    member = get_object_or_404(members, pk=member_id)
    episodes = Episode.objects.managed_by(request.user).filter(therapist=member).open()
    form = HandOverForm(
        request.POST if request.method == "POST" else None,
        member=member,
        episodes=episodes.select_related("client", "therapist__practice").order_by("client__code"),
    )
    if form.is_valid():
        try:
            followers = hand_over_caseload(by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            said = ngettext(
                "%(n)s client was handed over.", "%(n)s clients were handed over.", len(followers)
            )
            messages.success(request, said % {"n": len(followers)})
            return redirect("member", member.pk)
    record("membership.read", member, by=request.user)
    return render(request, "clients/hand_over.html", {"form": form, "member": member})


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request, episode_id):
    """Record that the client lets their present therapist read what was said before, or not."""
    episodes = Episode.objects.held_by(request.user).open().exclude(follows=None)
    episode = get_object_or_404(episodes.select_related("client", "therapist"), pk=episode_id)
    # It is about the episode before, which may not be open to this reader yet.
    with rows_of_episode(episode.follows_id):
        if request.method == "POST":
            if request.POST.get("answer") == "agrees":
                _agree(request, episode)
            else:
                withdraw_consent(episode=episode.follows, by=request.user)
                messages.success(request, _("Withdrawn. What was said before is closed again."))
            return redirect("consent", episode.pk)
        record("consent.read", episode, by=request.user)
        return render(request, "clients/consent.html", {"page": present_consent(episode)})


def _agree(request, episode):
    try:
        give_consent(episode=episode.follows, recorded_by=episode.therapist, by=request.user)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Recorded. You can read what was said before."))

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from alliance.trends.own_first import choose_own_first, of_member, of_practice, show_unrated
from alliance.trends.own_first_forms import OwnChoiceForm, PracticeChoiceForm
from sessions_app.access.doors import clinicians_only, managers_only
from sessions_app.access.models import Membership, Practice
from sessions_app.sessions.models import Session


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def own_first(request):
    """Let a therapist choose, for each practice in which they see clients."""
    members = Membership.objects.own(request.user)
    forms = []
    for member in Membership.objects.filter(pk__in=members).select_related("practice"):
        is_sent = request.POST.get("member") == str(member.pk)
        form = OwnChoiceForm(
            request.POST if is_sent else None,
            member=member,
            chosen=of_member(member),
            usual=of_practice(member.practice),
        )
        if form.is_valid():
            choose_own_first(
                practice=member.practice,
                member=member,
                is_on=form.cleaned_data["is_on"],
                by=request.user,
            )
            messages.success(request, _("Stored. It holds for ratings that you have not seen."))
            return redirect("own-first")
        forms.append(form)
    return render(request, "trends/own_first.html", {"forms": forms})


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
def practice_own_first(request, practice_id):
    """Let a manager choose for all therapists who have not chosen themselves."""
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    form = PracticeChoiceForm(
        request.POST if request.method == "POST" else None, is_on=of_practice(practice)
    )
    if form.is_valid():
        choose_own_first(practice=practice, by=request.user, **form.cleaned_data)
        messages.success(request, _("Stored. It holds for ratings that were not seen yet."))
        return redirect("practice-own-first", practice.pk)
    context = {"practice": practice, "form": form}
    return render(request, "trends/practice_own_first.html", context)


@clinicians_only
@require_POST
def rating_show(request, session_id):
    """Show what the client said of a session before its therapist has rated it."""
    sessions = Session.objects.held_by(request.user).held().select_related("episode")
    session = get_object_or_404(sessions, pk=session_id)
    show_unrated(session=session, by=request.user)
    return redirect("episode", session.episode_id)

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.asking.actions import AlreadyAsked, NothingToRate
from alliance.asking.arranging import (
    arrange,
    choose_rules,
    plan_of,
    resume_messages,
    stop_messages,
)
from alliance.asking.models import Arrangement, AskingRules, Way
from alliance.ratings.models import RatingRequest
from alliance.sending.actions import Unreachable, ask_as_agreed, ask_by_message, note_bounce
from alliance.sending.forms import ArrangementForm, RulesForm
from alliance.sending.pages import (
    lacks_address,
    lacks_bookmark,
    present_funnel,
    present_mail,
    present_today,
)
from alliance.sending.rates import present_rates
from alliance.sending.tasks import send_sample
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, freshly_confirmed, managers_only
from sessions_app.access.models import Practice
from sessions_app.clients.models import ClientIdentity, Episode
from sessions_app.sessions.models import Session


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def episode_asking(request, episode_id):
    """Show and change how one client is asked; for the therapist who holds the episode."""
    episode = _held_episode(request, episode_id)
    with episode.therapist.practice.clock():
        return _episode_asking(request, episode)


def _episode_asking(request, episode):
    practice = episode.therapist.practice
    arranged = Arrangement.objects.filter(episode=episode).first() or Arrangement(episode=episode)
    rules = AskingRules.objects.filter(practice=practice).first() or AskingRules(practice=practice)
    form = ArrangementForm(
        request.POST or None,
        # A copy: what the form writes into it must not hide from the action what has changed.
        instance=Arrangement.objects.filter(episode=episode).first(),
        identity=ClientIdentity.objects.filter(client=episode.client_id).first(),
        rules=rules,
    )
    if request.method == "POST" and form.is_valid():
        arrange(episode=episode, by=request.user, **form.cleaned_data)
        messages.success(request, _("Stored. It holds from the next session on."))
        return redirect("episode-asking", episode.pk)
    record("asking.read", episode, by=request.user)
    plan = plan_of(episode)
    context = {
        "episode": episode,
        "form": form,
        "arranged": arranged,
        "funnel": present_funnel(episode),
        "lacks_address": lacks_address(episode, plan),
        "lacks_bookmark": lacks_bookmark(episode, plan),
    }
    return render(request, "sending/episode.html", context)


@clinicians_only
@require_POST
def asking_stop(request, episode_id):
    stop_messages(episode=_held_episode(request, episode_id), by=request.user)
    return redirect("episode-asking", episode_id)


@clinicians_only
@require_POST
def asking_resume(request, episode_id):
    resume_messages(episode=_held_episode(request, episode_id), by=request.user)
    return redirect("episode-asking", episode_id)


@clinicians_only
@require_POST
def asked_bounced(request, request_id):
    """Note by hand that a message came back."""
    held = Episode.objects.held_by(request.user)
    requests = RatingRequest.objects.filter(session__episode__in=held)
    asked = get_object_or_404(requests, pk=request_id)
    note_bounce(request=asked, by=request.user)
    return redirect("episode-asking", asked.session.episode_id)


@clinicians_only
@require_POST
def rating_send(request, session_id):
    """Ask by e-mail or text message, at the press of a button."""
    session = get_object_or_404(_held_sessions(request.user), pk=session_id)
    way = request.POST.get("way")
    if way not in {Way.EMAIL, Way.SMS}:
        raise Http404
    try:
        ask_by_message(
            session=session, way=way, by=request.user, replaces=request.POST.get("replaces", "")
        )
    except Unreachable:
        said = _("Not sent: there is no address for it, or the client wants no messages.")
        messages.warning(request, said)
    except (AlreadyAsked, NothingToRate):
        pass
    else:
        messages.success(request, _("The link will be sent in a moment."))
    return redirect("rating-ask", session.pk)


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def ask_today(request):
    """Ask about all of one's own sessions of today that were not asked about, as agreed."""
    sessions = _held_sessions(request.user)
    rows = present_today(sessions, knows_addresses=True)
    if request.method == "POST":
        say_how_many(request, ask_all(rows, by=request.user))
        return redirect("ask-today")
    for member in request.memberships:
        if member.is_clinician:
            record("asking.read", member, by=request.user)
    return render(request, "sending/today.html", {"rows": rows, "is_own": True})


def ask_all(rows, *, by):
    """Ask about each of these sessions that needs nobody's hand; return how many were asked."""
    asked = 0
    for row in rows:
        if row.is_asked_by_itself:
            try:
                ask_as_agreed(session=row.session, by=by)
            except (AlreadyAsked, NothingToRate, Unreachable):
                continue
            asked += 1
    return asked


def say_how_many(request, asked):
    """Tell whoever pressed the button how many were asked."""
    said = ngettext("Asked %(n)d client.", "Asked %(n)d clients.", asked) % {"n": asked}
    messages.info(request, said if asked else _("Nobody could be asked."))


@managers_only
@require_safe
def practice_asking(request, practice_id):
    """Show how clients of a practice are asked, whether messages go out, and how many answer."""
    practice = _managed(request, practice_id)
    record("asking_rules.read", practice, by=request.user)
    with practice.clock():
        rules = AskingRules.objects.filter(practice=practice).select_related("measure").first()
        context = {
            "practice": practice,
            "rules": rules or AskingRules(practice=practice),
            "mail": present_mail(practice),
            "rates": present_rates(practice),
        }
        return render(request, "sending/practice.html", context)


@managers_only
@freshly_confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def practice_asking_rules(request, practice_id):
    """Choose how a practice asks its clients."""
    practice = _managed(request, practice_id)
    rules = AskingRules.objects.filter(practice=practice).first() or AskingRules(practice=practice)
    form = RulesForm(request.POST or None, instance=rules)
    if request.method == "POST" and form.is_valid():
        choose_rules(practice=practice, by=request.user, **form.cleaned_data)
        messages.success(request, _("Stored. It holds from now on."))
        return redirect("practice-asking", practice.pk)
    return render(request, "sending/rules.html", {"practice": practice, "form": form})


@managers_only
@require_POST
def practice_asking_sample(request, practice_id):
    """Send a manager an e-mail as clients get it, by the same way through the queue."""
    practice = _managed(request, practice_id)
    send_sample.enqueue(practice.pk, request.user.pk)
    messages.info(request, _("A sample is on its way to your own address."))
    return redirect("practice-asking", practice.pk)


def _managed(request, practice_id):
    return get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)


def _held_episode(request, episode_id):
    """Return an episode that is the reader's; not one that they have handed over."""
    episodes = (
        Episode.objects.held_by(request.user)
        .exclude(ending=Episode.Ending.TRANSFERRED)
        .select_related("client__practice", "therapist__practice", "therapist__user")
    )
    return get_object_or_404(episodes, pk=episode_id)


def _held_sessions(user):
    return (
        Session.objects.held_by(user)
        .held()
        .exclude(episode__ending=Episode.Ending.TRANSFERRED)
        .select_related("episode__client__practice", "episode__therapist__practice")
    )

"""The form that a secret admits to, wherever the secret is: in an address or in a cookie."""

import uuid
from contextlib import suppress

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation

from alliance.asking.actions import AlreadyClosed, NothingToRate, submit_rating
from alliance.asking.forms import RatingForm
from alliance.asking.models import Arrangement, AskingRules
from alliance.asking.pages import is_supervised, who_reads
from alliance.asking.second_thoughts import (
    TooLate,
    can_take_back,
    decline,
    note_opened,
    open_again,
    stop_asking,
    take_back,
)
from alliance.follow_up.pages import told_to_client
from alliance.measures.models import Perspective
from sessions_app.access.errors import not_found

# Sent beside the answers: Django's own, and which form it was. The form asks for neither.
NOT_ANSWERS = ("csrfmiddlewaretoken", "which")
DEEDS = {"skip": decline, "take-back": take_back, "again": open_again, "stop": stop_asking}
# What a mail program sends for its reader, by RFC 8058.
ONE_CLICK = "List-Unsubscribe"


def asked_with(requests, token_digest):
    """Return the one of these requests whose secret has this digest.

    All that clients' pages read of clinical tables begins here.
    """
    return (
        requests.filter(token_digest=token_digest)
        .select_related(
            "session__episode__client__practice",
            "session__episode__therapist__practice",
            "measure_version__measure",
            "extra_version__measure",
        )
        .first()
    )


def answer_form(request, asked, *, thanks_at, **context):
    """Show the form for what was asked, take the answer, or do what else its client wants."""
    with translation.override(asked.measure_version.language):
        practice = asked.session.episode.therapist.practice
        context |= {
            "asked": asked,
            "practice": practice,
            "rules": AskingRules.objects.of(practice),
            "version": asked.measure_version,
            "language": asked.measure_version.language,
            "is_rtl": translation.get_language_bidi(),
        }
        deed = request.POST.get("deed", "")
        if deed == "opened":
            note_opened(request=asked)
            return HttpResponse(status=204)
        if deed in DEEDS and asked.respondent == Perspective.CLIENT:
            return _carry_out(request, deed, asked, thanks_at)
        if asked.is_settled:
            return _thank(request, asked, context)
        return _ask(request, asked, thanks_at, context)


def wants_to_stop(request, asked, *, is_over):
    """Whether a message's own way to stop was used, or the link of one whose form is over."""
    if asked.respondent != Perspective.CLIENT:
        return False
    return ONE_CLICK in request.POST or (is_over and request.POST.get("deed") == "stop")


def stop_by_message(request, asked):
    """Stop messages for whoever has a link, and say so on a page of its own: no redirect."""
    stop_asking(request=asked)
    with translation.override(asked.measure_version.language):
        context = {"language": asked.measure_version.language}
        context["is_rtl"] = translation.get_language_bidi()
        return render(request, "asking/stopped.html", context)


def _carry_out(request, deed, asked, thanks_at):
    with suppress(AlreadyClosed, TooLate):  # The page that follows says how things are.
        DEEDS[deed](request=asked)
    return redirect(thanks_at)


def _thank(request, asked, context):
    arranged = Arrangement.objects.filter(episode=asked.session.episode_id).first()
    context |= {
        "is_stopped": bool(arranged and arranged.stopped_at),
        "can_take_back": can_take_back(asked),
    }
    return render(request, "asking/thanks.html", context)


def _ask(request, asked, thanks_at, context):
    rules = context["rules"]
    is_client = asked.respondent == Perspective.CLIENT
    form = RatingForm(
        *_sent(request),
        version=asked.measure_version,
        besides=asked.extra_version,
        asks_about_tension=is_client and rules.asks_about_tension,
        may_open_to_supervisor=is_client and is_supervised(asked),
    )
    if form.is_valid():
        try:
            submit_rating(request=asked, **form.sheet())
        except AlreadyClosed:
            # Somebody sent the same form a moment earlier: that one is kept.
            asked.refresh_from_db(fields=["closing"])
            if not asked.is_settled:
                raise Http404 from None
        except NothingToRate:
            raise Http404 from None
        return redirect(thanks_at)
    context |= {
        "form": form,
        "is_client": is_client,
        "told": told_to_client(asked.session) if is_client else None,
        "who_reads": who_reads(asked),
        "notice": asked.measure_version.notice(),
        "submission": form.data.get("submission") or uuid.uuid4(),
    }
    return render(request, "asking/rate.html", context, status=422 if form.is_bound else 200)


def nothing_here(request):
    """Return the page that any address has behind which nothing is."""
    return not_found(request, Http404())


def _sent(request):
    """Return what the form was sent with: nothing, unless it was sent."""
    if request.method != "POST":
        return ()
    answers = request.POST.copy()
    for name in NOT_ANSWERS:
        answers.pop(name, None)
    return answers, request.FILES

"""The form that a secret admits to, wherever the secret is: in an address or in a cookie."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.defaults import page_not_found

from alliance.asking.actions import AlreadyClosed, NothingToRate, submit_rating
from alliance.asking.forms import RatingForm
from alliance.asking.pages import who_reads

# Sent beside the answers: Django's own, and which form it was. The form asks for neither.
NOT_ANSWERS = ("csrfmiddlewaretoken", "which")


def asked_with(requests, token_digest):
    """Return the one of these requests whose secret has this digest.

    All that clients' pages read of clinical tables begins here.
    """
    return (
        requests.filter(token_digest=token_digest)
        .select_related(
            "session__episode__client",
            "session__episode__therapist__practice",
            "measure_version__measure",
        )
        .first()
    )


def answer_form(request, asked, *, thanks_at, **context):
    """Show the form for what was asked, or take the answer and go to the thanks."""
    with translation.override(asked.measure_version.language):
        context |= {
            "asked": asked,
            "practice": asked.session.episode.therapist.practice,
            "version": asked.measure_version,
            "language": asked.measure_version.language,
            "is_rtl": translation.get_language_bidi(),
        }
        if asked.was_answered:
            return render(request, "asking/thanks.html", context)
        form = RatingForm(*_sent(request), version=asked.measure_version)
        if form.is_valid():
            try:
                submit_rating(
                    request=asked,
                    answers=form.answers(),
                    comment=form.cleaned_data.get("comment", ""),
                )
            except AlreadyClosed:
                # Somebody sent the same form a moment earlier: that one is kept.
                asked.refresh_from_db(fields=["closing"])
                if not asked.was_answered:
                    raise Http404 from None
            except NothingToRate:
                raise Http404 from None
            return redirect(thanks_at)
        context |= {"form": form, "who_reads": who_reads(asked)}
        status = 422 if form.is_bound else 200
        return render(request, "asking/rate.html", context, status=status)


def nothing_here(request):
    """Return the page that any address has behind which nothing is."""
    return page_not_found(request, Http404())


def _sent(request):
    """Return what the form was sent with: nothing, unless it was sent."""
    if request.method != "POST":
        return ()
    answers = request.POST.copy()
    for name in NOT_ANSWERS:
        answers.pop(name, None)
    return answers, request.FILES

"""Printing a sheet, typing it in, and reading aloud, for the therapist of the session."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from alliance.asking.actions import (
    AlreadyAsked,
    AlreadyClosed,
    BeforeTheClient,
    NothingToRate,
    digest,
)
from alliance.asking.entering_actions import (
    begin_reading,
    decline_reading,
    enter_sheet,
    enter_spoken,
    open_now,
    request_sheet,
)
from alliance.asking.entering_forms import SheetForm, SpokenForm
from alliance.asking.entering_pages import (
    present_sheet,
    sessions_to_ask,
    version_on_paper,
    with_code,
)
from alliance.asking.sheet_pdf import as_pdf, maker
from alliance.measures.models import Perspective
from alliance.ratings.models import RatingRequest
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only


@clinicians_only
@never_cache
@require_POST
def sheet(request, session_id):
    """Make a sheet to print, shown in the answer only; with its secret, the same as a PDF."""
    session = get_object_or_404(sessions_to_ask(request.user), pk=session_id)
    with session.episode.therapist.practice.clock():
        return give_sheet(request, session, back=reverse("rating-ask", args=[session.pk]))


def give_sheet(request, session, *, back):
    """Answer with a sheet; go `back` where there is nothing to ask, or not just now."""
    if "secret" in request.POST:
        return _same_sheet(request, session, back=back)
    try:
        asked, secret = request_sheet(
            session=session, replaces=request.POST.get("replaces", ""), by=request.user
        )
    except BeforeTheClient:
        messages.warning(request, _("Not printed: the client has the form open just now."))
        return redirect(back)
    except (AlreadyAsked, NothingToRate):
        return redirect(back)
    return HttpResponse(_as_page(request, asked, secret, back=back))


def _same_sheet(request, session, *, back):
    """Answer with the PDF of a sheet that was just shown: who has its secret had it before them."""
    secret = request.POST["secret"]
    asked = get_object_or_404(
        RatingRequest.objects.open().select_related(
            "session__episode__therapist__practice", "measure_version"
        ),
        session=session,
        channel=RatingRequest.Channel.PAPER,
        token_digest=digest(secret),
    )
    if maker() is None:
        raise Http404
    pdf = as_pdf(_as_page(request, asked, secret, back=back, is_pdf=True))
    headers = {"Content-Disposition": 'inline; filename="sheet.pdf"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


def _as_page(request, asked, secret, *, back, is_pdf=False):
    address = f"{settings.FORMS_AT}{reverse('rate', args=[secret])}"
    page = present_sheet(asked, request.build_absolute_uri(address))
    context = {
        "page": page,
        "asked": asked,
        "secret": secret,
        "back": back,
        "is_pdf": is_pdf,
        "can_make_pdf": maker() is not None,
        "staff_language": translation.get_language(),
    }
    with translation.override(page.language):
        return render_to_string("asking/sheet.html", context, request)


@clinicians_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sheet_enter(request, session_id):
    """Type in what a client marked on a sheet."""
    session = get_object_or_404(sessions_to_ask(request.user), pk=session_id)
    with session.episode.therapist.practice.clock():
        return take_sheet(
            request,
            session,
            back=reverse("rating-ask", args=[session.pk]),
            done=reverse("episode", args=[session.episode_id]),
        )


def take_sheet(request, session, *, back, done):
    """Show the form for a sheet, or store what was typed: then go to `done`."""
    version = version_on_paper(session, request.user)
    is_sent = request.method == "POST"
    if is_sent and request.POST.get("version", str(version.pk)) != str(version.pk):
        messages.warning(request, _("Not stored: a sheet in other words was printed meanwhile."))
        return redirect(request.path)
    form = SheetForm(request.POST if is_sent else None, version=version, session=session)
    replaces = request.POST.get("replaces", "") if is_sent else open_now(session)
    if form.is_valid():
        told = form.said() | {"version": version, "replaces": replaces}
        try:
            enter_sheet(session=session, by=request.user, **told)
        except (AlreadyAsked, BeforeTheClient):
            messages.warning(request, _("Not stored: the client has the form open just now."))
            return redirect(back)
        except (NothingToRate, AlreadyClosed):
            messages.warning(request, _("Not stored: there is a rating of this session already."))
            return redirect(back)
        told = _("Stored, marked as typed in from paper by you. Statements with a mark: %(count)s.")
        messages.success(request, told % {"count": form.count()})
        return redirect(done)
    if not is_sent:
        record("session.read", session, by=request.user)
    context = {"form": form, "session": session, "version": version, "back": back}
    context["replaces"] = replaces
    context["runs_rtl"] = translation.get_language_info(version.language)["bidi"]
    return render(request, "asking/sheet_enter.html", context)


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def sheets(request):
    """Find the session of a sheet by the code on it, among one's own clients."""
    return find_sheet(
        request, sessions_to_ask(request.user), "sheet-enter", back=reverse("caseload")
    )


def find_sheet(request, sessions, enter, *, back):
    """Ask for the code of a sheet, and go to where it is typed in."""
    context = {"back": back}
    if request.method == "POST":
        typed = request.POST.get("code", "")[:40]
        requests = RatingRequest.objects.filter(session__in=sessions.values("pk"))
        found = with_code(requests, typed).select_related("session").first()
        if found:
            record("sheet.looked_up", found, by=request.user)
            return redirect(enter, found.session_id)
        context |= {"typed": typed, "is_unknown": True}
    return render(request, "asking/sheets.html", context)


@clinicians_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def aloud(request, session_id):
    """Read the statements to a client, and choose for them what they say."""
    session = get_object_or_404(sessions_to_ask(request.user), pk=session_id)
    with session.episode.therapist.practice.clock():
        return _aloud(request, session)


def _aloud(request, session):
    back = redirect("rating-ask", session.pk)
    deed = request.POST.get("deed", "")
    if deed == "begin":
        try:
            begin_reading(session=session, by=request.user)
        except NothingToRate:
            return back
        return redirect(request.path)
    is_sent = request.method == "POST"
    readings = RatingRequest.objects.open(grace=is_sent).filter(
        session=session, respondent=Perspective.CLIENT, channel=RatingRequest.Channel.ALOUD
    )
    asked = readings.select_related("session__episode", "measure_version__measure").first()
    if not is_sent:
        record("session.read", session, by=request.user)
    if asked is None:
        return back
    form = SpokenForm(request.POST if is_sent else None, version=asked.measure_version)
    if deed == "decline":
        decline_reading(request=asked, by=request.user)
        messages.success(request, _("Stored: your client would rather not answer today."))
        return redirect("episode", session.episode_id)
    if form.is_valid():
        try:
            enter_spoken(request=asked, by=request.user, **form.said())
        except (AlreadyClosed, NothingToRate):
            return back
        messages.success(request, _("Stored, marked as read aloud by you."))
        return redirect("episode", session.episode_id)
    version = asked.measure_version
    context = {"form": form, "session": session, "version": version}
    context["runs_rtl"] = translation.get_language_info(version.language)["bidi"]
    return render(request, "asking/aloud.html", context)

import json

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.measures.actions import (
    activate,
    add_measure,
    attest_licence,
    change_draft,
    export_measure,
    stop,
)
from alliance.measures.forms import CountForm, LicenceForm, UploadForm, noted
from alliance.measures.models import MeasureVersion
from alliance.measures.pages import (
    begin_with,
    go_on_with,
    next_number,
    present_measures,
    present_version,
)
from alliance.measures.scaffolding import scaffolds
from alliance.measures.wording_form import WordingForm
from sessions_app.access.doors import freshly_confirmed, managers_only
from sessions_app.access.models import Practice
from sessions_app.places.forms import explain

READ_AND_SENT = require_http_methods(["GET", "HEAD", "POST"])


@managers_only
@require_safe
def measures(request, practice_id):
    practice = _practice(request, practice_id)
    return render(request, "measures/list.html", {"page": present_measures(practice)})


@managers_only
@READ_AND_SENT
def measure_upload(request, practice_id):
    """Add a questionnaire from a file, or from the text of one, as a draft."""
    practice = _practice(request, practice_id)
    form = UploadForm(*_sent(request), request.FILES or None)
    if form.is_valid():
        added = _add(request, practice, form)
        if added:
            return added
    return render(request, "measures/upload.html", {"form": form, "practice": practice})


@managers_only
@READ_AND_SENT
def measure_write(request, practice_id):
    """Choose what to begin with; then type in the words, statement by statement."""
    practice = _practice(request, practice_id)
    asked = request.POST if request.method == "POST" else request.GET
    scaffold = scaffolds().get(asked.get("scaffold", ""))
    count = CountForm(asked if "items" in asked else None)
    context = {"practice": practice, "scaffold": scaffold}
    if not scaffold and not count.is_valid():
        context |= {"count": count, "scaffolds": scaffolds().values()}
        return render(request, "measures/begin.html", context)
    how_many = len(scaffold.components) if scaffold else count.cleaned_data["items"]
    begun = begin_with(scaffold) if scaffold else {"minimum": 0, "maximum": 10, "step": 1}
    form = WordingForm(
        *_sent(request),
        keys=[f"item-{place}" for place in range(1, how_many + 1)],
        initial={"language": practice.language} | begun,
        begun_with=("scaffold", scaffold.key) if scaffold else ("items", how_many),
        next_number=lambda key, language: next_number(practice, key, language),
    )
    if form.is_valid():
        added = _add(request, practice, form)
        if added:
            return added
    return render(request, "measures/write.html", context | {"form": form})


@managers_only
@require_safe
def measure(request, version_id):
    version = _version(request, version_id)
    return render(request, "measures/version.html", {"page": present_version(version)})


@managers_only
@READ_AND_SENT
def measure_edit(request, version_id):
    """Change the words of a draft; what has been activated once stands."""
    version = _version(request, version_id)
    if version.state != MeasureVersion.State.DRAFT:
        messages.info(request, _("This is no draft any more. Add what is new as a new version."))
        return redirect("measure", version.pk)
    form = WordingForm(
        *_sent(request),
        keys=[item.key for item in version.items.all()],
        initial=go_on_with(version),
        draft=version,
    )
    if form.is_valid() and form.read:
        try:
            change_draft(version=version, read=form.read, by=request.user)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            messages.success(request, _("Kept."))
            return redirect("measure", version.pk)
    context = {"form": form, "version": version, "practice": version.measure.practice}
    return render(request, "measures/write.html", context)


@managers_only
@READ_AND_SENT
@freshly_confirmed
def measure_licence(request, version_id):
    """Attest the licence under which a wording may be asked."""
    version = _version(request, version_id)
    form = LicenceForm(*_sent(request))
    if form.is_valid():
        told = {name: form.cleaned_data[name] for name in LicenceForm.Meta.fields}
        try:
            attest_licence(version=version, by=request.user, **told)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            messages.success(request, _("Attested."))
            return redirect("measure", version.pk)
    context = {
        "form": form,
        "version": version,
        "scaffold": scaffolds().get(version.measure.key),
    }
    return render(request, "measures/licence.html", context)


@managers_only
@require_POST
@freshly_confirmed
def measure_activate(request, version_id):
    version = _version(request, version_id)
    try:
        activate(version=version, by=request.user)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Activated. It can be asked from now on."))
    return redirect("measure", version.pk)


@managers_only
@require_POST
@freshly_confirmed
def measure_stop(request, version_id):
    version = _version(request, version_id)
    stop(version=version, by=request.user)
    said = _("Stopped. Nobody is asked it from now on; a form that is open can still be sent.")
    messages.success(request, said)
    return redirect("measure", version.pk)


@managers_only
@require_safe
def measure_fhir(request, version_id):
    """Download a questionnaire as FHIR: ours with its words, any other without."""
    versions = MeasureVersion.objects.shown_to(request.user).select_related("measure")
    version = get_object_or_404(versions, pk=version_id)
    told = export_measure(version=version, by=request.user)
    answer = HttpResponse(
        json.dumps(told, ensure_ascii=False, indent=2), content_type="application/fhir+json"
    )
    name = f"{version.measure.key}-{version.number}-{version.language}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _practice(request, practice_id):
    return get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)


def _version(request, version_id):
    """Return a wording that a practice added which this person manages; never one of ours."""
    versions = MeasureVersion.objects.managed_by(request.user)
    versions = versions.select_related("measure__practice").prefetch_related("licences", "items")
    return get_object_or_404(versions, pk=version_id)


def _sent(request):
    return (request.POST if request.method == "POST" else None,)


def _add(request, practice, form):
    """Add what a form has read; return the way to it, or nothing where it is refused."""
    try:
        version = add_measure(practice=practice, read=form.read, by=request.user)
    except ValidationError as refusal:
        explain(refusal, form)
        return None
    messages.success(request, _("Added as a draft. Look at it, attest its licence, activate it."))
    if noted(form.notes):
        messages.info(request, noted(form.notes))
    return redirect("measure", version.pk)

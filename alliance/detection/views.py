from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from alliance.detection.actions import choose_sensitivity
from alliance.detection.forms import SensitivityForm
from alliance.detection.models import Sensitivity
from alliance.detection.pages import present_rehearsal
from sessions_app.access.doors import managers_only
from sessions_app.access.models import Practice
from sessions_app.access.rows import rows_counted


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
def sensitivity(request, practice_id):
    """Choose what is marked; beside each choice stands what it would have done here."""
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    sent = request.POST if request.method == "POST" else None
    form = SensitivityForm(sent, chosen=Sensitivity.objects.now(practice))
    if form.is_valid():
        choose_sensitivity(practice=practice, by=request.user, **form.cleaned_data)
        messages.success(request, _("Stored. It holds for sessions from now on."))
        return redirect("sensitivity", practice.pk)
    with rows_counted(practice):
        page = present_rehearsal(practice, form)
    return render(request, "detection/sensitivity.html", {"page": page, "form": form})

"""What a client would see, shown to who decides whether clients see it."""

from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.views.decorators.http import require_safe

from alliance.asking.forms import RatingForm
from alliance.measures.models import MeasureVersion
from sessions_app.access.doors import managers_only
from sessions_app.access.models import Practice


@managers_only
@require_safe
def measure_preview(request, version_id):
    """Show the statements of a wording as a client would see them; nothing can be sent."""
    versions = MeasureVersion.objects.shown_to(request.user).select_related("measure__practice")
    version = get_object_or_404(versions, pk=version_id)
    practice = version.measure.practice or Practice.objects.managed_by(request.user).first()
    with translation.override(version.language):
        context = {
            "version": version,
            "practice": practice,
            "notice": version.notice(),
            "form": RatingForm(version=version),
            "language": version.language,
            "is_rtl": translation.get_language_bidi(),
        }
        return render(request, "asking/preview.html", context)

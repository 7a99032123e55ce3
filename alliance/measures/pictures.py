"""The drawings of the questionnaires that are easy to read."""

from functools import cache

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

PICTURES = settings.BASE_DIR / "static" / "pictures"


@cache
def pictures() -> dict[str, SafeString]:
    """Return each drawing as SVG to put into a page, by name.

    It is drawn in the colour of the text around it, and hidden from whoever
    has the page read out: it says nothing that the words beside it do not.
    """
    # Files of the project alone, and drawings without any script.
    return {
        file.stem: mark_safe(file.read_text(encoding="utf-8"))  # noqa: S308
        for file in PICTURES.glob("*.svg")
    }

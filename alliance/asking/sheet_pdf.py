"""A printed sheet as a PDF, made on this machine: nothing is fetched from anywhere."""

import importlib
from functools import cache
from pathlib import Path

from django.conf import settings


class NothingIsFetched(Exception):
    """A sheet asked for something that is not in it."""


def refuse(url, *args, **kwargs):
    """Fetch nothing, whatever a sheet asks for."""
    raise NothingIsFetched


@cache
def maker():
    """Return what makes PDFs, or None on a machine without Pango.

    It is looked for when the first sheet is printed, so that nothing else
    waits for it or needs it.
    """
    try:
        return importlib.import_module("weasyprint")
    except (ImportError, OSError):
        return None


def lay_out(html):
    """Return the pages of a sheet as they will be printed."""
    weasyprint = maker()
    style = weasyprint.CSS(string=_style(), url_fetcher=refuse)
    return weasyprint.HTML(string=html, url_fetcher=refuse).render(stylesheets=[style])


def as_pdf(html):
    """Return a sheet as a PDF. It says nothing of when and by whom it was made."""
    return lay_out(html).write_pdf()


@cache
def _style():
    return Path(settings.BASE_DIR, "static", "css", "sheet.css").read_text()

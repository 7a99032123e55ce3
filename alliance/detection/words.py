"""Numbers as they are written where a method is explained."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

TENTH = 0.1


def exact(value, places=2):
    """Write a number with more places than the page has elsewhere."""
    return "–" if value is None else number_format(round(value, places), places)


def percent(share):
    """Write a share as a percentage without a false precision."""
    if share is None:
        return "–"
    places = 0 if share >= TENTH else 1
    return _("%(n)s %%") % {"n": number_format(round(100 * share, places), places)}

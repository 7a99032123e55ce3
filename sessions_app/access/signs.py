"""The signs of which codes and names are made: those that a reader sees."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

JOINERS = "\u200c\u200d"  # They shape the letters beside them, in Persian and Indic names.


def is_made_of(text, *, kinds, signs=""):
    """Whether each sign of `text` is of one of these kinds (of Unicode's), or one of `signs`."""
    return all(sign in signs or unicodedata.category(sign).startswith(kinds) for sign in text)


def validate_name(name):
    """Refuse what hides, turns round or breaks up a name, and what leaves none to read."""
    is_whole = is_made_of(name, kinds=("L", "M", "N", "P", "S", "Zs"), signs=JOINERS)
    has_letters = not is_made_of(name, kinds=("M", "Zs"), signs=JOINERS)
    if not (is_whole and has_letters):
        raise ValidationError(_("There is a sign in this name that cannot be seen."))

"""Digits and days as the language of the page writes them."""

from datetime import datetime

from django import template
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import is_aware, localtime

register = template.Library()
# Unicode's CLDR has these digits for Arabic; where Western ones are usual, as in the Maghreb,
# the country has a code of its own (ar-ma, ar-dz). Hindi is written with Western digits.
DIGITS = {"ar": "٠١٢٣٤٥٦٧٨٩"}


@register.filter
def digits(value):
    """Write a number, or the numbers in a text, in the digits of the page's language."""
    own = DIGITS.get(translation.get_language() or "")
    text = str(value)
    return text.translate(str.maketrans("0123456789", own)) if own else text


@register.inclusion_tag("asking/crisis_note.html")
def crisis_note(practice, language=""):
    """Say where to turn in a crisis: in the page's language, or else in the practice's."""
    if not practice:
        return {"note": ""}
    note, written_in = practice.crisis_note_in(language or translation.get_language())
    return {"note": note, "language": written_in}


@register.filter
def day(value):
    """Write a day, or the day of a moment, as the page's language does."""
    return digits(date_format(_here(value), "DATE_FORMAT"))


@register.filter
def day_and_time(value):
    """Write a moment as the page's language does, on the clock of the practice."""
    return digits(date_format(_here(value), "DATETIME_FORMAT"))


def _here(value):
    return localtime(value) if isinstance(value, datetime) and is_aware(value) else value

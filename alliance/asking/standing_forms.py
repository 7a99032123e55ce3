"""The PIN of a bookmark: chosen once, and asked for at each opening."""

import unicodedata
from itertools import pairwise

from django import forms
from django.utils.translation import gettext_lazy as _

LEAST, MOST = 4, 8


def as_digits(typed):
    """Return what was typed in the digits of any script as 0 to 9, or nothing."""
    try:
        return "".join(str(unicodedata.decimal(sign)) for sign in typed.strip())
    except ValueError:
        return ""


def is_easy(pin):
    """Whether a PIN is among the first that somebody would try.

    One digit throughout, a pattern that repeats, or a run up or down.
    """
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    repeats = any(
        pin == pin[:length] * (len(pin) // length)
        for length in range(1, len(pin) // 2 + 1)
        if len(pin) % length == 0
    )
    return repeats or steps in ({1}, {9})


class PinField(forms.CharField):
    """Four to eight digits, in any script."""

    widget = forms.PasswordInput

    def __init__(self, *, label, is_new=False):
        super().__init__(
            label=label,
            max_length=MOST * 2,
            error_messages={
                "required": _("Please type your PIN."),
                "max_length": _("A PIN has 4 to 8 digits."),
                "null_characters_not_allowed": _("A PIN has 4 to 8 digits."),
            },
        )
        self.widget.attrs |= {
            "inputmode": "numeric",
            "autocomplete": "new-password" if is_new else "current-password",
        }

    def clean(self, value):
        pin = as_digits(super().clean(value))
        if not LEAST <= len(pin) <= MOST:
            raise forms.ValidationError(_("A PIN has 4 to 8 digits."))
        return pin


class ChoosePinForm(forms.Form):
    """A PIN, typed twice."""

    pin = PinField(label=_("Choose a PIN: 4 to 8 digits"), is_new=True)
    again = PinField(label=_("The same PIN again"), is_new=True)

    def clean_pin(self):
        pin = self.cleaned_data["pin"]
        if is_easy(pin):
            raise forms.ValidationError(_("That PIN is easy to guess. Please choose another one."))
        return pin

    def clean(self):
        super().clean()
        typed = self.cleaned_data
        if {"pin", "again"} <= set(typed) and typed["pin"] != typed["again"]:
            self.add_error("again", _("The two PINs are not the same."))
        return typed


class PinForm(forms.Form):
    """The PIN that was chosen."""

    pin = PinField(label=_("Your PIN"))

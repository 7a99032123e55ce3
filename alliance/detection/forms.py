"""Choosing what is marked."""

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.detection.models import Sensitivity
from alliance.detection.switches import SWITCHES


class SensitivityForm(forms.Form):
    """A preset of the detector, and rules of the field beside it."""

    preset = forms.ChoiceField(
        label=_("How sensitive"), choices=Sensitivity.Preset, widget=forms.RadioSelect
    )
    comparators = forms.MultipleChoiceField(
        label=_("Rules beside it"),
        choices=[(key, rule.name) for key, rule in SWITCHES.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args, chosen, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {"preset": chosen.preset, "comparators": chosen.comparators}

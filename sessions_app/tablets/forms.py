"""What a tablet is called."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions_app.places.forms import helper


class TabletForm(forms.Form):
    """The name by which therapists will choose a tablet."""

    name = forms.CharField(
        label=_("What is it called?"),
        max_length=40,
        help_text=_("Where it stands, say “Room 2”. Therapists choose it by this name."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.helper = helper("name", submit=_("Show the code that pairs it"))

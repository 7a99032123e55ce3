"""Looking for what one person did, or what was done on one day."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import User
from sessions_app.places.forms import day_field, narrow


class TrailFilter(forms.Form):
    """Whose deeds, and of which day; all of them where nothing is chosen."""

    person = forms.ModelChoiceField(
        User.objects.none(), label=_("Who"), required=False, empty_label=_("Everybody")
    )
    day = day_field(_("Day"), required=False)

    def __init__(self, *args, practice, **kwargs):
        super().__init__(*args, **kwargs)
        people = User.objects.filter(memberships__in=practice.memberships.all())
        narrow(self, "person", people.distinct().order_by("name", "pk"))

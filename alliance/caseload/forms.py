"""Looking through one's own list: by a code, by what stands out, by setting, by weekday."""

from django import forms
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, ExtractIsoWeekDay
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from alliance.trends.models import Flag
from alliance.trends.own_first import known_to_holder
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

COMMENT = "comment"
EVERYTHING = [("", _("Everything"))]
ANY = [("", _("Any"))]


def _choice(label, choices):
    widget = forms.Select(attrs={"class": "form-select"})
    return forms.ChoiceField(label=label, choices=choices, required=False, widget=widget)


class CodeForm(forms.Form):
    """A part of a client's code. It is sent, never put into the address: codes stay out of logs."""

    code = forms.CharField(
        label=_("Find a code"),
        required=False,
        max_length=24,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "class": "form-control",
                "autocomplete": "off",
                "aria-keyshortcuts": "/",
            }
        ),
    )

    def keep(self, standings):
        """Keep the standing of those whose code holds what was typed, in any case."""
        code = self.cleaned_data["code"].strip() if self.is_valid() else ""
        return standings.filter(episode__client__code__icontains=code) if code else standings


class FilterForm(forms.Form):
    """What the list is narrowed to; what does not make sense narrows nothing."""

    signal = _choice(
        _("What stands out"),
        [*EVERYTHING, (COMMENT, _("A comment is waiting to be read")), *Flag.Kind.choices],
    )
    modality = _choice(_("Setting of therapy"), [*ANY, *Episode.Modality.choices])
    weekday = _choice(
        _("Weekday"), [*ANY, *((str(number + 1), name) for number, name in WEEKDAYS.items())]
    )

    def keep(self, standings):
        """Keep what was chosen. A client's weekday is that of the next session, or of the last."""
        self.is_valid()
        chosen = self.cleaned_data
        if chosen.get("signal") == COMMENT:
            standings = standings.filter(comment_waiting=True)
        elif chosen.get("signal"):
            flags = Flag.objects.standing().filter(episode=OuterRef("pk"), kind=chosen["signal"])
            standings = standings.filter(Exists(known_to_holder(flags)))
        if chosen.get("modality"):
            standings = standings.filter(episode__modality=chosen["modality"])
        if chosen.get("weekday"):
            standings = standings.annotate(weekday=_weekday()).filter(
                weekday=int(chosen["weekday"])
            )
        return standings

    @property
    def narrows(self):
        """Whether anything was chosen."""
        return any(self.cleaned_data.values())


def _weekday():
    ahead = Session.objects.planned().filter(episode=OuterRef("pk"), starts_at__gte=timezone.now())
    following = Subquery(ahead.order_by("starts_at").values("starts_at")[:1])
    return ExtractIsoWeekDay(Coalesce(following, "last_session_at"))

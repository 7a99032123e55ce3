"""Planning sessions ahead, and moving what is planned."""

from datetime import timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Hidden, Layout, Row, Submit
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.sessions.models import Session

FARTHEST = timedelta(days=2 * 366)
MOST = 52
NOON = 12


def _moment_field(label):
    return forms.DateTimeField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class _Ahead(forms.Form):
    """When, for how long, where: what every plan says."""

    starts_at = _moment_field(_("When does it start?"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=600)
    setting = forms.ChoiceField(label=_("Where"), choices=Session.Setting)

    when_and_where = Row(
        Column("starts_at", css_class="col-sm-6"),
        Column("minutes", css_class="col-6 col-sm-3"),
        Column("setting", css_class="col-6 col-sm-3"),
    )

    def _lay_out(self, *fields, button):
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.layout = Layout(self.when_and_where, *fields, button)

    def clean_starts_at(self):
        """Refuse what has passed, and what is so far ahead that it must be a slip of the pen."""
        starts_at = self.cleaned_data["starts_at"]
        if starts_at <= timezone.now():
            raise forms.ValidationError(_("This has passed. Log the session, if it was held."))
        if starts_at > timezone.now() + FARTHEST:
            raise forms.ValidationError(_("This lies more than two years ahead. Which year is it?"))
        return starts_at


class PlanForm(_Ahead):
    """One session, or one every week or two, so many times or until a day."""

    every_weeks = forms.TypedChoiceField(
        label=_("How often?"),
        choices=[(0, _("Once")), (1, _("Every week")), (2, _("Every two weeks"))],
        coerce=int,
        initial=1,
    )
    times = forms.IntegerField(
        label=_("How many times?"), min_value=1, max_value=MOST, initial=10, required=False
    )
    until = forms.DateField(
        label=_("Or until this day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("If you give a day, it decides."),
    )

    def __init__(self, *args, episode, **kwargs):
        kwargs["initial"] = _most_likely(episode)
        super().__init__(*args, **kwargs)
        self._lay_out(
            Row(
                Column("every_weeks", css_class="col-sm-4"),
                Column("times", css_class="col-sm-4"),
                Column("until", css_class="col-sm-4"),
            ),
            button=Submit("save", _("Plan it")),
        )

    def clean(self):
        """Turn a last day into a number of times."""
        cleaned = super().clean() or self.cleaned_data
        until, every = cleaned.pop("until", None), cleaned.get("every_weeks")
        if not every:
            cleaned["times"], cleaned["every_weeks"] = 1, 1
        elif until and "starts_at" in cleaned:
            first = timezone.localdate(cleaned["starts_at"])
            if until < first:
                self.add_error("until", _("This day lies before the first session."))
            elif (until - first).days // (7 * every) >= MOST:
                self.add_error("until", _("Those would be more than 52 sessions."))
            else:
                cleaned["times"] = (until - first).days // (7 * every) + 1
        elif not cleaned.get("times") and "times" not in self.errors:
            self.add_error("times", _("Say how many times, or until which day."))
        return cleaned


class MoveForm(_Ahead):
    """Another time, length or place for a planned session, and for what follows it if wanted."""

    with_rest = forms.BooleanField(label=_("And all that follow it in this series"), required=False)

    def __init__(self, *args, session, **kwargs):
        kwargs["initial"] = {
            "starts_at": session.starts_at,
            "minutes": session.minutes,
            "setting": session.setting,
        }
        super().__init__(*args, **kwargs)
        button = Submit("save", _("Move it"))
        if session.series is None:
            del self.fields["with_rest"]
            self._lay_out(button=button)
        else:
            self._lay_out("with_rest", button=button)
        # Which of the forms on this page was sent.
        self.helper.layout.append(Hidden("deed", "move"))


def _most_likely(episode):
    """Return what is most likely wanted: a week after the last one, as long, where it was."""
    last = episode.sessions.exclude(status=Session.Status.DROPPED).order_by("starts_at").last()
    if last is None:
        tomorrow = timezone.localtime() + timedelta(days=1)
        return {
            "starts_at": tomorrow.replace(hour=NOON, minute=0, second=0, microsecond=0),
            "minutes": 50,
            "setting": Session.Setting.IN_PERSON,
        }
    wall, now = timezone.make_naive(last.starts_at), timezone.make_naive(timezone.now())
    while wall <= now:
        wall += timedelta(weeks=1)
    if last.status == Session.Status.PLANNED:
        wall = max(wall, timezone.make_naive(last.starts_at) + timedelta(weeks=1))
    return {
        "starts_at": timezone.make_aware(wall),
        "minutes": last.minutes,
        "setting": last.setting,
    }

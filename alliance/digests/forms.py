"""How often a member wants news by e-mail."""

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.digests.models import Digest
from sessions_app.places.forms import helper


class DigestForm(forms.Form):
    """One choice for each place in a practice at which its member sees clients."""

    def __init__(self, sent=None, *, members):
        super().__init__(sent)
        chosen = dict(Digest.objects.filter(member__in=members).values_list("member", "every"))
        for member in members:
            self.fields[str(member.pk)] = forms.ChoiceField(
                label=member.practice.name if len(members) > 1 else _("How often"),
                choices=Digest.Every,
                widget=forms.RadioSelect,
                initial=chosen.get(member.pk, Digest.Every.NEVER),
            )
        self.helper = helper(*self.fields, submit=_("Store this choice"))

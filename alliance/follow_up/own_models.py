"""What a practice says in its own words could help, and what a therapist thinks for themselves."""

import json
import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.access.fields import EncryptedTextField, is_encrypted
from sessions_app.access.models import Membership, Practice
from sessions_app.clients.models import Episode


class PracticePrompt(models.Model):
    """One list of what could help, in a practice's own words; where it is empty, ours holds."""

    practice = models.ForeignKey(Practice, models.CASCADE, related_name="+")
    key = models.CharField(max_length=48, help_text="Which list, as in “goals.openings”.")
    text = models.TextField(_("a line each"), max_length=2000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "key"], name="practice_prompt_once_for_a_list"
            ),
        ]

    def __str__(self):
        return f"{self.practice_id} · {self.key}"

    def audit_scope(self):
        return self.practice_id, None


class ReflectionQuerySet(models.QuerySet):
    def own(self, user):
        """Keep what `user` wrote for themselves; nobody else reads it, whoever supervises them."""
        return self.filter(by__in=Membership.objects.own(user))

    def kept(self):
        """Keep what was not emptied again."""
        return self.exclude(text="")


class Reflection(models.Model):
    """What a therapist thought for two minutes about how they are with one client.

    Only for whoever wrote it: the second wall opens it to no supervisor and in
    no emergency. What was emptied leaves the row, and that is all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="+")
    by = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = EncryptedTextField(blank=True, help_text="What was said of each quality, as JSON.")

    objects = ReflectionQuerySet.as_manager()

    class Meta:
        constraints = [is_encrypted("text", "reflection_is_encrypted")]

    def __str__(self):
        return str(self.pk)

    def audit_scope(self):
        # Not even that there is one is told of a client.
        return self.by.practice_id, None

    def said(self):
        """Return what was said, by quality."""
        return json.loads(self.text) if self.text else {}

"""Which questionnaires there are for a practice, and which of them may be asked today."""

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

from alliance.measures.licences import Licence
from sessions_app.access.models import Practice, today

if TYPE_CHECKING:
    from alliance.measures.models import Measure, MeasureVersion  # noqa: F401

OURS = "session"  # The statements that stand in for what may not be asked.


class MeasureQuerySet(models.QuerySet["Measure"]):
    def for_practice(self, practice):
        """Keep ours and those that `practice` added itself; another's are not there."""
        return self.filter(Q(practice=None) | Q(practice=practice))

    def offered_to(self, practice):
        """Keep those that clients of `practice` can be asked after a session, from today on."""
        versions: Any = apps.get_model("alliance", "MeasureVersion")
        askable = versions.objects.askable().filter(measure=OuterRef("pk"))
        return self.for_practice(practice).filter(
            Exists(askable), perspective="client", purpose=self.model.Purpose.ALLIANCE
        )


class MeasureVersionQuerySet(models.QuerySet["MeasureVersion"]):
    def for_practice(self, practice):
        """Keep ours and those of measures that `practice` added itself; no other's."""
        return self.filter(Q(measure__practice=None) | Q(measure__practice=practice))

    def managed_by(self, user):
        """Keep those that the practices added themselves which `user` manages today; not ours."""
        return self.filter(measure__practice__in=Practice.objects.managed_by(user))

    def shown_to(self, user):
        """Keep ours, and those of the practices that `user` manages today."""
        managed = Practice.objects.managed_by(user)
        return self.filter(Q(measure__practice=None) | Q(measure__practice__in=managed))

    def licensed(self, *, on=None):
        """Keep ours, and those under a licence that holds on a day: today, if none is named."""
        holds = Licence.objects.holding(on or today()).filter(version=OuterRef("pk"))
        return self.filter(Q(measure__practice=None) | Exists(holds))

    def askable(self):
        """Keep those that are active, and may be asked today."""
        return self.licensed().filter(state=self.model.State.ACTIVE)

    def to_ask(self, *, key, language, practice=None):
        """Return the newest version of the measure `key` in `language`, else in English.

        A measure of that key which `practice` added itself comes before ours.
        What is not active, or whose licence is over, is passed over: instead of
        it our own statements are asked.
        """
        wanted = Q(measure__practice=None, measure__key__in=[key, OURS] if practice else [key])
        if practice:
            wanted |= Q(measure__practice=practice, measure__key=key)
        found = self.askable().filter(wanted)
        spoken = found.filter(language__in=[language, "en"]).select_related("measure")
        if not spoken:
            raise self.model.DoesNotExist
        return min(
            spoken,
            key=lambda version: (
                version.measure.practice_id is None,
                version.measure.key != key,
                version.language != language,
                -version.number,
            ),
        )

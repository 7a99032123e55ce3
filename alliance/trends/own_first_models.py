"""Who rates before they see the client's rating, and when it was shown without."""

import uuid

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from alliance.trends.models import Reading
from sessions_app.access.models import Membership, Practice
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


class OwnFirst(models.Model):
    """A practice's choice for all who have not chosen, or one therapist's own.

    Null is no choice of one's own: it is as the practice has it.
    """

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="+")
    member = models.OneToOneField(Membership, models.PROTECT, null=True, related_name="+")
    is_on = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice"],
                condition=Q(member=None),
                name="own_first_once_for_a_practice",
            ),
            models.CheckConstraint(
                condition=Q(is_on__isnull=False) | Q(member__isnull=False),
                name="own_first_of_a_practice_is_yes_or_no",
            ),
        ]

    def __str__(self):
        return f"{self.practice_id} · {self.member_id}"

    def audit_scope(self):
        return self.practice_id, None


class ShownUnrated(models.Model):
    """A client's rating of this session was shown at its therapist's wish, before their own.

    So that a rating of theirs that is not there says why, and one that comes
    later is known to be no first look.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(Session, models.PROTECT, related_name="shown_unrated")
    shown_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return str(self.session_id)

    def audit_scope(self):
        return self.session.audit_scope()


def waiting_ratings():
    """Return the clients' ratings that their therapists have chosen not to see yet.

    They are new to the therapist, who rates first, has not rated the session,
    and has not asked to be shown it without. What a therapist typed in for the
    client is known to them. After a handing over nobody can rate any more.
    """
    therapist = OuterRef("session__episode__therapist")
    own = OwnFirst.objects.filter(member=therapist, is_on__isnull=False)
    of_practice = OwnFirst.objects.filter(
        practice=OuterRef("session__episode__therapist__practice"), member=None, is_on=True
    )
    rated = (
        Rating.objects.standing()
        .of_alliance()
        .filter(session=OuterRef("session"), respondent=Perspective.THERAPIST)
    )
    return (
        Rating.objects.standing()
        .of_alliance()
        .filter(respondent=Perspective.CLIENT)
        .filter(Exists(own.filter(is_on=True)) | (Exists(of_practice) & ~Exists(own)))
        .exclude(session__episode__ending=Episode.Ending.TRANSFERRED)
        .exclude(entered_by=F("session__episode__therapist__user"))
        .filter(
            ~Exists(rated),
            ~Exists(ShownUnrated.objects.filter(session=OuterRef("session"))),
            ~Exists(Reading.objects.filter(rating=OuterRef("pk"), reader=therapist)),
        )
    )

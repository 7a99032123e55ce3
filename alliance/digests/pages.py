"""How many answers came, and how many of them are to be looked at."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from alliance.follow_up.words import ASKS_NOTHING
from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from alliance.trends.models import Flag, Reading
from alliance.trends.own_first import known_to_holder


@dataclass(frozen=True, slots=True)
class News:
    """Counts, and nothing else."""

    answers: int
    to_look_at: int

    @property
    def is_something(self):
        return bool(self.answers or self.to_look_at)


def count_news(digest, *, until):
    """Count what a member has not opened yet, of what came since they were told last."""
    member, since = digest.member_id, digest.told_until
    read = Reading.objects.filter(rating=OuterRef("pk"), reader=member)
    answers = (
        Rating.objects.standing()
        .of_alliance()
        .filter(session__episode__therapist=member, respondent=Perspective.CLIENT)
        .filter(submitted_at__gt=since, submitted_at__lte=until)
        .exclude(Exists(read))
    )
    flags = (
        known_to_holder(Flag.objects.standing())
        .filter(episode__therapist=member, seen_at=None)
        .filter(raised_at__gt=since, raised_at__lte=until)
        .exclude(kind__in=ASKS_NOTHING)
    )
    return News(answers=answers.count(), to_look_at=flags.values("episode").distinct().count())

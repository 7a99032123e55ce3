"""Which of the three components a rating fell in most: a description, not a test."""

from itertools import takewhile

from alliance.measures.models import Perspective
from alliance.psychometrics.course import ENOUGH_TO_COMPARE
from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from alliance.trends.statements import largest_difference


class Series:
    """The client's ratings of an episode, the latest first."""

    def __init__(self, episode):
        self.ratings = list(
            Rating.objects.standing()
            .of_alliance()
            .filter(session__episode=episode, respondent=Perspective.CLIENT)
            .select_related("session__episode")
            .order_by("-session__starts_at")
        )

    @property
    def latest(self):
        return self.ratings[0] if self.ratings else None

    def stands_out(self, session_id):
        """Return the component that fell most below its own mean before, or nothing.

        Compared are ratings in the same wording, without another in between.
        """
        places = [at for at, one in enumerate(self.ratings) if one.session_id == session_id]
        if not places:
            return ""
        rating, *before = self.ratings[places[0] :]
        before = [one for one in before if one.has_marks]
        line = list(
            takewhile(lambda one: one.measure_version_id == rating.measure_version_id, before)
        )
        earlier = {}
        for name in COMPONENTS:
            past = [value for one in line if (value := getattr(one, name)) is not None]
            if len(past) >= ENOUGH_TO_COMPARE:
                earlier[name] = sum(past) / len(past)
        return largest_difference({name: getattr(rating, name) for name in COMPONENTS}, earlier)

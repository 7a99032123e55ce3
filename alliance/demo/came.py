"""What came of what was marked in one of the invented stories."""

from datetime import timedelta

from alliance.follow_up.actions import acknowledge, follow_up
from alliance.measures.models import Perspective
from alliance.trends.models import Flag
from sessions_app.clients.models import Episode

CODE = "K-231"


def tell_what_came():
    """Let the drop have been spoken about a week later, and mended."""
    episode = Episode.objects.get(client__code=CODE)
    by = episode.therapist.user
    flag = Flag.objects.get(episode=episode, kind=Flag.Kind.LOWER)
    at = flag.session.starts_at + timedelta(days=7, hours=1)
    rating = flag.session.ratings.get(respondent=Perspective.CLIENT)
    follow_up(
        rating=rating,
        discussed="The exercise came too early.",
        agreed="We go slower, and K. says stop.",
        is_told=True,
        by=by,
        at=at,
    )
    acknowledge(flag=flag, outcome="mended", remark="Glad that it was said.", by=by, at=at)

"""What happens elsewhere when an episode changes here.

This app knows nothing of ratings. Whoever does (today: the review of an
episode's standing) is named in `settings.EPISODE_CHANGED` and called inside
the same transaction, so that a list never shows what the tables do not hold.
"""

from django.conf import settings
from django.utils.module_loading import import_string


def episode_changed(episode, session=None):
    """Tell the action named in the settings that `episode` or its sessions changed.

    `session` is the one that was just logged, if nothing else has changed.
    """
    import_string(settings.EPISODE_CHANGED)(episode, session)

"""What was marked, in a few words."""

from django.utils.translation import gettext as _

from alliance.trends.models import Flag
from alliance.trends.words import component_names

# Good news asks nothing of anybody.
ASKS_NOTHING = [Flag.Kind.BACK]
# What the latest rating itself was marked for, and may be spoken about when next they meet.
TO_SPEAK_ABOUT = [
    Flag.Kind.LOWER,
    Flag.Kind.TOLD,
    Flag.Kind.SLIDING,
    Flag.Kind.LOW,
    Flag.Kind.RULE,
]


def noticed(kind, component=""):
    """Say what was marked, and which component fell most, if one did more than the others."""
    said = {
        Flag.Kind.LOWER: _("lower than usual"),
        Flag.Kind.SLIDING: _("gradually lower"),
        Flag.Kind.TOLD: _("tension that was not spoken about"),
        Flag.Kind.LOW: _("low from the start"),
        Flag.Kind.RULE: _("marked by a rule of your practice"),
        Flag.Kind.UNRATED: _("no rating for a while"),
        Flag.Kind.TOP: _("almost always at the top"),
        Flag.Kind.BACK: _("back to usual"),
    }[kind]
    if not component or kind not in (Flag.Kind.LOWER, Flag.Kind.SLIDING, Flag.Kind.RULE):
        return said
    name = component_names()[component].lower()
    return _("%(said)s, most of all “%(component)s”") % {"said": said, "component": name}


def qualities_to_reflect_on():
    """Return six qualities of a therapist by key: what each is called, and a question on it."""
    return {
        "unjudged": (_("Not judging"), _("What did I find hard to take without judging it?")),
        "genuine": (_("Genuine"), _("Where was I myself, and where did I play a part?")),
        "empathic": (_("Empathic"), _("What did I understand of how it is for this client?")),
        "open": (_("Open"), _("What surprised me, and what did I not want to hear?")),
        "flexible": (
            _("Flexible"),
            _("Where did I keep to my plan, and where did I change it?"),
        ),
        "limits": (
            _("Clear limits"),
            _("What did I promise or let pass, and was it clear?"),
        ),
    }

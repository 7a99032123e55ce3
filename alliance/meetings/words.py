"""What the ratings of those who come together say of each other, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.detection.words import exact
from alliance.psychometrics.split import COVERAGE, ENOUGH, Split
from alliance.trends.cards import Card
from alliance.trends.words import points


def lead(latest: Split | None, *, is_couple: bool, is_new: bool, rated: int, came: int) -> str:
    """Say first how far apart the last meeting was rated, and how much that carries.

    `latest` is that of the last meeting, None where there was none; `rated` of
    the `came` who came have rated it. `is_new` says that the therapist has not
    seen it yet: then nobody else is told what it amounts to.
    """
    if latest is None:
        return _("No meeting has been logged yet.")
    if is_new:
        return _("The latest ratings are new. Their therapist looks at them first.")
    if latest.apart is None:
        return ngettext(
            "%(rated)s of the %(came)s person who came has rated the last meeting.",
            "%(rated)s of the %(came)s people who came have rated the last meeting.",
            came,
        ) % {"rated": rated, "came": came}
    if latest.distance is None:
        return f"{_apart(latest.apart, is_couple)} {_too_early()}"
    told = _apart(latest.distance, is_couple, usual=latest.usual)
    if latest.distance < latest.apart:
        told = f"{_('Of those who rated enough earlier meetings:')} {told}"
    return f"{told} {_verdict(latest)}"


def _apart(distance, is_couple, usual=None):
    values = {"apart": points(distance), "usual": points(usual)}
    if usual is None:
        said = (
            _("They rated the last meeting %(apart)s apart.")
            if is_couple
            else _("The highest and the lowest rating of the last meeting lie %(apart)s apart.")
        )
        return said % values
    said = (
        _("They rated the last meeting %(apart)s apart; usually %(usual)s.")
        if is_couple
        else _(
            "The highest and the lowest rating of the last meeting lie %(apart)s apart; "
            "usually %(usual)s."
        )
    )
    return said % values


def _too_early():
    return _(
        "It is too early to say whether that is much: it takes %(n)s earlier meetings that were "
        "rated by all who are compared."
    ) % {"n": ENOUGH}


def _verdict(split):
    if split.is_further:
        return _("That is further apart than chance explains.")
    return _("Chance alone can explain that.")


def suggestion(latest: Split | None, *, is_new: bool) -> str:
    """Suggest what could be asked, or nothing where nothing stands out."""
    if latest is None or is_new or not latest.is_further:
        return ""
    return _("You could ask how the last meeting was for each of them.")


def card(latest: Split, earlier: int) -> Card | None:
    """Return how it was worked out; nothing where nothing was compared."""
    if latest.limit is None:
        return None
    return Card(
        how=[
            _(
                "Two ratings lie apart even if nothing has changed: each varies around its own "
                "usual level. How much is known from the parameters that are reckoned with for "
                "each client."
            ),
            _(
                "limit = distance of the usual levels + z · √(2 · (error + state) · (1 + 1/n)); "
                "the usual level of each is the mean of their earlier ratings in the same wording."
            ),
        ],
        inputs=[
            (_("Apart at the last meeting"), exact(latest.distance)),
            (_("Apart before, on average"), exact(latest.usual)),
            (_("Chance explains up to"), exact(latest.limit)),
            (_("Earlier meetings"), str(earlier)),
        ],
        limits=[
            _(
                "Of a hundred meetings in which nothing has changed, %(n)s or fewer are called "
                "further apart. Smaller differences can be real and go unmarked."
            )
            % {"n": round(100 * (1 - COVERAGE))},
            _("It says nothing of why, nor whose view is right."),
        ],
        source="Pinsof & Catherall 1986; Muñiz de la Peña et al. 2009; docs/method/split.md",
    )

"""What is said of a therapist's clients as a whole, and no more than the numbers carry."""

from statistics import quantiles

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.detection.words import exact, percent
from alliance.psychometrics.completeness import completion
from alliance.psychometrics.patterns import (
    FEWEST_CLIENTS,
    MARKED_IF_ALIKE,
    ONE_IN,
    Verdict,
)
from alliance.psychometrics.shrinkage import RELIABILITY_FLOOR
from alliance.trends.cards import Card
from alliance.trends.words import points

# In 1,000 simulated practices nothing rarer is seen.
FEWEST_SEEN = 0.003


def too_few(clients):
    return _("Too few clients (%(n)s of %(least)s) to say anything.") % {
        "n": clients,
        "least": FEWEST_CLIENTS,
    }


def spread(means):
    """Say in words how clients' means are spread: the distribution comes before any average."""
    if not means:
        return _("Nobody has rated this in the last twelve months.")
    told = ngettext(
        "%(n)s client, from %(least)s to %(most)s.",
        "%(n)s clients, from %(least)s to %(most)s.",
        len(means),
    ) % {"n": len(means), "least": points(min(means)), "most": points(max(means))}
    if len(means) < FEWEST_CLIENTS:
        return told
    low, _middle, high = quantiles(means, n=4, method="inclusive")
    half = _("The middle half lies between %(low)s and %(high)s.")
    return f"{told} {half % {'low': points(low), 'high': points(high)}}"


def rated(count, held):
    """Say how many of the sessions held were rated, with the interval of the share."""
    found = completion(count, held)
    if found is None:
        return _("no session held")
    return _("%(rated)s of %(held)s sessions: %(share)s (%(low)s to %(high)s)") % {
        "rated": found.rated,
        "held": found.held,
        "share": percent(found.share),
        "low": percent(found.low),
        "high": percent(found.high),
    }


def interval(value, low, high):
    """Write a figure and its interval, as in 7.4 (7.0 to 7.8)."""
    return _("%(value)s (%(low)s to %(high)s)") % {
        "value": points(value),
        "low": points(low),
        "high": points(high),
    }


def beside_the_practice(figures, place, clients):
    """Say how a therapist lies to the practice's average: for most, that nothing can be told."""
    if clients < FEWEST_CLIENTS:
        return too_few(clients)
    if figures is None:
        return _("There is no average of the practice to lay this beside.")
    return {
        Verdict.ALIKE: _("Cannot be told apart from the practice’s average."),
        Verdict.UNSURE: _("Not known well enough to be told apart from the practice’s average."),
        Verdict.ABOVE: _("Lies above what chance would explain (1 in %(n)s).") % {"n": ONE_IN},
        Verdict.BELOW: _("Lies below what chance would explain (1 in %(n)s).") % {"n": ONE_IN},
    }[place.verdict]


def beside_the_past(found, now, before):
    """Say how a therapist's clients rate beside those of the twelve months before."""
    if min(now, before) < FEWEST_CLIENTS:
        return _(
            "Too few clients to lay two years side by side: %(now)s now, %(before)s before; "
            "it takes %(least)s in each."
        ) % {"now": now, "before": before, "least": FEWEST_CLIENTS}
    if found is None:
        return _("No client differs from another, so there is nothing to judge a change by.")
    told = {
        "by": points(abs(found.value)),
        "interval": _("%(low)s to %(high)s")
        % {"low": _signed(found.low), "high": _signed(found.high)},
    }
    if not found.is_beyond_chance:
        return (
            _("No change from the twelve months before can be told (the difference: %(interval)s).")
            % told
        )
    if found.value > 0:
        return _("Higher than in the twelve months before by %(by)s (%(interval)s).") % told
    return _("Lower than in the twelve months before by %(by)s (%(interval)s).") % told


def _signed(value):
    rounded = round(value, 1)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else ''}{points(abs(value))}"


def funnel_summary(figures, place, mean, clients):
    """Say what the funnel shows."""
    return _(
        "At %(n)s clients chance alone puts a therapist between %(low)s and %(high)s, around the "
        "average of %(average)s. This one’s clients are at %(mean)s."
    ) % {
        "n": clients,
        "low": points(place.least),
        "high": points(place.greatest),
        "average": points(figures.mu),
        "mean": points(mean),
    }


def average(figures):
    """Write the practice's average with how many it is of."""
    return _("%(average)s, of %(therapists)s therapists and %(clients)s clients") % {
        "average": points(figures.mu),
        "therapists": figures.therapists,
        "clients": figures.clients,
    }


def card(figures, place, mean):
    """Return how a therapist was laid beside the practice, with the numbers it rests on."""
    needed = figures.clients_for_reliability
    return Card(
        how=[
            _(
                "Each client counts once, with the mean of their own ratings of the last twelve "
                "months in this wording. Those who came only once count too."
            ),
            _(
                "The practice’s average is the mean over therapists with at least five clients "
                "each, this one among them. The variance of a therapist’s mean is that of one "
                "client’s mean, divided by the number of clients; how much therapists differ "
                "beyond that is estimated by restricted maximum likelihood."
            ),
            _(
                "Estimate = r × own mean + (1 − r) × average. The reliability r is the variance "
                "between therapists, divided by itself plus the variance of this mean."
            ),
            _(
                "The area in the picture holds all but one in %(n)s therapists if all are alike. "
                "Only who lies outside it, with a reliability of %(floor)s or more, is said to lie "
                "above or below what chance explains. Nobody is ranked."
            )
            % {"n": ONE_IN, "floor": exact(RELIABILITY_FLOOR, 1)},
        ],
        inputs=[
            (_("Own mean"), exact(mean)),
            (_("Practice’s average, and its standard error"), _pair(figures.mu, figures.mu_se)),
            (_("Variance between therapists"), exact(figures.tau2, 3)),
            (_("Variance of one client’s mean"), exact(figures.variance, 3)),
            (_("Reliability"), exact(place.reliability)),
            (
                _("Clients it takes for a reliability of %(floor)s")
                % {"floor": exact(RELIABILITY_FLOOR, 1)},
                number_format(needed) if needed else _("no number: no difference can be shown"),
            ),
            (
                _("Therapists outside the area by chance"),
                exact(figures.therapists / ONE_IN, 2),
            ),
        ],
        limits=[
            _(
                "If all therapists were alike, somebody would be marked in at least one of the "
                "three parts in %(few)s of practices with five therapists, and in %(many)s of "
                "those with twenty (simulated: docs/method/fairness.md)."
            )
            % {
                "few": _share(MARKED_IF_ALIKE[5]),
                "many": _share(MARKED_IF_ALIKE[20]),
            },
            _("Clients who did not answer are not in it: see how many sessions were rated."),
            _("Marks near the maximum differ little, whatever lies behind them."),
        ],
        source=_(
            "Raudenbush & Bryk 1985 (shrunken estimates); Spiegelhalter 2005 (funnel); "
            "docs/method/fairness.md."
        ),
    )


def _pair(value, error):
    return f"{exact(value)} ± {exact(error)}"


def _share(value):
    if value < FEWEST_SEEN:
        return _("fewer than %(n)s %%") % {"n": number_format(100 * FEWEST_SEEN, 1)}
    return f"{number_format(100 * value, 1)} %"

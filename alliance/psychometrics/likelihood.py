"""How likely many series of ratings are under the detector's model.

The detector's filter without its tests, some eight times as fast as
`detect_many`: fitting asks for it hundreds of times. At the ceiling a mark is
read as "at least so much", and the moments of the state are matched after it.

Pure: numbers in, numbers out. Source: Harvey (1989), Forecasting, Structural
Time Series Models and the Kalman Filter, ch. 3.4, for the likelihood by
prediction errors.
"""

from collections.abc import Sequence
from math import inf, log, pi, sqrt

import numpy as np
from scipy.special import erfcx, log_ndtr

_LOG_2_PI, _SQRT_2, _SQRT_2_OVER_PI = log(2 * pi), sqrt(2.0), sqrt(2.0 / pi)


class Likelihood:
    """The log-likelihood of (m, sb2, ss2, se2, phi), given many series.

    Made once of `ratings`, (series, sessions), NaN where not rated, and a
    `ceiling` or None; then called with the five numbers, se2 above 0. `ratings`
    counts all of them, `below` those that lie below the ceiling.
    """

    def __init__(self, ratings: np.ndarray, ceiling: float | None = None):
        rows = np.ascontiguousarray(ratings.T)
        self.ceiling = inf if ceiling is None else ceiling
        self.has = ~np.isnan(rows)
        self.rows = np.where(self.has, rows, 0.0)
        self.at_top = self.has & (self.rows >= self.ceiling)
        self.ratings = int(self.has.sum())
        self.below = self.ratings - int(self.at_top.sum())

    def __call__(self, values: Sequence[float]) -> float:
        """Return the log-likelihood at these five numbers."""
        m, sb2, ss2, se2, phi = values
        many = self.rows.shape[1]
        u, s, pus = np.zeros(many), np.zeros(many), np.zeros(many)
        puu, pss = np.full(many, sb2), np.full(many, ss2)
        total = -0.5 * _LOG_2_PI * self.below
        for place, (y, has) in enumerate(zip(self.rows, self.has, strict=True)):
            if place:
                s, pus = s * phi, pus * phi
                pss = phi * phi * pss + ss2 * (1 - phi * phi)
            gain_u, gain_s = puu + pus, pus + pss
            variance = np.maximum(gain_u + gain_s + se2, se2)
            predicted = m + u + s
            surprise, weight = np.where(has, y - predicted, 0.0), has / variance
            at_top = self.at_top[place]
            if not at_top.any():
                total -= 0.5 * (has @ np.log(variance) + surprise @ (surprise / variance))
            else:
                sd = np.sqrt(variance)
                below = has & ~at_top
                total -= 0.5 * (
                    below @ np.log(variance) + np.where(below, surprise**2 / variance, 0.0).sum()
                )
                alpha = (self.ceiling - predicted) / sd
                total += np.where(at_top, log_ndtr(-alpha), 0.0).sum()
                ratio = _SQRT_2_OVER_PI / erfcx(alpha / _SQRT_2)
                surprise = np.where(at_top, sd * ratio, surprise)
                weight = np.where(
                    at_top, np.clip(ratio * (ratio - alpha), 0.0, 1.0) / variance, weight
                )
            pull = surprise / variance
            u, s = u + gain_u * pull, s + gain_s * pull
            puu, pus, pss = (
                puu - weight * gain_u * gain_u,
                pus - weight * gain_u * gain_s,
                pss - weight * gain_s * gain_s,
            )
        return float(total)

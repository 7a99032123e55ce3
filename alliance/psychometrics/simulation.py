"""Invented courses of ratings, undisturbed and disturbed, to try a rule on before it is used.

The model is the detector's own: a client's level, a state that wanders around
it, and error of measurement. A scenario departs from it in one respect, so
that it can be seen what the departure costs. Disturbances are counted in
within-client standard deviations, sigma_w = sqrt(ss2 + se2), so the figures
hold for any scale. Pure: a seeded generator in, arrays out; the same seed
gives the same courses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, sqrt
from types import MappingProxyType

import numpy as np

from alliance.psychometrics.detector import Parameters

# The model of the published figures, on a scale whose ratings have a standard deviation of
# 4.5: between clients .60 of the variance, the state .25 (phi .4), error .15.
REFERENCE = Parameters(m=36.0, sb2=12.15, ss2=5.0625, se2=3.0375, phi=0.4)
# Growth is told per so many sessions.
GROWTH_OVER = 20
# Where a scenario has a maximum, marks are rounded to a 45th of a standard deviation, and those
# within 4 such steps of it are "at the maximum": on a scale of 40 with a standard deviation of
# 4.5 that is one decimal, and 39.6 or more.
STEPS_IN_SD, STEPS_AT_MAXIMUM = 45, 4


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way in which courses may differ from what a detector is told.

    `words`        what it draws, in a sentence
    `between`      the true share of variance between clients, where it is not
                   the one assumed; the rest is split as assumed
    `phi`          the true correlation of the state from session to session,
                   where it is not the one assumed
    `variability`  standard deviation of the logarithm of the factor by which a
                   client's state and error are stretched, 0 or more; the mean
                   square of the factor is 1
    `tails`        degrees of freedom of the Student t from which state and
                   error are drawn, above 2, scaled to their variances
    `growth`       mean and standard deviation over clients of the linear gain
                   in the first 20 sessions, in within-client SDs
    `knows_growth` whether the detector is told the mean gain
    `maximum`      where the scale ends, in total SDs above the mean; None
                   where it never does
    `missing`      share of sessions without a rating, drawn for each session
                   by itself, from 0 up to but not including 1
    """

    words: str
    between: float | None = None
    phi: float | None = None
    variability: float = 0.0
    tails: float = inf
    growth: tuple[float, float] = (0.0, 0.0)
    knows_growth: bool = False
    maximum: float | None = None
    missing: float = 0.0

    def truth(self, assumed: Parameters) -> Parameters:
        """Return the parameters that courses are drawn from; the total variance stays."""
        truth = assumed if self.phi is None else replace(assumed, phi=self.phi)
        if self.between is None:
            return truth
        total = assumed.sb2 + assumed.ss2 + assumed.se2
        within = (1 - self.between) * total / (assumed.ss2 + assumed.se2)
        return replace(
            truth, sb2=self.between * total, ss2=within * assumed.ss2, se2=within * assumed.se2
        )

    def told(self, assumed: Parameters) -> Parameters:
        """Return the parameters that the detector is given."""
        if self.knows_growth:
            gain = self.growth[0] * sqrt(assumed.ss2 + assumed.se2)
            means = tuple(
                assumed.mean_at(number + 1) + gain * number / (GROWTH_OVER - 1)
                for number in range(GROWTH_OVER)
            )
            return replace(assumed, m=means)
        if self.maximum is not None:
            top, step = self._end(assumed)
            return replace(assumed, ceiling=top - (STEPS_AT_MAXIMUM + 0.5) * step)
        return assumed

    def _end(self, assumed):
        """Return the maximum of the scale and one step of it, in the measure's points."""
        sd = sqrt(assumed.sb2 + assumed.ss2 + assumed.se2)
        return assumed.mean_at(1) + (self.maximum or 0.0) * sd, sd / STEPS_IN_SD


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "gauss": Scenario("The model as it stands: everything normal, all parameters known."),
        "heterogeneous": Scenario(
            "Clients differ in variability: state and error are stretched by a log-normal factor "
            "of the client's own (SD of its logarithm .4, mean square 1).",
            variability=0.4,
        ),
        "heavy tails": Scenario(
            "State and error come from a Student t with 5 degrees of freedom, scaled to the same "
            "variances: now and then a rating is far out.",
            tails=5,
        ),
        "growth": Scenario(
            "Ratings rise by 1 within-client SD over 20 sessions, SD over clients .5; the "
            "detector is told the mean of each session.",
            growth=(1.0, 0.5),
            knows_growth=True,
        ),
        "unknown growth": Scenario(
            "The same growth, and the detector is told one mean for all sessions.",
            growth=(1.0, 0.5),
        ),
        "ceiling": Scenario(
            "The scale ends .2 total SDs above the mean, so that 46 % of ratings are at or near "
            "the maximum; the detector reads these as \u201cat least so much\u201d.",
            maximum=0.2,
        ),
        "missing": Scenario(
            "Each session goes unrated with probability .25, whatever was felt.", missing=0.25
        ),
        "between .40": Scenario(
            "The true share between clients is .40; the detector assumes .60.", between=0.40
        ),
        "between .50": Scenario(
            "The true share between clients is .50; the detector assumes .60.", between=0.50
        ),
        "between .75": Scenario(
            "The true share between clients is .75; the detector assumes .60.", between=0.75
        ),
        "phi .65": Scenario(
            "The state's true correlation from session to session is .65; the detector assumes .4.",
            phi=0.65,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Courses:
    """Courses before anything disturbs them.

    `latent`   ratings as they would be on an endless scale, (courses, sessions)
    `rated`    which sessions are rated, of the same shape
    `level`    each client's deviation from the mean, (courses, 1), without growth
    `state`    how the client's state deviates from that, (courses, sessions)
    `sigma_w`  the true within-client standard deviation, in points
    `maximum`, `step`  where the scale ends and its step, or None and None
    """

    latent: np.ndarray
    rated: np.ndarray
    level: np.ndarray
    state: np.ndarray
    sigma_w: float
    maximum: float | None = None
    step: float | None = None

    def ratings(self, shift: np.ndarray | float = 0.0) -> np.ndarray:
        """Return the ratings, (courses, sessions), NaN where not rated.

        `shift` is added before the scale ends, in within-client SDs, negative
        for lower; it is a number, one for each session, or one for each
        session of each course. The same courses come with and without it, so
        that the two can be compared in pairs.
        """
        given = self.latent + np.asarray(shift) * self.sigma_w
        if self.maximum is not None and self.step is not None:
            below = np.minimum(given, self.maximum) - self.maximum
            given = self.maximum + np.round(below / self.step) * self.step
        return np.where(self.rated, given, np.nan)


def draw(
    scenario: Scenario,
    assumed: Parameters,
    *,
    courses: int,
    sessions: int,
    generator: np.random.Generator,
) -> Courses:
    """Draw undisturbed courses.

    In every scenario: a level for each course from N(0, sb2) around the mean
    of the session; a first state from N(0, ss2), and from then on phi times
    the last plus N(0, ss2 (1 - phi^2)); an error from N(0, se2) for each
    session. `assumed` are the detector's parameters, of which the scenario
    changes what its fields say; normal draws of state and error become Student
    t where it has `tails`.

    Raises ValueError unless there is at least one course of one session.
    """
    if courses < 1 or sessions < 1:
        raise ValueError("there is at least one course of one session")
    truth = scenario.truth(assumed)
    shape = (courses, sessions)
    sigma_w = sqrt(truth.ss2 + truth.se2)
    level = sqrt(truth.sb2) * generator.standard_normal((courses, 1))
    state = sqrt(truth.ss2) * _shocks(scenario.tails, shape, generator)
    for t in range(1, sessions):
        state[:, t] = truth.phi * state[:, t - 1] + sqrt(1 - truth.phi**2) * state[:, t]
    error = sqrt(truth.se2) * _shocks(scenario.tails, shape, generator)
    if scenario.variability:
        spread = scenario.variability
        own = np.exp(spread * generator.standard_normal((courses, 1)) - spread * spread)
        state, error = own * state, own * error
    means = np.array([truth.mean_at(t + 1) for t in range(sessions)])
    latent = means + level + state + error
    if scenario.growth != (0.0, 0.0):
        mean, sd = scenario.growth
        gain = mean + sd * generator.standard_normal((courses, 1))
        latent += gain * sigma_w * np.minimum(np.arange(sessions) / (GROWTH_OVER - 1), 1.0)
    rated = np.ones(shape, dtype=bool)
    if scenario.missing:
        rated = generator.random(shape) >= scenario.missing
    if scenario.maximum is None:
        return Courses(latent, rated, level, state, sigma_w)
    return Courses(latent, rated, level, state, sigma_w, *scenario._end(assumed))


def _shocks(tails, shape, generator):
    """Return draws of variance 1, normal or Student t."""
    if tails == inf:
        return generator.standard_normal(shape)
    return sqrt((tails - 2) / tails) * generator.standard_t(tails, shape)


# --- Disturbances: shifts for each session, in within-client SDs, sessions counted from 1 -----


def dip(sessions: int, *, at: int, size: float) -> np.ndarray:
    """Return a drop of `size` at one session only."""
    _check(sessions, at)
    return _shifts(sessions, at, np.array([size]))


def step(sessions: int, *, start: int, size: float) -> np.ndarray:
    """Return a drop of `size` that begins at a session and stays."""
    _check(sessions, start)
    return _shifts(sessions, start, np.full(sessions, size))


def u_shape(sessions: int, *, start: int, size: float, length: int = 3) -> np.ndarray:
    """Return a drop that deepens to `size` and closes again: half a sine over `length` sessions.

    With three sessions the depths are .71, 1 and .71 of `size`.
    """
    _check(sessions, start, length)
    return _shifts(sessions, start, size * np.sin(np.pi * np.arange(1, length + 1) / (length + 1)))


def drift(sessions: int, *, start: int, size: float, over: int = 4) -> np.ndarray:
    """Return a drop that grows evenly to `size` over so many sessions, and then stays."""
    _check(sessions, start, over)
    return _shifts(sessions, start, size * np.minimum(np.arange(1, sessions + 1) / over, 1.0))


def _check(sessions, start, length=1):
    if not 1 <= start <= sessions:
        raise ValueError(f"there is no session {start} among {sessions}")
    if length < 1:
        raise ValueError("a disturbance lasts for one session at least")


def _shifts(sessions, start, depths):
    shifts = np.zeros(sessions)
    shifts[start - 1 : start - 1 + len(depths)] = -depths[: sessions - start + 1]
    return shifts


def random_dips(
    courses: int, sessions: int, *, share: float, generator: np.random.Generator
) -> np.ndarray:
    """Return which sessions dip, (courses, sessions): each with probability `share`, 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError("a share lies between 0 and 1")
    return generator.random((courses, sessions)) < share

"""Invented sessions with more than one witness, and what can be concluded from them together.

A client gives three components, may skip a question, and may answer a direct
one; the therapist gives a rating too. `Setting` says how much these are worth;
`evidence` weighs them by Bayes' rule. Used by bench/evidence.py.
"""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, logsumexp

from alliance.psychometrics.detector import Findings, Parameters, detect_many
from alliance.psychometrics.simulation import Courses, Scenario, draw

# All in units of the standard deviation of the total.
TOTAL = Parameters(m=0.0, sb2=0.60, ss2=0.25, se2=0.15, phi=0.4)
SIGMA_W = sqrt(TOTAL.ss2 + TOTAL.se2)
# Client's and therapist's ratings correlate at .36 over all sessions of all clients.
OVERALL_R = 0.36
# What is specific to a component, split into between clients, state and error.
SPLIT = (0.30, 0.20, 0.50)
# Two contrasts of three components, orthonormal, and free of their mean.
CONTRASTS = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
# A drop that all components share; one in a component only; one that the therapist notices:
# in within-client standard deviations of the total, the component, and the therapist's rating.
SHARED_DROP, ONE_DROP, THERAPIST_FALL, SPREAD = 2.0, 3.0, 1.5, 0.75
# The share of drops in one component that the evidence reckons with.
ONE_SHARE = 0.30
# A normal spread in three points.
POINTS, WEIGHTS = np.array([-sqrt(3), 0.0, sqrt(3)]), np.array([1 / 6, 2 / 3, 1 / 6])


@dataclass(frozen=True, slots=True)
class Setting:
    """How much the other witnesses are worth.

    `components`       correlation of two components
    `answered`         share of rated sessions at which the direct question is answered
    `yes_event`, `yes_else`  probability of a yes where something happened, and where nothing did
    `yes_spread`       how far clients differ in the latter: intraclass correlation
    `yes_slope`        by how much (in logits) a rating lower by one within-client SD by chance
                       makes a yes likelier
    `skip_event`, `skip_else`  probability that a question of the form is skipped
    `notices`          probability that the therapist notices what happened
    `therapist_rated`  share of sessions that the therapist rates
    `within_r`         correlation of both ratings within a client where nothing happened
    """

    components: float
    answered: float
    yes_event: float
    yes_else: float
    yes_spread: float
    yes_slope: float
    skip_event: float
    skip_else: float
    notices: float
    therapist_rated: float
    within_r: float

    @property
    def level_r(self) -> float:
        """Correlation of client's and therapist's levels over clients."""
        return (OVERALL_R - (1 - TOTAL.sb2) * self.within_r) / TOTAL.sb2

    @property
    def state_r(self) -> float:
        """Correlation of their states."""
        return self.within_r * (TOTAL.ss2 + TOTAL.se2) / TOTAL.ss2

    @property
    def specific(self) -> Parameters:
        """Return how a contrast of components varies."""
        total = 3 * (1 - self.components) / (1 + 2 * self.components)
        sb2, ss2, se2 = (part * total for part in SPLIT)
        return Parameters(m=0.0, sb2=sb2, ss2=ss2, se2=se2, phi=TOTAL.phi)

    @property
    def sigma_component(self) -> float:
        """Within-client standard deviation of a component."""
        own = self.specific.ss2 + self.specific.se2
        return sqrt(TOTAL.ss2 + TOTAL.se2 + own * 2 / 3)


SETTINGS = {
    "optimistic": Setting(
        components=0.55,
        answered=0.95,
        yes_event=0.60,
        yes_else=0.03,
        yes_spread=0.0,
        yes_slope=0.0,
        skip_event=0.20,
        skip_else=0.03,
        notices=0.60,
        therapist_rated=1.0,
        within_r=0.30,
    ),
    "middle": Setting(
        components=0.70,
        answered=0.85,
        yes_event=0.35,
        yes_else=0.06,
        yes_spread=0.05,
        yes_slope=0.3,
        skip_event=0.10,
        skip_else=0.05,
        notices=0.40,
        therapist_rated=0.8,
        within_r=0.20,
    ),
    "pessimistic": Setting(
        components=0.85,
        answered=0.60,
        yes_event=0.15,
        yes_else=0.10,
        yes_spread=0.15,
        yes_slope=0.8,
        skip_event=0.10,
        skip_else=0.10,
        notices=0.15,
        therapist_rated=0.6,
        within_r=0.08,
    ),
}
MIDDLE = SETTINGS["middle"]


@dataclass(frozen=True, slots=True)
class Events:
    """What happened at which session, (courses, sessions).

    `happened`  whether anything did
    `shared`    drop of all components, in within-client SDs of the total
    `one`       which component drops by itself (0 to 2), or -1
    """

    happened: np.ndarray
    shared: np.ndarray
    one: np.ndarray

    @classmethod
    def none(cls, courses: int, sessions: int) -> "Events":
        shape = (courses, sessions)
        return cls(np.zeros(shape, bool), np.zeros(shape), np.full(shape, -1))

    @classmethod
    def of(cls, happened: np.ndarray, kind: str, generator: np.random.Generator) -> "Events":
        """Return events of one kind: "shared", "one" component, or "hidden" from the rating.

        "mixed": .5 shared, .2 in one component, .3 hidden.
        """
        cuts = {"shared": (1, 1), "one": (0, 1), "hidden": (0, 0), "mixed": (0.5, 0.7)}[kind]
        chance = generator.random(happened.shape)
        is_one = happened & (chance >= cuts[0]) & (chance < cuts[1])
        which = generator.integers(0, 3, happened.shape)
        shared = SHARED_DROP * (happened & (chance < cuts[0]))
        return cls(happened, shared, np.where(is_one, which, -1))


@dataclass(frozen=True, slots=True)
class World:
    """Undisturbed courses with all witnesses, and the chances that decide what they say."""

    scenario: Scenario
    setting: Setting
    client: Courses
    specific: np.ndarray
    therapist: np.ndarray
    therapist_rated: np.ndarray
    yes_else: np.ndarray
    chances: np.ndarray


@dataclass(frozen=True, slots=True)
class Said:
    """What was said at each session, NaN where nothing was; contrasts are (2, courses, sessions).

    `yes` and `skipped` are 1, 0, or NaN where not answered.
    """

    total: np.ndarray
    contrasts: np.ndarray
    therapist: np.ndarray
    yes: np.ndarray
    skipped: np.ndarray


def draw_world(
    scenario: Scenario, setting: Setting, *, courses: int, sessions: int, generator
) -> World:
    """Draw undisturbed courses, with components, therapist's ratings and answers to come."""
    size = {"courses": courses, "sessions": sessions, "generator": generator}
    client = draw(scenario, TOTAL, **size)
    truth = scenario.truth(TOTAL)
    plain = replace(scenario, between=None, missing=0.0, maximum=None, growth=(0.0, 0.0))
    own = setting.specific
    as_true = replace(
        own,
        sb2=own.sb2 * truth.sb2 / TOTAL.sb2,
        ss2=own.ss2 * truth.ss2 / TOTAL.ss2,
        se2=own.se2 * truth.se2 / TOTAL.se2,
    )
    specific = np.stack([draw(plain, as_true, **size).latent for _component in range(3)])
    specific -= specific.mean(axis=0)
    other = draw(plain, truth, **size)
    error = other.latent - other.level - other.state
    level_r, state_r = setting.level_r, setting.state_r
    therapist = (
        level_r * client.level
        + sqrt(1 - level_r**2) * other.level
        + state_r * client.state
        + sqrt(1 - state_r**2) * other.state
        + error
    )
    low = np.mean(client.latent, axis=1, keepdims=True) - client.latent
    chances = generator.random((4, courses, sessions))
    return World(
        scenario=scenario,
        setting=setting,
        client=client,
        specific=specific,
        therapist=therapist,
        therapist_rated=generator.random((courses, sessions)) < setting.therapist_rated,
        yes_else=_yes_without_event(setting, low / client.sigma_w, generator),
        chances=chances,
    )


def _yes_without_event(setting, low, generator):
    """Return the probability of a yes where nothing happened, with its mean as the setting says."""
    mean, spread = setting.yes_else, setting.yes_spread
    base = np.full((len(low), 1), mean)
    if spread:
        prior = (1 - spread) / spread
        base = np.clip(generator.beta(mean * prior, (1 - mean) * prior, base.shape), 1e-6, 1 - 1e-6)
    leaning = setting.yes_slope * low[:2_000]
    apart = brentq(lambda by: expit(logit(base[:2_000]) + leaning + by).mean() - mean, -6, 6)
    return expit(logit(base) + setting.yes_slope * low + apart)


def hear(world: World, events: Events) -> Said:
    """Return what is said of courses with these events."""
    client, setting = world.client, world.setting
    sessions = events.happened.shape[1]
    shift = -events.shared * client.sigma_w
    parts = client.latent[:, :sessions] + shift + world.specific[:, :, :sessions]
    for place in range(3):
        parts[place] -= (events.one == place) * ONE_DROP * _component_sd(world)
    if client.maximum is not None:
        below = np.minimum(parts, client.maximum) - client.maximum
        parts = client.maximum + np.round(below / client.step) * client.step
    rated = client.rated[:, :sessions]
    answered, yes, skipped, notices = world.chances[:, :, :sessions]
    # Whoever hides it from the rating is half as likely to say it when asked.
    is_hidden = events.happened & (events.shared == 0) & (events.one < 0)
    said_yes = np.where(is_hidden, 0.5 * setting.yes_event, setting.yes_event)
    yes_chance = np.where(events.happened, said_yes, world.yes_else[:, :sessions])
    skip_chance = np.where(events.happened, setting.skip_event, setting.skip_else)
    fall = THERAPIST_FALL * client.sigma_w * (events.happened & (notices < setting.notices))
    therapist = world.therapist[:, :sessions] - fall
    return Said(
        total=np.where(rated, parts.mean(axis=0), np.nan),
        contrasts=np.where(rated, np.tensordot(CONTRASTS, parts, axes=1), np.nan),
        therapist=np.where(world.therapist_rated[:, :sessions], therapist, np.nan),
        yes=np.where(rated & (answered < setting.answered), yes < yes_chance, np.nan),
        skipped=np.where(rated, skipped < skip_chance, np.nan),
    )


def _component_sd(world):
    """Return the within-client standard deviation of a component in this world."""
    return world.setting.sigma_component * world.client.sigma_w / SIGMA_W


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said, each series set against what is usual for it by the detector.

    The detector is told the middle setting, whatever the true one is.
    """

    said: Said
    total: Findings
    contrasts: tuple[Findings, Findings]
    therapist: Findings


def judge(said: Said, told: Parameters) -> Judged:
    return Judged(
        said=said,
        total=detect_many(said.total, told),
        contrasts=tuple(detect_many(series, MIDDLE.specific) for series in said.contrasts),
        therapist=detect_many(said.therapist, TOTAL),
    )


def scaled(findings: Findings) -> np.ndarray:
    """Return deviations from the usual level in the client's own units; NaN where not tested."""
    return np.where(np.isnan(findings.p), np.nan, findings.zb / np.sqrt(findings.kap))


def evidence(
    judged: Judged,
    *,
    null_r: float = 0.0,
    components: bool = False,
    skipped: bool = False,
    question: bool = False,
    therapist: bool = False,
    since: int = 0,
) -> np.ndarray:
    """Return the logarithm of the Bayes factor for "something happened", (courses, sessions).

    Two accounts: nothing happened, and the deviations are Student t; or
    something did, by one of several alternatives. The total always counts; the
    other witnesses where asked for and where they said something, each worth
    what the middle setting says. `null_r` is the correlation of client's and
    therapist's deviations where nothing happened; sessions before `since`,
    counted from 0, are left out. Minus infinity where the total is not tested.
    """
    late = np.s_[:, since:]
    z, df = scaled(judged.total)[late], judged.total.df[late]
    one_in_z = 1 / np.sqrt(judged.total.V[late])
    own_z = [scaled(found)[late] for found in judged.contrasts]
    own_in_z = [1 / np.sqrt(found.V[late]) for found in judged.contrasts]
    his_z, his_in_z = scaled(judged.therapist)[late], 1 / np.sqrt(judged.therapist.V[late])
    kinds = [(-1, 1 - ONE_SHARE)] + [(place, ONE_SHARE / 3) for place in range(3)]
    falls = [(0.0, 1 - MIDDLE.notices)] + [
        (THERAPIST_FALL + SPREAD * point, MIDDLE.notices * weight)
        for point, weight in zip(POINTS, WEIGHTS, strict=True)
    ]
    terms, weights = [], []
    for place, kind_weight in kinds if components else [(-1, 1.0)]:
        for point, weight in zip(POINTS, WEIGHTS, strict=True):
            if place < 0:
                drop = (SHARED_DROP + SPREAD * point) * SIGMA_W
                alone, shifts = 0.0, (0.0, 0.0)
            else:
                size = (ONE_DROP + SPREAD * point) * MIDDLE.sigma_component
                drop, shifts = size / 3, size * CONTRASTS[:, place]
                alone = 1.0
            term = np.zeros_like(z)
            if components:
                for series, in_z, shift in zip(own_z, own_in_z, shifts, strict=True):
                    if alone:
                        term = term + _t(series + shift * in_z, df) - _t(series, df)
            for fall, fall_weight in falls if therapist else [(0.0, 1.0)]:
                moved = z + drop * one_in_z
                if therapist:
                    his = his_z + fall * SIGMA_W * his_in_z
                    both = _t2(moved, his, null_r, df) - _t2(z, his_z, null_r, df)
                    pair = np.where(np.isnan(his_z), _t(moved, df) - _t(z, df), both)
                else:
                    pair = _t(moved, df) - _t(z, df)
                terms.append(term + pair)
                weights.append(kind_weight * weight * fall_weight)
    weighed = logsumexp(np.stack(terms), b=np.array(weights)[:, None, None], axis=0)
    if question:
        weighed = weighed + _answer(judged.said.yes[late], MIDDLE.yes_event, MIDDLE.yes_else)
    if skipped:
        weighed = weighed + _answer(judged.said.skipped[late], MIDDLE.skip_event, MIDDLE.skip_else)
    return np.where(np.isnan(weighed), -np.inf, weighed)


def _t(z, df):
    return -(df + 1) / 2 * np.log1p(z * z / df)


def _t2(one, other, r, df):
    square = (one * one - 2 * r * one * other + other * other) / (1 - r * r)
    return -(df + 2) / 2 * np.log1p(square / df)


def _answer(said, event, otherwise):
    """Return the log-likelihood ratio of an answer, 0 where there is none."""
    yes, no = np.log(event / otherwise), np.log((1 - event) / (1 - otherwise))
    return np.where(np.isnan(said), 0.0, np.where(said == 1, yes, no))


def best_power(drops: tuple[float, float], *, r: tuple[float, float], sessions: int) -> float:
    """Return the distance, in standard deviations, of a drop from chance, all variances known.

    Client's and therapist's totals up to a session are normal; `drops` of the
    two at that session, in points; `r` are the correlations of levels and
    states. The other sessions are conditioned on.
    """
    lags = np.abs(np.subtract.outer(np.arange(sessions), np.arange(sessions)))
    state = TOTAL.ss2 * TOTAL.phi**lags
    alone = TOTAL.sb2 + state + TOTAL.se2 * np.eye(sessions)
    cross = r[0] * TOTAL.sb2 + r[1] * state
    whole = np.block([[alone, cross], [cross, alone]])
    now = [sessions - 1, 2 * sessions - 1]
    past = [place for place in range(2 * sessions) if place not in now]
    by_past = np.linalg.solve(whole[np.ix_(past, past)], whole[np.ix_(past, now)])
    left = whole[np.ix_(now, now)] - whole[np.ix_(now, past)] @ by_past
    return float(np.sqrt(np.array(drops) @ np.linalg.solve(left, np.array(drops))))

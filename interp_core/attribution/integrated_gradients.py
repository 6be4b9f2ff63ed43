"""Integrated gradients (Sundararajan et al. 2017): (x − x')_i · ∫₀¹ ∂F/∂x_i(x' + α(x − x')) dα.

The integrand is a bump somewhere on the way, so the points are found while computing:

- α = t², which puts more points near the baseline, and whose first point has no weight;
- a cubic spline through the points in t is integrated exactly, between any two neighbours;
- between neighbours the sum over tokens must be F's change, which is known without a further
  gradient. Where the two disagree most, intervals are halved. All points are kept.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.attribution.result import MethodOutput, relative_error
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.attribution.baselines import Baseline
    from interp_core.attribution.forward_function import TextFunction


CAP = 96  # evaluations of the adaptive rule without `evaluations`
FIRST = 12  # evaluations of its first round
MOST = 8  # new points in one round
NARROWEST = 1e-3  # in t; halving goes no further
MARKED = 0.7  # share of the disagreement that a round's new points must cover
# What two ways of computing the same pass differ by, in units of the format's rounding of F.
# Measured in float32 on 200 sentences: a difference of two intervals' disagreements stays below 35
# in 99 %, a sum over intervals below 105.
TIE, SUM = 35, 105
GAUSS_POINTS = 50


def integrated_gradients(
    explained: TextFunction,
    start: Baseline,
    *,
    rule: str = "adaptive",
    evaluations: int | None = None,
) -> MethodOutput:
    """Integrated gradients from the baseline `start`, summed over dimensions.

    `rule` "adaptive" refines until the estimated error of every token and the relative delta are
    below 1 %, or 96 evaluations are spent; with `evaluations` it spends exactly that many.
    "gausslegendre" takes that many Gauss-Legendre points in α (50), as Captum does; it estimates
    no error. Raises `BadInput` for unknown rules and fewer than 2 evaluations.
    """
    check_rule(rule, evaluations)
    explained.meter.expected += forecast(rule, evaluations)
    steps = path_steps(len(explained), start.value, rule, evaluations)
    alphas = next(steps)
    while True:
        try:
            alphas = steps.send(along_path(explained, start, alphas))
        except StopIteration as end:
            return end.value


def check_rule(rule: str, evaluations: int | None) -> None:
    """Raises `BadInput` for unknown rules and fewer than 2 evaluations."""
    if rule not in RULES:
        raise BadInput(f"Unknown rule {rule!r}. Choose one of: {', '.join(RULES)}.")
    if evaluations is not None and evaluations < 2:
        raise BadInput("Integrated gradients need at least 2 evaluations.")


Steps = Generator[np.ndarray, tuple[np.ndarray, np.ndarray], MethodOutput]


class Undecided(Exception):
    """Rounding decides which points of the path are taken next, or whether any are."""


def path_steps(
    tokens: int, value: float, rule: str, evaluations: int | None, rounding: float = 0.0
) -> Steps:
    """Ask for points, get F (points,) and slopes (points, n) as of `along_path`, give the scores.

    `value` is F at the baseline. Several texts may take their steps together. With the format's
    relative `rounding` they raise `Undecided` where another order of the same sums could lead to
    other points.
    """
    return RULES[rule](tokens, value, evaluations, rounding)


def forecast(rule: str, evaluations: int | None) -> int:
    """About how many points the rule will ask for."""
    return evaluations or (GAUSS_POINTS if rule == "gausslegendre" else 2 * FIRST)


def _adaptive(tokens: int, value: float, evaluations: int | None, rounding: float) -> Steps:
    cap = evaluations or CAP
    used = min(max(FIRST, (evaluations or 0) // 2), cap)
    most = max(MOST, (evaluations or 0) // 4)
    ends = PathSamples(np.zeros(1), np.array([value]), np.zeros((1, tokens)))
    samples = ends.joined((yield from _sample(np.arange(1, used + 1) / used)))
    estimate = estimate_integral(samples, rounding)
    while used < cap and (evaluations or not estimate.good):
        new = _halfway(samples.t, estimate, min(most, cap - used))
        if not len(new):
            break
        samples = samples.joined((yield from _sample(new)))
        estimate, used = estimate_integral(samples, rounding), used + len(new)
    return MethodOutput(estimate.scores, estimate.token_error)


def _halfway(t: np.ndarray, estimate: Estimate, limit: int) -> np.ndarray:
    """Middles of the worst intervals, which together hold most of the disagreement.

    Where F jumps (experts that switch), intervals cannot be halved for ever: none may be left.
    """
    disagreement = np.where(np.diff(t) > NARROWEST, estimate.disagreement, 0.0)
    worst_first = np.argsort(-disagreement, kind="stable")
    sizes = disagreement[worst_first]
    missing = np.cumsum(sizes) - MARKED * sizes.sum()
    count = min(1 + int(np.searchsorted(missing, 0)), limit)
    if estimate.slack:
        _check_choice(sizes, missing[: limit - 1], count, estimate.slack)
    chosen = worst_first[:count]
    chosen = chosen[np.diff(t)[chosen] > NARROWEST]
    return (t[chosen] + t[chosen + 1]) / 2


def _check_choice(sizes: np.ndarray, missing: np.ndarray, count: int, slack: float) -> None:
    """Raises `Undecided` where the first `count` of `sizes` are not clearly those to choose."""
    next_one = sizes[count] if count < len(sizes) else 0.0
    tied = next_one > 0 and sizes[count - 1] - next_one < TIE * slack
    if tied or (np.abs(missing) < SUM * slack).any():
        raise Undecided


def _sample(t: np.ndarray) -> Generator[np.ndarray, tuple, PathSamples]:
    """F and the integrand in t at α = t²; one evaluation for each point."""
    values, slopes = yield t**2
    return PathSamples(t, values, slopes * 2 * t[:, None])


def along_path(
    explained: TextFunction, start: Baseline, alphas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """F (points,) and (x − x')_i · ∂F/∂x_i (points, n) at x' + α (x − x'), a chunk at a time."""
    away = explained.embeddings - start.embeddings
    values, slopes = [], []
    for chunk in torch.as_tensor(alphas, dtype=away.dtype, device=away.device).split(
        explained.rows
    ):
        value, slope = explained.gradients(start.embeddings + chunk[:, None, None] * away)
        values.append(value.cpu().double().numpy())
        slopes.append((slope.cpu().double() * away.cpu()).sum(-1).numpy())
    return np.concatenate(values), np.concatenate(slopes)


def _gauss_legendre(tokens: int, value: float, evaluations: int | None, rounding: float) -> Steps:
    points, weights = np.polynomial.legendre.leggauss(evaluations or GAUSS_POINTS)
    _, slopes = yield (points + 1) / 2
    return MethodOutput(weights / 2 @ slopes)


RULES = {"adaptive": _adaptive, "gausslegendre": _gauss_legendre}
GOAL = 0.01  # of the estimated token error and of the relative delta
# Measured on 80 pairs of SST-2 sentence and baseline: half the summed disagreement bounds the true
# error of the worst token in 97 %. A spline through every other point has h⁴, so 16 times, the
# error; it guards against errors of two tokens that cancel in the sum.
SUM_SHARE, COARSE_SHARE = 1 / 2, 1 / 16


@dataclass(frozen=True)
class PathSamples:
    """The path at increasing t (points,): F (points,) and (x − x')_i ∂F/∂x_i dα/dt (points, n)."""

    t: np.ndarray
    values: np.ndarray
    slopes: np.ndarray

    def parts(self) -> np.ndarray:
        """The integral between neighbours, (points − 1, n)."""
        from scipy.interpolate import CubicSpline

        return np.diff(CubicSpline(self.t, self.slopes).antiderivative()(self.t), axis=0)

    def coarser(self) -> PathSamples:
        """Every other point, and both ends."""
        keep = np.unique(np.r_[np.arange(0, len(self.t), 2), len(self.t) - 1])
        return PathSamples(self.t[keep], self.values[keep], self.slopes[keep])

    def joined(self, other: PathSamples) -> PathSamples:
        """All points of both, in order."""
        order = np.argsort(np.r_[self.t, other.t])
        return PathSamples(
            np.r_[self.t, other.t][order],
            np.r_[self.values, other.values][order],
            np.concatenate([self.slopes, other.slopes])[order],
        )


@dataclass(frozen=True)
class Estimate:
    """Scores (n,) from samples, with their estimated errors and where they come from."""

    scores: np.ndarray
    token_error: float
    relative_delta: float
    disagreement: np.ndarray  # of each interval, in shares of the largest score
    slack: float = 0.0  # rounding of F, in the same shares
    delta_slack: float = 0.0  # the same in shares of F's change

    @property
    def good(self) -> bool:
        """Whether both errors are below one per cent. Raises `Undecided`."""
        good, *others = (
            self.token_error + way * SUM * self.slack <= GOAL
            and self.relative_delta + way * SUM * self.delta_slack <= GOAL
            for way in (0, -1, 1)
        )
        if others[0] != others[1]:
            raise Undecided
        return good


def estimate_integral(samples: PathSamples, rounding: float = 0.0) -> Estimate:
    """Scores and error estimates from the samples alone.

    With the format's relative `rounding` the estimate knows what rounding may change.
    """
    parts = samples.parts()
    scores = parts.sum(0)
    largest = np.abs(scores).max() or 1.0
    missed = parts.sum(1) - np.diff(samples.values)
    disagreement = np.abs(missed) / largest
    coarse = relative_error(samples.coarser().parts().sum(0), scores)
    whole = abs(samples.values[-1] - samples.values[0])
    delta = abs(missed.sum())
    rounded = rounding * np.abs(samples.values).max()
    return Estimate(
        scores,
        max(SUM_SHARE * disagreement.sum(), COARSE_SHARE * coarse),
        delta / whole if whole else float(delta > 0),
        disagreement,
        rounded / largest,
        rounded / whole if whole else 0.0,
    )

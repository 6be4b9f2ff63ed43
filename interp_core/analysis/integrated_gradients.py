"""Integrated gradients (Sundararajan et al. 2017): (x − x')_i · ∫₀¹ ∂F/∂x_i(x' + α(x − x')) dα.

The integrand is a bump somewhere on the way, so the points are found while computing:

- α = t², which puts more points near the baseline, and whose first point has no weight;
- a cubic spline through the points in t is integrated exactly, between any two neighbours;
- between neighbours the sum over tokens must be F's change, which is known without a further
  gradient. Where the two disagree most, intervals are halved. All points are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.analysis.path_samples import Samples, judge
from interp_core.analysis.raw import Raw
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.baselines import Start
    from interp_core.analysis.explained import Explained

CAP = 96  # evaluations of the adaptive rule without `evaluations`
FIRST = 12  # evaluations of its first round
MOST = 8  # new points in one round
NARROWEST = 1e-3  # in t; halving goes no further
MARKED = 0.7  # share of the disagreement that a round's new points must cover
GAUSS_POINTS = 50


def integrated_gradients(
    explained: Explained,
    start: Start,
    *,
    rule: str = "adaptive",
    evaluations: int | None = None,
) -> Raw:
    """Integrated gradients from the baseline `start`, summed over dimensions.

    `rule` "adaptive" refines until the estimated error of every token and the relative delta are
    below 1 %, or 96 evaluations are spent; with `evaluations` it spends exactly that many.
    "gausslegendre" takes that many Gauss-Legendre points in α (50), as Captum does; it estimates
    no error. Raises `BadInput` for unknown rules and fewer than 2 evaluations.
    """
    if rule not in RULES:
        raise BadInput(f"Unknown rule {rule!r}. Choose one of: {', '.join(RULES)}.")
    if evaluations is not None and evaluations < 2:
        raise BadInput("Integrated gradients need at least 2 evaluations.")
    return RULES[rule](explained, start, evaluations)


def _adaptive(explained: Explained, start: Start, evaluations: int | None) -> Raw:
    cap = evaluations or CAP
    used = min(max(FIRST, (evaluations or 0) // 2), cap)
    most = max(MOST, (evaluations or 0) // 4)
    explained.meter.expected += evaluations or 2 * FIRST
    inner = sample(explained, start, np.arange(1, used + 1) / used)
    ends = Samples(np.zeros(1), np.array([start.value]), np.zeros((1, len(explained))))
    samples = ends.joined(inner)
    estimate = judge(samples)
    while used < cap and (evaluations or not estimate.good):
        new = _halfway(samples.t, estimate.disagreement, min(most, cap - used))
        if not len(new):
            break
        samples = samples.joined(sample(explained, start, new))
        estimate, used = judge(samples), used + len(new)
    return Raw(estimate.scores, estimate.token_error)


def _halfway(t: np.ndarray, disagreement: np.ndarray, most: int) -> np.ndarray:
    """Middles of the worst intervals, which together hold most of the disagreement.

    Where F jumps (experts that switch), intervals cannot be halved for ever: none may be left.
    """
    disagreement = np.where(np.diff(t) > NARROWEST, disagreement, 0.0)
    worst_first = np.argsort(-disagreement, kind="stable")
    covered = np.cumsum(disagreement[worst_first])
    count = 1 + int(np.searchsorted(covered, MARKED * covered[-1]))
    chosen = worst_first[: min(count, most)]
    chosen = chosen[np.diff(t)[chosen] > NARROWEST]
    return (t[chosen] + t[chosen + 1]) / 2


def sample(explained: Explained, start: Start, t: np.ndarray) -> Samples:
    """F and the integrand in t at α = t²; one evaluation for each point."""
    values, slopes = along_path(explained, start, t**2)
    return Samples(t, values, slopes * 2 * t[:, None])


def along_path(
    explained: Explained, start: Start, alphas: np.ndarray
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


def _gauss_legendre(explained: Explained, start: Start, evaluations: int | None) -> Raw:
    points, weights = np.polynomial.legendre.leggauss(evaluations or GAUSS_POINTS)
    explained.meter.expected += len(points)
    _, slopes = along_path(explained, start, (points + 1) / 2)
    return Raw(weights / 2 @ slopes)


RULES = {"adaptive": _adaptive, "gausslegendre": _gauss_legendre}

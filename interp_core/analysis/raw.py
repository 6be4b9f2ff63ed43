"""What a method hands back, and how scores are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interp_core.models.finite import check_finite

GRADIENTS = (
    "The model's outputs are finite, so the gradients on the way are beyond its number format: "
    "load it in float32, or take a method without gradients."
)


@dataclass(frozen=True)
class Raw:
    """Scores of each token, (n,) float64, with the method's own estimate of their error.

    `token_error` is relative as in `relative_error`, or None where a method estimates none.
    """

    scores: np.ndarray
    token_error: float | None = None

    def __post_init__(self) -> None:
        check_finite(self.scores, "scores", GRADIENTS)


def relative_error(scores: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference of one token, in shares of the largest reference score."""
    largest = np.abs(reference).max(initial=0.0)
    worst = np.abs(scores - reference).max(initial=0.0)
    if worst == 0:
        return 0.0
    return float(worst / largest) if largest > 0 else float("inf")

"""What a method hands back, and how scores are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Raw:
    """Scores of each token, (n,) float64, with the method's own estimate of their error.

    `token_error` is relative as in `relative_error`, or None where a method estimates none.
    """

    scores: np.ndarray
    token_error: float | None = None


def relative_error(scores: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference of one token, in shares of the largest reference score."""
    largest = np.abs(reference).max(initial=0.0)
    worst = np.abs(scores - reference).max(initial=0.0)
    if worst == 0:
        return 0.0
    return float(worst / largest) if largest > 0 else float("inf")

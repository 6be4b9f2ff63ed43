"""Counts, means and squared deviations that merge exactly (Chan, Golub & LeVeque 1983)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """`count` int64, `mean` and `m2` (sum of squared deviations) float64, all of one shape."""

    count: np.ndarray
    mean: np.ndarray
    m2: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Moments:
        """Moments over the first axis; NaN stands for a value that does not exist."""
        known = ~np.isnan(values)
        count = known.sum(0)
        mean = np.divide(
            np.where(known, values, 0.0).sum(0, dtype=np.float64),
            count,
            out=np.zeros(count.shape),
            where=count > 0,
        )
        deviations = np.where(known, values - mean, 0.0)
        return cls(count, mean, np.square(deviations).sum(0))

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets of values together."""
        count = self.count + other.count
        share = np.divide(other.count, count, out=np.zeros(count.shape), where=count > 0)
        step = other.mean - self.mean
        mean = self.mean + step * share
        return Moments(count, mean, self.m2 + other.m2 + np.square(step) * self.count * share)

    @property
    def means(self) -> np.ndarray:
        """Means, NaN where nothing was counted."""
        return np.where(self.count > 0, self.mean, np.nan)

    @property
    def deviations(self) -> np.ndarray:
        """Sample standard deviations, NaN below two values."""
        spread = np.full(self.m2.shape, np.nan)
        np.divide(self.m2, self.count - 1, out=spread, where=self.count > 1)
        return np.sqrt(spread)

    @property
    def errors(self) -> np.ndarray:
        """Standard errors of the means, NaN below two values."""
        return self.deviations / np.sqrt(np.maximum(self.count, 1))

"""How far a model's numbers are from the true ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from interp_core.audit.figures import Draw, Figure


def regression_figures(true: np.ndarray, found: np.ndarray, draw: Draw) -> tuple[Figure, ...]:
    """Errors and correlations of numbers (n,), with bootstraps over texts."""
    from scipy.stats import rankdata
    from sklearn import metrics

    wrong = found - true

    def mean(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return lambda weights: (weights @ values) / weights.sum(1)

    def explained(weights: np.ndarray) -> np.ndarray:
        total = weights @ true**2 - (weights @ true) ** 2 / weights.sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(total > 0, 1 - (weights @ wrong**2) / total, np.nan)

    def correlation(a: np.ndarray, b: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        def of(weights: np.ndarray) -> np.ndarray:
            n = weights.sum(1)
            one, two = (weights @ a) / n, (weights @ b) / n
            both = (weights @ (a * b)) / n - one * two
            spread = ((weights @ a**2) / n - one**2) * ((weights @ b**2) / n - two**2)
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(spread > 0, both / np.sqrt(np.maximum(spread, 0)), np.nan)

        return of

    ones = np.ones((1, len(true)))
    pearson = correlation(true - true.mean(), found - found.mean())
    ranks = correlation(*(rankdata(each) - (len(true) + 1) / 2 for each in (true, found)))
    squared = mean(wrong**2)
    r2 = metrics.r2_score(true, found) if len(true) > 1 and np.ptp(true) > 0 else np.nan
    return (
        draw.figure(
            "mean_absolute_error",
            "Mean absolute error",
            metrics.mean_absolute_error(true, found),
            mean(np.abs(wrong)),
        ),
        draw.figure(
            "root_mean_squared_error",
            "Root mean squared error",
            metrics.root_mean_squared_error(true, found),
            lambda weights: np.sqrt(squared(weights)),
        ),
        draw.figure("mean_error", "Mean error (found − true)", wrong.mean(), mean(wrong)),
        draw.figure("r2", "Share of the variance explained (R²)", r2, explained),
        draw.figure("pearson", "Pearson correlation", pearson(ones)[0], pearson),
        draw.figure("spearman", "Rank correlation (Spearman)", ranks(ones)[0], ranks),
    )

"""Whether probabilities can be believed, and what another threshold would give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from interp_core.audit.figures import BOOTSTRAP, RESAMPLES, Draw, Figure, bootstrap, wilson
from interp_core.audit.predictions import Predictions, is_right
from interp_core.audit.record import SINGLE, AuditData
from interp_core.errors import BadInput

BINS = 10


def reliability(data: AuditData, predictions: Predictions, bins: int = BINS) -> pd.DataFrame:
    """The reliability diagram: equal bins of the answer's probability, without empty ones.

    Columns low, high (ends of the bin), n, confidence (mean), accuracy, accuracy_low and
    accuracy_high (Wilson). Guo et al. 2017. Raises `BadInput` where answers have no probability.
    """
    chance, right = _sure(data, predictions)
    place = _bin(chance, bins)
    n = np.bincount(place, minlength=bins)
    held, hits = np.flatnonzero(n), np.bincount(place, right, bins)
    low, high = wilson(hits[held], n[held])
    return pd.DataFrame(
        {
            "low": held / bins,
            "high": (held + 1) / bins,
            "n": n[held],
            "confidence": np.bincount(place, chance, bins)[held] / n[held],
            "accuracy": hits[held] / n[held],
            "accuracy_low": low,
            "accuracy_high": high,
        }
    )


def calibration_error(
    data: AuditData,
    predictions: Predictions,
    bins: int = BINS,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Figure:
    """Expected calibration error: Σ over bins of n / N |accuracy − confidence| (Guo et al. 2017).

    Even answers that are right exactly as often as they are confident have an error, the larger
    the fewer texts: `comparison` gives its mean, and `p` is the share of as large errors when
    right and wrong are drawn by the confidences.
    """
    return confidence_error(*_sure(data, predictions), bins, seed=seed, resamples=resamples)


def confidence_error(
    chance: np.ndarray,
    right: np.ndarray,
    bins: int = BINS,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Figure:
    """The same from the probability of each answer (n,) and whether it is right (n,)."""
    right = np.asarray(right, dtype=float)
    place, count = _bin(chance, bins), len(chance)
    member = np.zeros((count, bins))
    member[np.arange(count), place] = 1

    def gap(weights: np.ndarray) -> np.ndarray:
        return np.abs((weights * (right - chance)) @ member).sum(1) / count

    value = float(gap(np.ones((1, count)))[0])
    low, high = bootstrap(gap, count, seed=seed, resamples=resamples)
    rng = np.random.default_rng(seed)
    null = np.array(
        [
            np.abs(((rng.random(count) < chance) - chance) @ member).sum() / count
            for _ in range(resamples)
        ]
    )
    p = (1 + int((null >= value).sum())) / (1 + resamples)
    return Figure(
        "calibration_error",
        f"Expected calibration error ({bins} bins)",
        value,
        count,
        float(low),
        float(high),
        BOOTSTRAP,
        f"perfectly calibrated: {null.mean():.3f} on so many texts",
        p,
        p,
    )


def _sure(data: AuditData, predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each answer (n,), and whether it is right (n,) float."""
    if data.kind != SINGLE:
        raise BadInput("Calibration is measured where each text has one answer of many classes.")
    done = predictions.done
    chance = predictions.confidence[done].astype(float)
    return chance, is_right(data, predictions)[done].astype(float)


def _bin(chance: np.ndarray, bins: int) -> np.ndarray:
    """Bins are open below and closed above, as Guo et al. have them."""
    return np.clip(np.ceil(chance * bins).astype(int) - 1, 0, bins - 1)


def threshold_curves(data: AuditData, predictions: Predictions) -> pd.DataFrame:
    """The ROC and the precision-recall curve of the second of two classes.

    Columns threshold, true positive rate (recall), false positive rate, precision, and how many
    texts are at or above the threshold (n). Raises `BadInput` unless there are two classes.
    """
    if data.kind != SINGLE or len(data.labels) != 2:
        raise BadInput("Curves over a threshold need a model of two classes.")
    done = predictions.done
    chances, positive = predictions.probabilities[done, 1], data.targets[done] == 1
    order = np.argsort(-chances, kind="stable")
    last = np.flatnonzero(np.diff(chances[order], append=np.nan) != 0)
    true = np.cumsum(positive[order])[last]
    total = last + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "threshold": chances[order][last].astype(float),
                "true positive rate": true / positive.sum(),
                "false positive rate": (total - true) / (~positive).sum(),
                "precision": true / total,
                "n": total,
            }
        )


def at_threshold(data: AuditData, predictions: Predictions, threshold: float) -> Predictions:
    """The answers of a model of two classes that says the second from this probability on.

    `confidence` becomes the probability of that answer. Raises `BadInput` for other models and for
    thresholds outside of 0 to 1.
    """
    if data.kind != SINGLE or len(data.labels) != 2:
        raise BadInput("A threshold needs a model of two classes.")
    if not 0 <= threshold <= 1:
        raise BadInput("A threshold is a probability: give a number from 0 to 1.")
    answer = (predictions.probabilities[:, 1] >= threshold).astype(np.int64)
    chance = np.take_along_axis(predictions.probabilities, answer[:, None], 1)[:, 0]
    return replace(predictions, predicted=answer, confidence=chance.astype(float))


def areas(
    positive: np.ndarray, chances: np.ndarray, name: str, seed: int, resamples: int
) -> tuple[Figure, Figure]:
    """Areas under the ROC and the precision-recall curve, for the class `name`.

    `positive` (n,) bool says which texts have it, `chances` (n,) what the model gives it.
    """
    from sklearn import metrics

    order = np.argsort(-chances, kind="stable")
    last = np.flatnonzero(np.diff(chances[order], append=np.nan) != 0)  # of equal probabilities
    hits = positive[order]

    def reached(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sorted_ = weights[:, order]
        true = np.cumsum(sorted_ * hits, 1)[:, last]
        return true, np.cumsum(sorted_ * ~hits, 1)[:, last]

    def area(weights: np.ndarray) -> np.ndarray:
        true, false = (np.pad(each, ((0, 0), (1, 0))) for each in reached(weights))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.trapezoid(true, false, axis=1) / (true[:, -1] * false[:, -1])

    def precision(weights: np.ndarray) -> np.ndarray:
        true, false = reached(weights)
        steps = np.diff(true, axis=1, prepend=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nansum(steps * true / (true + false), 1) / true[:, -1]

    values = [
        metrics.roc_auc_score(positive, chances),
        metrics.average_precision_score(positive, chances),
    ]
    draw = Draw(len(chances), seed, resamples)
    return (
        draw.figure("roc_auc", f"Area under the ROC curve ({name})", values[0], area),
        draw.figure("average_precision", f"Average precision ({name})", values[1], precision),
    )

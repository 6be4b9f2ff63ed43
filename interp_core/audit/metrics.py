"""How good a model's answers to labelled texts are, each figure with its interval."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.audit import entities
from interp_core.audit.calibration import areas, calibration_error
from interp_core.audit.figures import (
    BOOTSTRAP,
    RESAMPLES,
    WILSON,
    Draw,
    Figure,
    f1_interval,
    figure_table,
    percentiles,
    share,
    wilson,
)
from interp_core.audit.predictions import Predictions
from interp_core.audit.record import MULTI, REGRESSION, SINGLE, TOKENS, AuditData
from interp_core.audit.regression import regression_figures
from interp_core.charted import Charted
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

FEW = 10  # texts below which no other reading of the labels is looked for
SWAPPED = 0.1  # by which another reading of the labels must be more accurate to be reported


@dataclass(frozen=True)
class Score(Charted):
    """The figures of one audit, for the texts that were predicted.

    `figures` are those of all texts. `classes` has a row for each class: class, support (texts that
    have it), predicted (texts that get it), precision, recall and f1, each with `_low` and `_high`.
    `confusion` has a row for each pair of classes: true, predicted, count, share (of the true
    class); for words, O included. `notes` are sentences that belong to the figures.
    """

    kind: str
    figures: tuple[Figure, ...]
    classes: pd.DataFrame = field(default_factory=pd.DataFrame)
    confusion: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """Every figure, those of the classes included; see `Figure`."""
        return figure_table([*self.figures, *self.class_figures()])

    def class_figures(self) -> list[Figure]:
        """Precision, recall and F1 of each class, with keys such as "recall.positive"."""
        found = []
        for _, row in self.classes.iterrows():
            for name in ("precision", "recall", "f1"):
                n = row["predicted"] if name == "precision" else row["support"]
                n = row["support"] + row["predicted"] if name == "f1" else n
                title = f"{'F1' if name == 'f1' else name.capitalize()} of {row['class']}"
                ends = (row[f"{name}_low"], row[f"{name}_high"])
                key = f"{name}.{row['class']}"
                found.append(Figure(key, title, row[name], int(n), *ends, WILSON))
        return found


def score(
    data: AuditData, predictions: Predictions, *, seed: int = 0, resamples: int = RESAMPLES
) -> Score:
    """Every figure that suits the kind of labels; texts that were not predicted are left out.

    Shares have Wilson intervals, other figures percentile bootstraps over texts with `resamples`
    draws from `seed`. Raises `BadInput` where nothing was predicted.
    """
    done = predictions.done
    if not done.any():
        raise BadInput("No text was predicted, so there is nothing to score.")
    if not done.all():
        data, predictions = data.take(done), predictions.take(done)
    draw = Draw(len(data), seed, resamples)
    if data.kind == REGRESSION:
        true, found = data.targets.astype(float), predictions.predicted.astype(float)
        return Score(REGRESSION, regression_figures(true, found, draw))
    return {SINGLE: _single, MULTI: _multi, TOKENS: _tokens}[data.kind](data, predictions, draw)


def _single(data: AuditData, predictions: Predictions, draw: Draw) -> Score:
    from sklearn import metrics

    true, found = data.targets, predictions.predicted
    present = np.unique(np.concatenate([true, found]))
    counts = _counts(true, found, present)
    balanced = metrics.balanced_accuracy_score(true, found) if len(np.unique(true)) > 1 else np.nan
    macro = metrics.f1_score(true, found, average="macro", zero_division=0)
    drawn = _drawn_tables(counts, draw)
    figures = [
        share("accuracy", "Accuracy", int((true == found).sum()), len(true)),
        _of_tables("balanced_accuracy", "Balanced accuracy", balanced, _balanced(drawn), draw),
        _of_tables("macro_f1", "Macro F1", macro, _macro_f1(drawn), draw),
    ]
    names = [data.labels[place] for place in present]
    figures.append(calibration_error(data, predictions, seed=draw.seed, resamples=draw.resamples))
    if len(data.labels) == 2 and len(np.unique(true)) == 2:
        chances, how = predictions.probabilities[:, 1], (draw.seed, draw.resamples)
        figures += areas(true == 1, chances, data.labels[1], *how)
    classes = class_table(names, np.diag(counts), counts.sum(1), counts.sum(0))
    confusion = _confusion(counts, names)
    notes = _swapped(counts, names)
    return Score(SINGLE, tuple(figures), classes, confusion, notes)


def _drawn_tables(counts: np.ndarray, draw: Draw) -> np.ndarray:
    """Confusion matrices (resamples, K, K) of bootstrap resamples of the texts.

    Drawing texts again is drawing the cells they fall into, so nothing is drawn for empty ones.
    """
    rng = np.random.default_rng(draw.seed)
    rows, columns = np.nonzero(counts)
    shares = counts[rows, columns] / counts.sum()
    drawn = np.zeros((draw.resamples, *counts.shape), dtype=np.int32)
    drawn[:, rows, columns] = rng.multinomial(draw.count, shares, size=draw.resamples)
    return drawn


def _balanced(drawn: np.ndarray) -> np.ndarray:
    return np.nanmean(_ratio(np.diagonal(drawn, axis1=1, axis2=2), drawn.sum(2)), 1)


def _macro_f1(drawn: np.ndarray) -> np.ndarray:
    right = np.diagonal(drawn, axis1=1, axis2=2)
    return np.nanmean(_ratio(2 * right, drawn.sum(1) + drawn.sum(2)), 1)


def _ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """NaN where the other is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(other > 0, one / other, np.nan)


def _of_tables(key: str, title: str, value: float, drawn: np.ndarray, draw: Draw) -> Figure:
    low, high = percentiles(drawn)
    return Figure(key, title, float(value), draw.count, float(low), float(high), BOOTSTRAP)


def class_table(
    names: Sequence[str], right: np.ndarray, support: np.ndarray, predicted: np.ndarray
) -> pd.DataFrame:
    """The table `classes` of `Score`, from counts (K,)."""
    right, support, predicted = map(np.asarray, (right, support, predicted))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = {
            "precision": (right / predicted, wilson(right, predicted)),
            "recall": (right / support, wilson(right, support)),
            "f1": (
                2 * right / (support + predicted),
                f1_interval(right, support + predicted - 2 * right),
            ),
        }
    table = pd.DataFrame({"class": list(names), "support": support, "predicted": predicted})
    for name, (value, (low, high)) in parts.items():
        table[name], table[f"{name}_low"], table[f"{name}_high"] = value, low, high
    return table


def _confusion(counts: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    support = counts.sum(1, keepdims=True)
    shares = counts / np.maximum(support, 1)
    true, found = np.indices(counts.shape)
    return pd.DataFrame(
        {
            "true": [names[place] for place in true.ravel()],
            "predicted": [names[place] for place in found.ravel()],
            "count": counts.ravel(),
            "share": shares.ravel(),
        }
    )


def _swapped(counts: np.ndarray, names: Sequence[str]) -> tuple[str, ...]:
    """A note where exchanging classes would make the answers much better: a wrong mapping."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(counts, maximize=True)
    total = counts.sum()
    now, best = np.trace(counts) / total, counts[rows, columns].sum() / total
    low, _ = wilson(counts[rows, columns].sum(), total)
    if total < FEW or low < now + SWAPPED:
        return ()
    moved = [f"{names[b]} for {names[a]}" for a, b in zip(rows, columns) if a != b]
    return (
        f"Are labels confused? If the model's {', '.join(moved[:4])} counted as right, the "
        f"accuracy would be {best:.1%} instead of {now:.1%}. Check which class each label means.",
    )


def _multi(data: AuditData, predictions: Predictions, draw: Draw) -> Score:
    from sklearn import metrics

    true, found = data.targets.astype(bool), predictions.predicted.astype(bool)
    held = true.any(0) | found.any(0)
    names = [name for name, each in zip(data.labels, held) if each]
    true, found = true[:, held], found[:, held]
    parts = [each.astype(float) for each in (true & found, true, found)]

    def f1(weights: np.ndarray) -> np.ndarray:
        right, support, predicted = (weights @ each for each in parts)
        return _ratio(2 * right, support + predicted)

    def micro(weights: np.ndarray) -> np.ndarray:
        right, support, predicted = ((weights @ each).sum(1) for each in parts)
        return _ratio(2 * right, support + predicted)

    values = {
        average: metrics.f1_score(true, found, average=average, zero_division=0)
        for average in ("micro", "macro")
    }
    figures = [
        share("exact_match", "All labels right", int((true == found).all(1).sum()), len(true)),
        draw.figure("micro_f1", "Micro F1", values["micro"], micro),
        draw.figure("macro_f1", "Macro F1", values["macro"], lambda w: np.nanmean(f1(w), 1)),
        draw.figure(
            "hamming_loss",
            "Hamming loss (share of wrong decisions)",
            (true != found).sum() / (len(true) * len(data.labels)),
            lambda w: (w @ (true != found).sum(1)) / (len(true) * len(data.labels)),
        ),
    ]
    right, support, predicted = (each.sum(0).astype(int) for each in parts)
    return Score(MULTI, tuple(figures), class_table(names, right, support, predicted))


def _tokens(data: AuditData, predictions: Predictions, draw: Draw) -> Score:
    gold = [[data.labels[each] for each in tags] for tags in data.targets]
    found = [[data.labels[each] for each in tags] for tags in predictions.predicted]
    flat = np.concatenate(data.targets), np.concatenate(list(predictions.predicted))
    words = np.array([len(tags) for tags in gold])
    right = np.array([(a == b).sum() for a, b in zip(data.targets, predictions.predicted)])
    figures = [
        share(
            "sentences", "Sentences without a wrong label", int((right == words).sum()), len(gold)
        ),
        draw.figure(
            "word_accuracy",
            "Words with the right label",
            right.sum() / words.sum(),
            lambda weights: (weights @ right) / (weights @ words),
        ),
    ]
    present = np.unique(np.concatenate(flat))
    names = [data.labels[place] for place in present]
    counts = _counts(*flat, present)
    notes: tuple[str, ...] = ()
    if entities.is_tagged(data.labels):
        classes, counted, sums = entities.entity_table(gold, found, class_table)

        def f1(weights: np.ndarray) -> np.ndarray:
            both, support, predicted = (weights @ column for column in counted.T)
            return _ratio(2 * both, support + predicted)

        figures = [
            draw.figure("entity_f1", "F1 of whole entities (micro)", sums["f1"], f1),
            draw.figure(
                "entity_precision",
                "Precision of whole entities",
                sums["precision"],
                lambda weights: _ratio(weights @ counted[:, 0], weights @ counted[:, 2]),
            ),
            draw.figure(
                "entity_recall",
                "Recall of whole entities",
                sums["recall"],
                lambda weights: _ratio(weights @ counted[:, 0], weights @ counted[:, 1]),
            ),
            draw.figure(
                "entity_macro_f1",
                "F1 of whole entities (mean over kinds)",
                sums["macro_f1"],
                entities.macro(gold, found),
            ),
            *figures,
        ]
    else:
        notes = ("The labels have no B- and I-, so words are counted and not entities.",)
        classes = class_table(names, np.diag(counts), counts.sum(1), counts.sum(0))
    return Score(TOKENS, tuple(figures), classes, _confusion(counts, names), notes)


def _counts(true: np.ndarray, found: np.ndarray, present: np.ndarray) -> np.ndarray:
    from sklearn.metrics import confusion_matrix

    if len(present) == 1:  # scikit-learn would warn
        return np.full((1, 1), len(true))
    return confusion_matrix(true, found, labels=present)

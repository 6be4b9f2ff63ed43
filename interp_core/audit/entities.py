"""Whole entities of labelled words, as seqeval counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

SIGNS = ("B-", "I-", "E-", "S-", "L-", "U-", "M-")
OUTSIDE = "O"
Tags = Sequence[Sequence[str]]


def is_tagged(labels: Sequence[str]) -> bool:
    """Whether the labels mark where entities begin and go on (B-, I-, …), so that seqeval reads
    them."""
    rest = [label for label in labels if label != OUTSIDE]
    return bool(rest) and all(label.startswith(SIGNS) for label in rest)


def found_entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """(kind, first, last) of each entity of one sentence; a stray I- begins one."""
    from seqeval.metrics.sequence_labeling import get_entities

    return set(get_entities(list(tags)))


def entity_table(
    gold: Tags, found: Tags, table: Callable[..., pd.DataFrame]
) -> tuple[pd.DataFrame, np.ndarray, dict[str, float]]:
    """Figures of each kind of entity, counts of each sentence (n, 3), and those of all.

    The counts are right, true and found entities. `table` makes the table of the kinds.
    """
    from seqeval.metrics import f1_score, precision_score, recall_score

    kinds, counts = _by_kind(gold, found)
    right, support, predicted = counts.sum(0).T
    given = list(map(list, gold)), list(map(list, found))
    sums = {
        "precision": precision_score(*given, zero_division=0),
        "recall": recall_score(*given, zero_division=0),
        "f1": f1_score(*given, zero_division=0),
        "macro_f1": f1_score(*given, average="macro", zero_division=0),
    }
    return table(kinds, right, support, predicted), counts.sum(1), sums


def macro(gold: Tags, found: Tags) -> Callable[[np.ndarray], np.ndarray]:
    """The mean F1 over kinds, as a function of weights (b, n) of the sentences."""
    _, counts = _by_kind(gold, found)
    parts = [counts[:, :, place].astype(float) for place in range(3)]

    def of(weights: np.ndarray) -> np.ndarray:
        right, support, predicted = (weights @ part for part in parts)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nanmean(2 * right / (support + predicted), 1)

    return of


def _by_kind(gold: Tags, found: Tags) -> tuple[list[str], np.ndarray]:
    """Kinds, and right, true and found entities of each sentence and kind, (n, kinds, 3)."""
    pairs = [(found_entities(a), found_entities(b)) for a, b in zip(gold, found, strict=True)]
    kinds = sorted({each[0] for pair in pairs for some in pair for each in some})
    place = {kind: number for number, kind in enumerate(kinds)}
    counts = np.zeros((len(pairs), len(kinds), 3), dtype=np.int64)
    for row, (true, ours) in enumerate(pairs):
        for column, some in enumerate((true & ours, true, ours)):
            for kind, *_ in some:
                counts[row, place[kind], column] += 1
    return kinds, counts

"""Whole entities of labelled words: the schemes IOB, IOBES and BILOU, counted as CoNLL does.

Equal to the package seqeval (which installs on few machines by now) in its default reading, see
`benchmarks/entities_peer.py`; of BILOU labels, which that reading does not know, U is an entity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

SIGNS = ("B-", "I-", "E-", "S-", "L-", "U-", "M-")
ENDING = ("E", "L", "S", "U")  # signs of an entity's last word
GOING_ON = ("I", "M", "E", "L")  # signs of a further word of the entity before
OUTSIDE = "O"
Tags = Sequence[Sequence[str]]


def is_tagged(labels: Sequence[str]) -> bool:
    """Whether the labels mark where entities begin and go on (B-, I-, …)."""
    rest = [label for label in labels if label != OUTSIDE]
    return bool(rest) and all(label.startswith(SIGNS) for label in rest)


def found_entities(tags: Iterable[str]) -> set[tuple[str, int, int]]:
    """(kind, first, last) of each entity of one sentence; a stray I- begins one."""
    found, kind, first = set(), None, 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        sign, _, name = tag.partition("-")
        goes_on = kind == name and sign in GOING_ON
        if kind is not None and not goes_on:
            found.add((kind, first, place - 1))
            kind = None
        if tag != OUTSIDE and not goes_on:
            kind, first = name, place
        if kind is not None and sign in ENDING:
            found.add((kind, first, place))
            kind = None
    return found


def entity_table(
    gold: Tags, found: Tags, table: Callable[..., pd.DataFrame]
) -> tuple[pd.DataFrame, np.ndarray, dict[str, float]]:
    """Figures of each kind of entity, counts of each sentence (n, 3), and those of all.

    The counts are right, true and found entities. `table` makes the table of the kinds.
    """
    kinds, counts = _by_kind(gold, found)
    right, support, predicted = counts.sum(0).T
    sums = {
        "precision": _share(right.sum(), predicted.sum()),
        "recall": _share(right.sum(), support.sum()),
        "f1": _share(2 * right.sum(), (support + predicted).sum()),
        "macro_f1": float(np.mean(2 * right / (support + predicted))) if kinds else 0.0,
    }
    return table(kinds, right, support, predicted), counts.sum(1), sums


def _share(part: int, whole: int) -> float:
    """The share, 0 of nothing."""
    return float(part / whole) if whole else 0.0


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

"""Label conflicts: points whose surroundings say another label than their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp_core.analysis.apart_words import words_of
from interp_core.analysis.neighbours import Neighbours, find_neighbours
from interp_core.analysis.vectors import Vectors
from interp_core.errors import BadInput


def label_conflicts(
    vectors: Vectors,
    labels: Sequence[object],
    *,
    k: int = 15,
    metric: str = "cosine",
    knn: Neighbours | None = None,
) -> pd.DataFrame:
    """All labelled points, the strongest conflict first: the list to repair a data set from.

    Columns: index, label, suggested (the neighbours' weightiest other label), own (their weight
    for the label it has), other (for the one suggested), conflict = other − own, same (how many of
    the k carry the label), and those of the frame. Neighbours weigh by their nearness to the
    point, each label against how common it is, so that a rare label is not shouted down. Points
    without a label (None, NaN, "") neither vote nor appear. Raises `BadInput`.
    """
    keys = _keys(labels, len(vectors))
    known = np.flatnonzero(keys != "")
    names, number = np.unique(keys[known], return_inverse=True)
    if len(names) < 2:
        raise BadInput("Conflicts need at least two different labels. Choose another column.")
    fits = knn is not None and len(knn.indices) == len(known) and knn.metric == metric
    if not fits or knn.k < min(k, len(known) - 1):
        knn = find_neighbours(vectors.values[known], k=k, metric=metric)
    knn = knn.first(min(k, knn.k))
    votes = _votes(knn, number, len(names))
    rows = np.arange(len(known))
    own = votes[rows, number].copy()
    same = (number[knn.indices] == number[:, None]).sum(axis=1)
    votes[rows, number] = -1
    best = votes.argmax(axis=1)
    other = votes[rows, best]
    order = np.lexsort((same, own - other))
    found = pd.DataFrame(
        {
            "index": known[order],
            "label": names[number[order]],
            "suggested": names[best[order]],
            "own": own[order],
            "other": other[order],
            "conflict": (other - own)[order],
            "same": same[order],
        }
    )
    rest = vectors.frame.iloc[known[order]].reset_index(drop=True)
    return pd.concat([found, rest.drop(columns=[n for n in found if n in rest])], axis=1)


def word_conflicts(
    texts: Sequence[str], labels: Sequence[object], *, least: int = 5, purity: float = 0.8
) -> pd.DataFrame:
    """Words that speak for one label, in texts that carry another.

    A word that stands in at least `least` texts and at least `purity` of them carry one label
    contradicts the others. Columns: index (of the text), text, label, word, suggested, purity,
    texts (how many have the word); the purest words first.
    """
    keys = _keys(labels, len(texts))
    holders: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        if keys[row] != "":
            for word in sorted(set(words_of(text))):
                holders.setdefault(word, []).append(row)
    found = []
    for word, rows in holders.items():
        names, counts = np.unique(keys[rows], return_counts=True)
        share = counts.max() / len(rows)
        if len(rows) >= least and purity <= share < 1:
            usual = names[counts.argmax()]
            found += [
                (row, texts[row], keys[row], word, usual, share, len(rows))
                for row in rows
                if keys[row] != usual
            ]
    columns = ["index", "text", "label", "word", "suggested", "purity", "texts"]
    frame = pd.DataFrame(found, columns=columns)
    return frame.sort_values(["purity", "texts"], ascending=False, ignore_index=True, kind="stable")


def _keys(labels: Sequence[object], count: int) -> np.ndarray:
    if len(labels) != count:
        raise BadInput(f"There are {count:,} points but {len(labels):,} labels. Pair them.")
    series = pd.Series(list(labels), dtype=object)
    return np.where(series.isna(), "", series.astype(str).str.strip()).astype(object)


def _votes(knn: Neighbours, number: np.ndarray, labels: int) -> np.ndarray:
    """(n, labels) weights that sum to 1 in each row."""
    scale = knn.distances.mean(axis=1, keepdims=True)
    weight = np.exp(-knn.distances / np.where(scale > 0, scale, 1))
    votes = np.zeros((len(number), labels))
    rows = np.repeat(np.arange(len(number)), knn.k)
    np.add.at(votes, (rows, number[knn.indices].ravel()), weight.ravel())
    votes /= np.bincount(number, minlength=labels) / len(number)
    return votes / votes.sum(axis=1, keepdims=True)

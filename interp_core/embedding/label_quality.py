"""Label conflicts: points whose surroundings say another label than their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from interp_core.embedding.clustering import words_of
from interp_core.embedding.neighbours import Neighbours, find_neighbours
from interp_core.embedding.vectors import Vectors, label_names
from interp_core.errors import BadInput
from interp_core.progress import report


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
    point, each label against how common it is, so that a rare label is not outvoted. Points
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
    """Words that are evidence for one label, in texts that carry another.

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


def label_agreement(
    vectors: Vectors, labels: pd.Series, *, k: int = 10, metric: str = "cosine"
) -> tuple[float, float]:
    """The mean share of the k nearest neighbours with the same label, and what chance gives.

    1: every neighbourhood is of one label. Raises `BadInput` for fewer than two points.
    """
    names = labels.astype(str).to_numpy()
    knn = find_neighbours(vectors, k=k, metric=metric)
    share = float((names[knn.indices] == names[:, None]).mean())
    counts = pd.Series(names).value_counts().to_numpy(dtype=np.float64)
    chance = float((counts * (counts - 1)).sum() / (len(names) * (len(names) - 1)))
    return share, chance


def agreement_by_layer(
    layers: Sequence[Vectors],
    column: str,
    *,
    k: int = 10,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """The same points at each layer: layer, among neighbours, by chance (see `label_agreement`).

    `column` of their frames holds the labels.
    """
    rows = []
    for number, vectors in enumerate(layers):
        labels = label_names(vectors.frame[column])
        rows.append((number, *label_agreement(vectors, labels, k=k)))
        report(progress, number + 1, len(layers))
    return pd.DataFrame(rows, columns=["layer", "among neighbours", "by chance"])

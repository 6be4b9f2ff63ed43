"""How often neighbours carry the same label, beside what chance would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from interp_core.analysis.neighbours import find_neighbours
from interp_core.analysis.point_names import label_names
from interp_core.analysis.progress import report
from interp_core.analysis.vectors import Vectors


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

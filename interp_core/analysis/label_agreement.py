"""How often neighbours carry the same label, beside what chance would give."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp_core.analysis.neighbours import find_neighbours
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

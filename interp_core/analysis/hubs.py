"""Hubs: points that are a near neighbour of very many others; and points of nobody.

In many dimensions a few points crowd into everybody's list (Radovanović et al. 2010). The
k-occurrence of a point is how many lists of k neighbours it stands in; its mean is k.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp_core.analysis.neighbours import Neighbours
from interp_core.analysis.vectors import Vectors


def hub_counts(knn: Neighbours) -> np.ndarray:
    """(n,) in how many neighbour lists each point stands."""
    return np.bincount(knn.indices.ravel(), minlength=len(knn.indices))


def hub_skewness(knn: Neighbours) -> float:
    """Skewness of the k-occurrences: 0 without hubs, above 1 with strong ones."""
    counts = hub_counts(knn).astype(np.float64)
    spread = counts.std()
    return float(((counts - counts.mean()) ** 3).mean() / spread**3) if spread else 0.0


def hubs(vectors: Vectors, knn: Neighbours) -> pd.DataFrame:
    """All points, the greatest hub first: index, listed (k-occurrence), share, nobodys.

    `share` is the part of all other points whose list it stands in; `nobodys` marks points that
    stand in no list at all. Followed by the columns of the frame.
    """
    counts = hub_counts(knn)
    order = np.argsort(-counts, kind="stable")
    found = pd.DataFrame({"index": order, "listed": counts[order]})
    found["share"] = found["listed"] / max(len(counts) - 1, 1)
    found["nobodys"] = found["listed"] == 0
    rest = vectors.frame.iloc[order].reset_index(drop=True)
    return pd.concat([found, rest.drop(columns=[n for n in found if n in rest])], axis=1)

"""Points that lie apart: the local outlier factor and the mean distance to the neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp_core.embedding.neighbours import Neighbours, find_neighbours
from interp_core.embedding.vectors import Vectors

TINY = 1e-10  # scikit-learn's guard against points that lie on one place


def outliers(
    vectors: Vectors, *, k: int = 15, metric: str = "cosine", knn: Neighbours | None = None
) -> pd.DataFrame:
    """All points, the most isolated first: index, factor, mean_distance, nearest_distance.

    `factor` is the local outlier factor (Breunig et al. 2000): how much thinner the point's
    surroundings are than those of its neighbours; about 1 inside a group, from 1.5 worth a look.
    Followed by the columns of the frame. Raises `BadInput`.
    """
    if knn is None or knn.k < min(k, len(vectors) - 1) or knn.metric != metric:
        knn = find_neighbours(vectors, k=k, metric=metric)
    knn = knn.first(min(k, knn.k))
    factor = local_outlier_factor(knn)
    order = np.argsort(-factor, kind="stable")
    found = pd.DataFrame(
        {
            "index": order,
            "factor": factor[order],
            "mean_distance": knn.distances.mean(axis=1)[order],
            "nearest_distance": knn.distances[order, 0],
        }
    )
    rest = vectors.frame.iloc[order].reset_index(drop=True)
    return pd.concat([found, rest.drop(columns=[n for n in found if n in rest])], axis=1)


def local_outlier_factor(knn: Neighbours) -> np.ndarray:
    """(n,) the local outlier factor from the neighbours alone; as scikit-learn computes it.

    reach(p, o) = max(distance of o to its k-th neighbour, d(p, o)); density(p) = 1 / mean reach;
    factor(p) = mean density of the neighbours / density(p).
    """
    distances = knn.distances.astype(np.float64)
    reach = np.maximum(distances[:, -1][knn.indices], distances)
    density = 1.0 / (reach.mean(axis=1) + TINY)
    return density[knn.indices].mean(axis=1) / density


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

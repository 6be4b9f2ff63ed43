"""The silhouette of clusters (Rousseeuw 1987): (b − a) / max(a, b) for each point.

a is the mean distance to the other points of the point's cluster, b the smallest mean distance to
another cluster; 1 is well inside, 0 on a border, below 0 in the wrong cluster.
"""

from __future__ import annotations

import numpy as np

from interp_core.analysis.quality import ranked_rows

BLOCK = 256


def silhouettes(values: np.ndarray, clusters: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """(n,) Euclidean silhouettes; NaN for noise (cluster −1) and single clusters.

    Up to 5,000 points all are computed; beyond, a random sample of 2,000 against all others, and
    the rest is NaN.
    """
    scores = np.full(len(values), np.nan)
    members = np.flatnonzero(clusters >= 0)
    names, own = np.unique(clusters[members], return_inverse=True)
    if len(names) < 2:
        return scores
    points = np.asarray(values, dtype=np.float64)[members]
    points = points - points.mean(axis=0)
    sizes = np.bincount(own)
    belongs = np.zeros((len(points), len(names)))
    belongs[np.arange(len(points)), own] = 1
    lengths = np.einsum("nd,nd->n", points, points)
    rows = ranked_rows(len(points), seed)
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        squared = lengths[part, None] + lengths - 2 * points[part] @ points.T
        apart = np.sqrt(np.maximum(squared, 0))
        apart[np.arange(len(part)), part] = 0
        scores[members[part]] = _scores(apart @ belongs, own[part], sizes)
    return scores


def _scores(sums: np.ndarray, own: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Silhouettes from each point's summed distances to every cluster (rows, clusters)."""
    rows = np.arange(len(own))
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[rows, own] = np.inf
    other = means.min(axis=1)
    largest = np.maximum(inside, other)
    score = np.divide(other - inside, largest, out=np.zeros_like(other), where=largest > 0)
    return np.where(sizes[own] > 1, score, 0.0)

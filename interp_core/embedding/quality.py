"""How far a picture may be trusted: trustworthiness, continuity, neighbours kept.

Trustworthiness and continuity (Venna & Kaski 2001): 1 − 2 / (n k (2n − 3k − 1)) Σ_i Σ_j (r − k)
over the points j that are among the k nearest of i on one side only, r their rank on the other:
false neighbours for trustworthiness, torn ones for continuity. 1 is perfect; a random picture
gives about one half. The share of neighbours kept is |N_original ∩ N_picture| / k, by chance
k / (n − 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interp_core.embedding.neighbours import Neighbours, find_neighbours, prepared
from interp_core.embedding.vectors import Vectors
from interp_core.errors import BadInput

EXACT_POINTS = 5_000  # up to here every point is ranked; beyond, a sample
SAMPLE = 2_000  # points ranked against all others beyond
BLOCK = 256


@dataclass(frozen=True)
class Quality:
    """Scores of a picture, at `k` neighbours.

    `reliability` (n,) is the share of each point's k true neighbours that the picture keeps;
    `kept` its mean, `none_kept` the share of points that keep none, `chance` what a random picture
    would keep. `trustworthiness` and `continuity` average over `ranked` points (all, or a random
    sample of large sets); they are NaN for sets too small to have them (n ≤ 2k).
    """

    trustworthiness: float
    continuity: float
    kept: float
    none_kept: float
    chance: float
    reliability: np.ndarray
    k: int
    ranked: int


def projection_quality(
    vectors: Vectors | np.ndarray,
    coordinates: np.ndarray,
    *,
    k: int = 15,
    metric: str = "cosine",
    knn: Neighbours | None = None,
    seed: int = 0,
) -> Quality:
    """Compare the k nearest neighbours in the original space with those in the picture.

    `knn` saves the search in the original space. k is lowered to what small sets allow
    ((n − 1) // 2). Raises `BadInput` for pictures of another length.
    """
    values = np.asarray(getattr(vectors, "values", vectors), dtype=np.float32)
    count = len(values)
    _check(values, coordinates)
    k = max(1, min(k, (count - 1) // 2))
    true = _true_neighbours(values, k, metric, knn)
    shown = picture_neighbours(coordinates, k)
    kept = neighbour_overlap(true.indices, shown)
    rows = ranked_rows(count, seed)
    return Quality(
        trustworthiness=_score(prepared(values, metric), rows, shown, k, metric == "cosine"),
        continuity=_score(coordinates, rows, true.indices, k, False),
        kept=float(kept.mean()),
        none_kept=float((kept == 0).mean()),
        chance=k / (count - 1),
        reliability=kept,
        k=k,
        ranked=len(rows),
    )


def trustworthiness(
    vectors: Vectors | np.ndarray, coordinates: np.ndarray, *, k: int = 15, metric: str = "cosine"
) -> float:
    """Trustworthiness alone, over all points: `sklearn.manifold.trustworthiness`, in blocks."""
    values = np.asarray(getattr(vectors, "values", vectors), dtype=np.float32)
    _check(values, coordinates)
    _check_k(k, len(values))
    shown = picture_neighbours(coordinates, k)
    rows = np.arange(len(values))
    return _score(prepared(values, metric), rows, shown, k, metric == "cosine")


def continuity(
    vectors: Vectors | np.ndarray, coordinates: np.ndarray, *, k: int = 15, metric: str = "cosine"
) -> float:
    """Continuity alone, over all points: trustworthiness with the two spaces exchanged."""
    values = np.asarray(getattr(vectors, "values", vectors), dtype=np.float32)
    _check(values, coordinates)
    _check_k(k, len(values))
    true = find_neighbours(values, k=k, metric=metric)
    return _score(coordinates, np.arange(len(values)), true.indices, k, False)


def picture_neighbours(coordinates: np.ndarray, k: int) -> np.ndarray:
    """(n, k) the nearest other points of each point in a picture, nearest first."""
    from scipy.spatial import cKDTree

    points = np.asarray(coordinates, dtype=np.float64)
    found = cKDTree(points).query(points, k=min(k + 1, len(points)))[1]
    itself = found == np.arange(len(points))[:, None]
    itself[~itself.any(axis=1), -1] = True  # among many points at one place a point may miss itself
    return found[~itself].reshape(len(points), -1)


def neighbour_overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n,) the share of each row of `first` (n, k) that stands in the same row of `second`."""
    hits = (first[:, :, None] == second[:, None, :]).any(axis=2)
    return hits.mean(axis=1)


def ranked_rows(count: int, seed: int) -> np.ndarray:
    """All points of small sets, a random sample of large ones."""
    if count <= EXACT_POINTS:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, SAMPLE, replace=False))


def _score(
    space: np.ndarray, rows: np.ndarray, neighbours: np.ndarray, k: int, cosine: bool
) -> float:
    """1 − the normalised sum of how far beyond k the `neighbours` rank in `space`."""
    count = len(space)
    if count <= 2 * k:
        return float("nan")
    # A picture needs all digits; of many dimensions a sample is ranked, and 24 bits are enough.
    wide = space.shape[1] > 3 and len(rows) < count
    space = np.asarray(space, dtype=np.float32 if wide else np.float64)
    half = np.zeros(count) if cosine else 0.5 * np.einsum("nd,nd->n", space, space)
    beyond = 0.0
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        apart = half.astype(space.dtype) - space[part] @ space.T  # orders a row like the distance
        apart[np.arange(len(part)), part] = np.inf
        limits = np.take_along_axis(apart, neighbours[part], 1)
        for row, limit in zip(apart, limits):  # one by one: whole-array counts are ten times slower
            beyond += sum(max(1 + np.count_nonzero(row < each) - k, 0) for each in limit)
    scale = 2.0 / (len(rows) * k * (2.0 * count - 3.0 * k - 1.0))
    return float(1.0 - scale * beyond)


def _true_neighbours(values: np.ndarray, k: int, metric: str, knn: Neighbours | None) -> Neighbours:
    if knn is None or knn.k < k:
        return find_neighbours(values, k=k, metric=metric)
    if len(knn.indices) != len(values) or knn.metric != metric:
        raise BadInput("These neighbours belong to other vectors or another metric. Search again.")
    return knn.first(k)


def _check(values: np.ndarray, coordinates: np.ndarray) -> None:
    if np.ndim(coordinates) != 2 or len(coordinates) != len(values):
        raise BadInput(
            f"A projection of {len(values):,} vectors needs as many rows of coordinates, not "
            f"the shape {np.shape(coordinates)}."
        )
    if len(values) < 3:
        raise BadInput("Projection quality needs at least three points.")


def _check_k(k: int, count: int) -> None:
    if not 1 <= k < count / 2:
        raise BadInput(f"k must lie between 1 and {(count - 1) // 2}, half of the points.")


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

"""The shape of a space of vectors: how one-sided it is, how long its vectors, how many dimensions.

Raw cosines do not compare across layers: the mean cosine of random pairs drifts from layer to
layer (Ethayarajh 2019), so it stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from interp_core.attribution.tables import rank_correlation
from interp_core.embedding.neighbours import Neighbours, find_neighbours
from interp_core.embedding.vectors import Vectors, check_points, unit

SAMPLE = 5_000  # points whose neighbours give the intrinsic dimension of large sets
DISCARDED = 0.1  # the largest ratios, which Facco et al. leave out of the fit


def anisotropy(values: np.ndarray) -> float:
    """Mean cosine of all pairs of different vectors, exactly: (‖Σ u‖² − n) / (n (n − 1)).

    0 in a space that favours no direction, 1 when all vectors point the same way.
    """
    directions = unit(values).astype(np.float64)
    lengths = np.einsum("nd,nd->n", directions, directions).sum()  # zero vectors have none
    count = len(directions)
    total = directions.sum(axis=0)
    return float((total @ total - lengths) / (count * (count - 1)))


def two_nn_dimension(knn: Neighbours) -> float:
    """Intrinsic dimension from the first two neighbours (Facco et al. 2017).

    The ratio μ = r₂ / r₁ follows P(μ) = d μ^(−d−1): −ln(1 − F(μ)) = d ln μ, fitted through the
    origin without the largest tenth. Repeated points (r₁ = 0) are left out. NaN below 10 points.
    """
    distances = knn.distances.astype(np.float64)
    if knn.metric == "cosine":
        distances = np.sqrt(2 * distances)  # the chord, which is a distance
    near = distances[distances[:, 0] > 0]
    if len(near) < 10 or knn.k < 2:
        return float("nan")
    logs = np.sort(np.log(near[:, 1] / near[:, 0]))
    kept = max(2, int(len(logs) * (1 - DISCARDED)))
    rank = -np.log1p(-np.arange(1, kept + 1) / len(logs))
    logs = logs[:kept]
    return float(logs @ rank / (logs @ logs)) if logs.any() else float("nan")


def spread_dimension(values: np.ndarray) -> float:
    """How many directions share the variance: (Σ λ)² / Σ λ² (participation ratio)."""
    centred = np.asarray(values, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    small = centred.T @ centred if centred.shape[1] <= len(centred) else centred @ centred.T
    total = np.trace(small)
    return float(total**2 / np.sum(small**2)) if total > 0 else float("nan")


def geometry(
    vectors: Vectors | Mapping[int, Vectors], *, metric: str = "cosine", seed: int = 0
) -> pd.DataFrame:
    """One row for each layer: layer, vectors, anisotropy, norm, norm_spread, intrinsic, spread.

    `norm` is the mean length and `norm_spread` its standard deviation; `intrinsic` the dimension
    by two neighbours (of at most 5,000 points, drawn at random; column `searched`), `spread` the
    participation ratio. With a `rank` in the frame, `norm_rank` is Spearman's correlation of
    length and rank. Takes vectors with a `layer` column, or a mapping of layers.
    """
    if isinstance(vectors, Vectors):
        frame = vectors.frame
        numbers = frame["layer"] if "layer" in frame else pd.Series(0, index=frame.index)
        vectors = {int(n): vectors.take(numbers == n) for n in sorted(numbers.unique())}
    return pd.DataFrame([_row(layer, part, metric, seed) for layer, part in vectors.items()])


def _row(layer: int, vectors: Vectors, metric: str, seed: int) -> dict:
    check_points(len(vectors))
    drawn = vectors.sample(SAMPLE, seed=seed)
    knn = find_neighbours(drawn, k=2, metric=metric)
    norms = np.linalg.norm(vectors.values.astype(np.float64), axis=1)
    row = {
        "layer": layer,
        "vectors": len(vectors),
        "anisotropy": anisotropy(vectors.values),
        "norm": norms.mean(),
        "norm_spread": norms.std(),
        "intrinsic": two_nn_dimension(knn),
        "spread": spread_dimension(vectors.values),
        "searched": len(drawn),
    }
    if "rank" in vectors.frame:
        row["norm_rank"] = _rank_correlation(norms, vectors.frame["rank"].to_numpy())
    return row


def _rank_correlation(norms: np.ndarray, rank: np.ndarray) -> float:
    known = rank >= 0
    return rank_correlation(norms[known], rank[known]) if known.sum() > 2 else np.nan

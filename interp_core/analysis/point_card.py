"""One point and its surroundings, in the original space and in the picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp_core.analysis.neighbours import nearest_neighbours
from interp_core.analysis.picture import Projection
from interp_core.analysis.vectors import Vectors


def true_neighbours(
    vectors: Vectors, projection: Projection, point: int, *, k: int = 10
) -> pd.DataFrame:
    """The k nearest points in the original space, under the projection's metric.

    Columns: rank, index, cosine (1 − cosine), euclidean, place (the rank in the picture, 1 the
    nearest), torn (not among the k nearest in the picture), then those of the frame. Raises
    `BadInput`.
    """
    found = nearest_neighbours(vectors, point, k=k, metric=projection.metric)
    index = found["index"].to_numpy()
    places = picture_ranks(projection.coordinates, point)[index]
    both = pd.DataFrame(
        {
            "rank": found["rank"],
            "index": index,
            "cosine": _cosine(vectors.values, point, index),
            "euclidean": np.linalg.norm(
                vectors.values[index].astype(np.float64) - vectors.values[point], axis=1
            ),
            "place": places,
            "torn": places > len(index),
        }
    )
    return pd.concat([both, _rest(vectors.frame.iloc[index], both)], axis=1)


def false_neighbours(
    vectors: Vectors, projection: Projection, point: int, *, k: int = 10
) -> pd.DataFrame:
    """Those of the k nearest in the picture that are not near: place, index, rank, and the frame.

    `rank` is the true rank in the original space.
    """
    shown = np.argsort(picture_ranks(projection.coordinates, point), kind="stable")[1 : k + 1]
    count = len(vectors)
    true = nearest_neighbours(vectors, point, k=count - 1, metric=projection.metric)
    rank = np.zeros(count, dtype=np.int64)
    rank[true["index"].to_numpy()] = true["rank"].to_numpy()
    far = np.flatnonzero(rank[shown] > k)
    both = pd.DataFrame({"place": far + 1, "index": shown[far], "rank": rank[shown[far]]})
    return pd.concat([both, _rest(vectors.frame.iloc[shown[far]], both)], axis=1)


def picture_ranks(coordinates: np.ndarray, point: int) -> np.ndarray:
    """(n,) the rank of every point by its distance from one point in the picture; itself 0."""
    apart = np.linalg.norm(coordinates - coordinates[point], axis=1)
    apart[point] = -1.0
    ranks = np.empty(len(apart), dtype=np.int64)
    ranks[np.argsort(apart, kind="stable")] = np.arange(len(apart))
    return ranks


def _cosine(values: np.ndarray, point: int, index: np.ndarray) -> np.ndarray:
    """1 − cosine; a vector of zeros has cosine 0 with all."""
    one, others = values[point].astype(np.float64), values[index].astype(np.float64)
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(one)
    return 1 - np.divide(others @ one, lengths, out=np.zeros(len(index)), where=lengths > 0)


def _rest(frame: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    kept = [name for name in frame if name not in taken]
    return frame[kept].reset_index(drop=True)

"""Exact nearest neighbours: one search for each set of vectors serves everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from interp_core.embedding.vectors import Vectors, check_points, unit
from interp_core.errors import BadInput
from interp_core.progress import report

METRICS = ("cosine", "euclidean")
SPARE = 4  # candidates beyond k, so that rounding in float32 cannot push a true neighbour out


@dataclass(frozen=True)
class Neighbours:
    """The k nearest other points of each point, nearest first.

    `indices` (n, k) int64, `distances` (n, k) float32: 1 − cosine, or Euclidean. A point is never
    its own neighbour; equal distances are ordered by index.
    """

    indices: np.ndarray
    distances: np.ndarray
    metric: str

    @property
    def k(self) -> int:
        """Neighbours of each point."""
        return self.indices.shape[1]

    def first(self, k: int) -> Neighbours:
        """The k nearest of them. Raises `BadInput` when fewer were searched."""
        if not 1 <= k <= self.k:
            raise BadInput(
                f"{k} neighbours were asked for, but the search kept {self.k}. Search again."
            )
        return Neighbours(self.indices[:, :k], self.distances[:, :k], self.metric)


def check_metric(metric: str) -> str:
    """The metric itself. Raises `BadInput`."""
    if metric not in METRICS:
        raise BadInput(f"Unknown metric {metric!r}. Choose {' or '.join(METRICS)}.")
    return metric


def find_neighbours(
    vectors: Vectors | np.ndarray,
    *,
    k: int = 15,
    metric: str = "cosine",
    progress: Callable[[int, int], object] | None = None,
) -> Neighbours:
    """The exact k nearest neighbours of every point; k is lowered to n − 1 for small sets.

    Time grows with n² dim: seconds at 30,000 points. Raises `BadInput`.
    """
    values = prepared(vectors, metric)
    count = len(values)
    check_points(count)
    if k < 1:
        raise BadInput(f"The number of neighbours must be at least 1, not {k}.")
    k = min(k, count - 1)
    best = Best(count, min(k + SPARE, count - 1))
    offset = -0.5 * np.einsum("nd,nd->n", values, values) if metric == "euclidean" else None
    starts = range(0, count, TILE)
    pairs = [(a, b) for a in starts for b in starts if b >= a]
    for number, (a, b) in enumerate(pairs):
        visit(values, offset, best, a, b)
        report(progress, number + 1, len(pairs))
    return _exact(values, best.indices, k, metric)


def prepared(vectors: Vectors | np.ndarray, metric: str) -> np.ndarray:
    """Values whose products order neighbours: of length 1 (cosine) or centred (Euclidean)."""
    values = np.asarray(getattr(vectors, "values", vectors), dtype=np.float32)
    if check_metric(metric) == "cosine":
        return unit(values)
    return values - values.mean(axis=0, dtype=np.float64).astype(np.float32)


def _exact(values: np.ndarray, candidates: np.ndarray, k: int, metric: str) -> Neighbours:
    """Distances of the candidates from their differences, sorted by distance and index."""
    indices = np.empty((len(values), k), dtype=np.int64)
    distances = np.empty((len(values), k), dtype=np.float32)
    for start in range(0, len(values), 1024):
        part = slice(start, start + 1024)
        found = np.sort(candidates[part], axis=1)
        apart = distances_to(values[part][:, None], values[found], metric)
        order = np.argsort(apart, axis=1, kind="stable")[:, :k]
        indices[part] = np.take_along_axis(found, order, 1)
        distances[part] = np.take_along_axis(apart, order, 1)
    return Neighbours(indices, distances, metric)


def distances_to(point: np.ndarray, others: np.ndarray, metric: str) -> np.ndarray:
    """Distances (…,) between prepared vectors (…, dim) by their differences, free of cancelling."""
    apart = point - others
    squared = np.einsum("...d,...d->...", apart, apart)
    if metric == "euclidean":
        return np.sqrt(squared)
    # 1 − cosine = ½‖x − y‖² for unit vectors; a vector of zeros has cosine 0 with all.
    lengths = np.einsum("...d,...d->...", others, others)
    mine = np.einsum("...d,...d->...", point, point)
    return np.where((lengths < 0.5) | (mine < 0.5), 1, squared / 2)


def nearest_neighbours(
    vectors: Vectors, index: int, *, k: int = 10, metric: str = "cosine"
) -> pd.DataFrame:
    """The k nearest of one vector: rank, index, distance, and the columns of the frame.

    `distance` is 1 − cosine or Euclidean, in the original space. Raises `BadInput`.
    """
    count = len(vectors)
    if not 0 <= int(index) < count:
        raise BadInput(f"There is no point {index}; points go from 0 to {count - 1:,}.")
    if count < 2:
        raise BadInput("A single point has no neighbours. Add more points.")
    places, apart = _nearest_to(vectors.values, int(index), max(1, min(k, count - 1)), metric)
    found = vectors.frame.iloc[places].reset_index(drop=True)
    return pd.concat(
        [
            pd.DataFrame({"rank": np.arange(1, len(places) + 1), "index": places}),
            pd.DataFrame({"distance": apart}),
            found[[name for name in found if name not in ("rank", "index", "distance")]],
        ],
        axis=1,
    )


def _nearest_to(
    values: np.ndarray, index: int, k: int, metric: str
) -> tuple[np.ndarray, np.ndarray]:
    """Places and distances of the k nearest others of one row."""
    if check_metric(metric) == "cosine":
        lengths = np.sqrt(np.einsum("nd,nd->n", values, values))
        scores = (values @ unit(values[index][None])[0]) / np.where(lengths > 0, lengths, 1)
    else:
        values = prepared(values, metric)
        scores = values @ values[index] - 0.5 * np.einsum("nd,nd->n", values, values)
    scores[index] = -np.inf
    keep = min(k + SPARE, len(values) - 1)
    found = np.sort(np.argpartition(scores, -keep)[-keep:])
    rows = values[[index, *found]]
    rows = unit(rows) if metric == "cosine" else rows
    apart = distances_to(rows[0], rows[1:], metric)
    order = np.argsort(apart, kind="stable")[:k]
    return found[order], apart[order]


TILE = 4096
GROUP = 32


class Best:
    """The best candidates of each row so far: `scores` and `indices`, both (n, keep)."""

    def __init__(self, rows: int, keep: int) -> None:
        self.keep = keep
        self.scores = np.full((rows, keep), -np.inf, dtype=np.float32)
        self.indices = np.zeros((rows, keep), dtype=np.int64)

    def offer(self, row: int, column: int, tile: np.ndarray) -> None:
        """A tile (rows, columns) of scores whose corner is (row, column)."""
        places = largest(tile, self.keep)
        scores = np.take_along_axis(tile, places, 1)
        part = slice(row, row + len(tile))
        scores = np.concatenate([self.scores[part], scores], axis=1)
        places = np.concatenate([self.indices[part], places + column], axis=1)
        kept = np.argpartition(scores, -self.keep, axis=1)[:, -self.keep :]
        self.scores[part] = np.take_along_axis(scores, kept, 1)
        self.indices[part] = np.take_along_axis(places, kept, 1)


def visit(values: np.ndarray, offset: np.ndarray | None, best: Best, a: int, b: int) -> None:
    """Offer the tile of rows from a and columns from b to both, a being at most b.

    `offset` (n,) is −½‖y‖² for Euclidean neighbours: −½‖x − y‖² orders like x·y − ½‖y‖², and what
    is constant within a row does not matter.
    """
    rows, columns = values[a : a + TILE], values[b : b + TILE]
    tile = rows @ columns.T
    if a == b:
        np.fill_diagonal(tile, -np.inf)
    best.offer(a, b, tile if offset is None else tile + offset[b : b + TILE])
    if a != b:
        flipped = tile.T  # a view: transposing in memory would cost as much as the product
        best.offer(b, a, flipped if offset is None else flipped + offset[a : a + TILE])


def largest(tile: np.ndarray, keep: int) -> np.ndarray:
    """Columns of the `keep` largest values of each row, in no order."""
    width = tile.shape[1]
    groups = width // GROUP
    if groups < 2 * keep or width % GROUP:
        keep = min(keep, width)
        return np.argpartition(tile, width - keep, axis=1)[:, width - keep :]
    # Group g holds the columns g, g + groups, g + 2 groups …, so that whole stripes are compared.
    peaks = tile[:, :groups].copy(order="K")
    for start in range(groups, width, groups):
        np.maximum(peaks, tile[:, start : start + groups], out=peaks)
    peaks = np.ascontiguousarray(peaks)
    chosen = np.argpartition(peaks, groups - keep, axis=1)[:, groups - keep :]
    columns = (chosen[:, :, None] + groups * np.arange(GROUP)).reshape(len(tile), -1)
    scores = np.take_along_axis(tile, columns, 1)
    kept = np.argpartition(scores, -keep, axis=1)[:, -keep:]
    return np.take_along_axis(columns, kept, 1)

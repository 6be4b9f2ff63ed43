"""The inside of the neighbour search: tiles of the similarity matrix and their best entries.

Each tile is computed once, for its rows and for its columns, and only one is held at a time:
30,522 × 384 vectors need about 150 MB. Of a tile only the largest values of groups of 32 are looked
at closely, which loses nothing: the k largest values lie in the k groups with the largest maxima.
"""

from __future__ import annotations

import numpy as np

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

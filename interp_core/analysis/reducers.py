"""From vectors to coordinates: one function for each method, and the table that names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from interp_core.analysis.axis import reduce_axis
from interp_core.analysis.neighbours import Neighbours, find_neighbours
from interp_core.analysis.pca import reduce_pca
from interp_core.analysis.progress import part_of
from interp_core.analysis.tsne import reduce_tsne
from interp_core.analysis.umap_fit import reduce_umap
from interp_core.analysis.vectors import Vectors
from interp_core.errors import BadInput


@dataclass
class Job:
    """What a reducer is given. `values` (n, dim) are scaled as the method wants them."""

    vectors: Vectors
    values: np.ndarray
    dimensions: int
    seed: int
    metric: str
    knn: Neighbours | None
    progress: Callable[[int, int], object] | None
    notes: list[str] = field(default_factory=list)
    explained: np.ndarray | None = None

    def neighbours(self, k: int) -> Neighbours:
        """At least k neighbours (fewer in small sets), searched when those at hand are fewer."""
        k = min(k, len(self.values) - 1)
        if self.knn is None or self.knn.k < k:
            self.knn = find_neighbours(
                self.vectors, k=k, metric=self.metric, progress=part_of(self.progress, 0, 30)
            )
        return self.knn


@dataclass(frozen=True)
class Reducer:
    """A method: its function, what it does in one line, and whether it bends space.

    `linear` methods keep the vectors as they are and their axes mean something; the others scale
    them to length 1 under the cosine metric and may collapse. `least` points are needed.
    """

    run: Callable[..., np.ndarray]
    title: str
    about: str
    linear: bool
    least: int
    options: tuple[str, ...] = ()


REDUCERS: dict[str, Reducer] = {
    "pca": Reducer(
        reduce_pca,
        "PCA",
        "The flat view with the most variance. Instant and exact; distances shrink, never grow.",
        linear=True,
        least=2,
        options=("normalise",),
    ),
    "umap": Reducer(
        reduce_umap,
        "UMAP",
        "Keeps near neighbours together. Distances between groups mean little.",
        linear=False,
        least=5,
        options=("neighbours", "min_dist", "epochs", "init"),
    ),
    "tsne": Reducer(
        reduce_tsne,
        "t-SNE",
        "Keeps the most true neighbours. Sizes of groups and gaps between them mean nothing.",
        linear=False,
        least=5,
        options=("perplexity", "iterations", "init"),
    ),
    "axis": Reducer(
        reduce_axis,
        "Own axes",
        "Each axis runs from the mean of some words to the mean of others.",
        linear=True,
        least=1,
        options=("axes", "by"),
    ),
}


def find_reducer(method: str, options: dict[str, Any]) -> Reducer:
    """The method of that name. Raises `BadInput` for unknown methods and options."""
    if method not in REDUCERS:
        raise BadInput(f"{method!r} is no method. Choose one of: {', '.join(REDUCERS)}.")
    reducer = REDUCERS[method]
    unknown = sorted(set(options) - set(reducer.options))
    if unknown:
        known = ", ".join(reducer.options)
        raise BadInput(f"{reducer.title} has no option {unknown[0]!r}. It has: {known}.")
    return reducer

"""t-SNE (van der Maaten & Hinton 2008) on exact neighbours that were searched before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.analysis.pca import principal
from interp_core.analysis.progress import part_of, report
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.reducers import Job

EARLY = 250  # iterations with exaggerated attraction, which sort the groups out
EXAGGERATION = 12.0
GRID_POINTS = 10_000  # from here the grid is faster than the tree (in 2-D; 3-D has no grid)
THREADS = min(4, os.cpu_count() or 1)  # for large sets; the picture does not depend on them


def reduce_tsne(
    job: Job,
    *,
    perplexity: float = 30.0,
    iterations: int = 500,
    init: Any = "pca",
) -> np.ndarray:
    """t-SNE coordinates. The perplexity is about how many neighbours a point cares for.

    It is lowered to (n − 1) / 3 in small sets. Forces come from a grid in 2-D, from a Barnes-Hut
    tree in 3-D and in small sets. `init` is "pca", "random" or starting coordinates
    (n, dimensions).
    """
    if not 2 <= perplexity <= 200 or not 1 <= iterations <= 5_000:
        raise BadInput("t-SNE takes a perplexity from 2 to 200 and up to 5,000 iterations.")
    allowed = max(1.0, (len(job.values) - 1) / 3)
    if perplexity > allowed:
        job.notes.append(f"perplexity lowered from {perplexity:g} to {allowed:.1f}")
        perplexity = allowed
    start = _start(init, job)
    return _optimise(job, perplexity, iterations, start)


def _start(init: Any, job: Job) -> np.ndarray:
    """Principal coordinates, or those given, scaled to a spread of 0.0001 as t-SNE wants."""
    if isinstance(init, str):
        if init not in ("pca", "random"):
            raise BadInput(f"{init!r} is no start for t-SNE. Choose pca or random.")
        start = np.zeros((len(job.values), job.dimensions))
        if init == "pca":
            start = principal(job.values, job.dimensions, seed=job.seed)[0]
    else:
        start = np.asarray(init, dtype=np.float64)
        if start.shape != (len(job.values), job.dimensions):
            raise BadInput(f"Starting coordinates need {len(job.values), job.dimensions}.")
    start = (start - start.mean(0)) / (start[:, 0].std() or 1.0)
    spread = 0.01 if start.any() else 1.0
    jitter = np.random.default_rng(job.seed).normal(scale=spread, size=start.shape)
    return (start + jitter) * 1e-4


def _optimise(job: Job, perplexity: float, iterations: int, start: np.ndarray) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = max(1, int(3 * perplexity))
    knn = job.neighbours(k)
    knn = knn.first(min(k, knn.k))
    index = PrecomputedNeighbors(knn.indices, knn.distances.astype(np.float64))
    threads = THREADS if len(job.values) >= GRID_POINTS else 1  # waiting costs more than it gains
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=threads)
    told = part_of(job.progress, 30, 90)
    total = EARLY + iterations
    grid = "fft" if len(job.values) > GRID_POINTS and job.dimensions == 2 else "bh"
    picture = TSNEEmbedding(
        start, affinities, negative_gradient_method=grid, random_state=job.seed, n_jobs=threads
    )
    for done, count, exaggeration, momentum in (
        (0, EARLY, EXAGGERATION, 0.5),
        (EARLY, iterations, 1.0, 0.8),
    ):
        picture = picture.optimize(
            n_iter=count,
            exaggeration=exaggeration,
            momentum=momentum,
            inplace=True,
            callbacks=[_Told(told, done, total)],
            callbacks_every_iters=10,
        )
    return np.asarray(picture)


class _Told:
    """openTSNE's callback, called with the iteration, the error and the embedding."""

    def __init__(self, progress: Any, done: int, total: int) -> None:
        self.progress, self.done, self.total = progress, done, total

    def __call__(self, iteration: int, *_: object) -> bool:
        report(self.progress, self.done + iteration, self.total)
        return False

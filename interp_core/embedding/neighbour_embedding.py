"""t-SNE (van der Maaten & Hinton 2008) on exact neighbours that were searched before."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.embedding.linear_reduction import principal
from interp_core.errors import BadInput
from interp_core.progress import holding, report, scaled

if TYPE_CHECKING:
    from interp_core.embedding.linear_reduction import ReductionJob
    from interp_core.embedding.neighbours import Neighbours


Progress = Callable[[int, int], object]
PAUSE = 0.3  # seconds between two reports of UMAP's epochs
EARLY = 250  # iterations with exaggerated attraction, which sort the groups out
EXAGGERATION = 12.0
GRID_POINTS = 10_000  # from here the grid is faster than the tree (in 2-D; 3-D has no grid)
THREADS = min(4, os.cpu_count() or 1)  # for large sets; the picture does not depend on them


def reduce_tsne(
    job: ReductionJob,
    *,
    perplexity: float = 30.0,
    iterations: int = 500,
    init: Any = "pca",
) -> np.ndarray:
    """t-SNE coordinates. The perplexity is about the number of neighbours that count.

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
    start = _tsne_start(init, job)
    return _optimise(job, perplexity, iterations, start)


def _tsne_start(init: Any, job: ReductionJob) -> np.ndarray:
    """Principal coordinates, or those given, scaled to a spread of 0.0001 as t-SNE wants."""
    if isinstance(init, str):
        if init not in ("pca", "random"):
            raise BadInput(f"Unknown initialisation {init!r} for t-SNE. Choose pca or random.")
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


def _optimise(
    job: ReductionJob, perplexity: float, iterations: int, start: np.ndarray
) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = max(1, int(3 * perplexity))
    knn = job.neighbours(k)
    knn = knn.first(min(k, knn.k))
    index = PrecomputedNeighbors(knn.indices, knn.distances.astype(np.float64))
    threads = THREADS if len(job.values) >= GRID_POINTS else 1  # waiting costs more than it gains
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=threads)
    told = scaled(job.progress, 30, 90)
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


UMAP_LOCK = threading.RLock()


def reduce_umap(
    job: ReductionJob,
    *,
    neighbours: int = 15,
    min_dist: float = 0.1,
    epochs: int | None = None,
    init: Any = "pca",
) -> np.ndarray:
    """UMAP coordinates (McInnes et al. 2018). Few neighbours show local structure, many global.

    `min_dist` (0 to 1) is how tightly points may pack; `init` is "pca", "spectral", "random" or
    starting coordinates (n, dimensions).
    """
    if not 2 <= neighbours <= 200 or not 0 <= min_dist <= 1:
        raise BadInput("UMAP takes 2 to 200 neighbours and a min_dist from 0 to 1.")
    knn = job.neighbours(neighbours - 1)
    k = min(neighbours - 1, knn.k)
    settings = {
        "n_neighbors": k + 1,
        "n_components": job.dimensions,
        "min_dist": float(min_dist),
        "n_epochs": epochs,
        "init": _umap_start(init, job),
        "random_state": job.seed,
        "n_jobs": 1,
        "metric": "euclidean",  # of the values, which have length 1 under cosine
        "precomputed_knn": _with_self(knn.first(k)),
        "force_approximation_algorithm": True,  # or sets below 4,096 points ignore the neighbours
        "tqdm_kwds": {"told": scaled(job.progress, 30, 90)},  # arguments of `_epochs`
    }
    waiting = partial(report, job.progress, 30, 100)
    with holding(UMAP_LOCK, waiting), _own_threads(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _umap()(**settings).fit_transform(np.ascontiguousarray(job.values))


@contextmanager
def _own_threads() -> Iterator[None]:
    """Leave torch the number of threads that it has.

    numba, which UMAP is compiled with, tells OpenMP at its first fit to take all cores. torch would
    take them as well, in the thread that asked for the fit, from then on.
    """
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def _umap() -> Any:
    """UMAP's class, imported so that little is compiled; call it under `UMAP_LOCK` alone.

    UMAP imports PyNNDescent, which compiles a search for neighbours when it is imported. Here the
    neighbours are given and that search never runs, so it stays plain Python. What UMAP compiles
    for a fit is kept on disk for the next process (`NUMBA_CACHE_DIR`).
    """
    import numba

    before = numba.config.DISABLE_JIT
    numba.config.DISABLE_JIT = True
    try:
        import pynndescent  # noqa: F401 (UMAP finds it imported)
    finally:
        numba.config.DISABLE_JIT = before
    from umap import UMAP, layouts, umap_

    for module, name in (
        (umap_, "smooth_knn_dist"),
        (umap_, "compute_membership_strengths"),
        (layouts, "_nb_optimize_layout_euclidean_single_epoch"),
    ):
        compiled = getattr(module, name, None)  # a later UMAP may name it otherwise
        if hasattr(compiled, "enable_caching"):
            compiled.enable_caching()
    layouts.tqdm = _epochs
    return UMAP


def _umap_start(init: Any, job: ReductionJob) -> Any:
    """A known name; or coordinates, which a tiny jitter keeps from being exactly equal."""
    if isinstance(init, str):
        if init not in ("spectral", "pca", "random"):
            raise BadInput(f"Unknown initialisation {init!r}. Choose spectral, pca or random.")
        # Both starts need more points and columns than they give axes.
        return "random" if min(job.values.shape) <= 3 * job.dimensions else init
    start = np.asarray(init, dtype=np.float32)
    if start.shape != (len(job.values), job.dimensions):
        raise BadInput(f"Starting coordinates need the shape {len(job.values), job.dimensions}.")
    scale = np.abs(start - start.mean(0)).max() or 1.0
    jitter = np.random.default_rng(job.seed).normal(scale=1e-4, size=start.shape)
    return ((start - start.mean(0)) * (10 / scale) + jitter).astype(np.float32)


def _with_self(knn: Neighbours) -> tuple[np.ndarray, np.ndarray]:
    """UMAP's form: each point is its own first neighbour. Copies, because UMAP writes into them."""
    itself = np.arange(len(knn.indices), dtype=np.int64)[:, None]
    indices = np.concatenate([itself, knn.indices], axis=1)
    distances = np.concatenate([np.zeros_like(knn.distances[:, :1]), knn.distances], axis=1)
    return np.ascontiguousarray(indices), np.ascontiguousarray(distances, dtype=np.float32)


def _epochs(epochs: Sequence[int], *, told: Progress | None = None, **_: Any) -> Iterator[int]:
    """The epochs of a fit, told now and then, in the place of UMAP's progress bar.

    A bar of tqdm holds a lock of the whole process while it draws, and keeps it for ever when what
    it writes to raises: after one stopped fit every other would wait. Here an exception just ends
    the fit.
    """
    due = 0.0
    for number in epochs:
        if time.monotonic() >= due:
            report(told, number, len(epochs))
            due = time.monotonic() + PAUSE
        yield number

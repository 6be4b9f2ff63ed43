"""UMAP on neighbours that were searched before, one fit at a time in the whole process.

numba's `workqueue` threading layer kills the process when two fits overlap, so everything of UMAP,
its import included, happens under one lock. With the neighbours given, UMAP compiles a fraction of
its code: 17 s instead of 57 s for the first fit of 30,000 points in a trial.
"""

from __future__ import annotations

import threading
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.analysis.progress import alone, part_of, report
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.neighbours import Neighbours
    from interp_core.analysis.reducers import Job

UMAP_LOCK = threading.RLock()


def reduce_umap(
    job: Job,
    *,
    neighbours: int = 15,
    min_dist: float = 0.1,
    epochs: int | None = None,
    init: Any = "pca",
) -> np.ndarray:
    """UMAP coordinates (McInnes et al. 2018). Few neighbours show detail, many the whole.

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
        "init": _start(init, job),
        "random_state": job.seed,
        "n_jobs": 1,
        "metric": "euclidean",  # of the values, which have length 1 under cosine
        "precomputed_knn": _with_self(knn.first(k)),
        "force_approximation_algorithm": True,  # or sets below 4,096 points ignore the neighbours
        "tqdm_kwds": _Epochs.settings(part_of(job.progress, 30, 90)),
    }
    waiting = partial(report, job.progress, 30, 100)
    with alone(UMAP_LOCK, waiting), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        return UMAP(**settings).fit_transform(np.ascontiguousarray(job.values))


def _start(init: Any, job: Job) -> Any:
    """A known name; or coordinates, which a tiny jitter keeps from being exactly equal."""
    if isinstance(init, str):
        if init not in ("spectral", "pca", "random"):
            raise BadInput(f"{init!r} is no start. Choose spectral, pca or random.")
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


class _Epochs:
    """A file for UMAP's progress bar that reads the epoch from what is written to it."""

    def __init__(self, progress: Any) -> None:
        self.progress = progress

    @classmethod
    def settings(cls, progress: Any) -> dict[str, Any]:
        if progress is None:
            return {"disable": True}
        bar = {"bar_format": "{n_fmt} {total_fmt}", "mininterval": 0.3, "leave": False}
        return {"disable": False, "file": cls(progress), **bar}

    def write(self, text: str) -> None:
        numbers = text.split()
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            report(self.progress, int(numbers[0]), int(numbers[1]))

    def flush(self) -> None:
        """Nothing is kept."""

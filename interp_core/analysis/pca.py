"""Principal components: the flat view with the most variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from interp_core.analysis.vectors import unit

if TYPE_CHECKING:
    from interp_core.analysis.reducers import Job

WIDE = 2048  # rows and columns from which PCA goes by random projections (seeded)


def reduce_pca(job: Job, *, normalise: bool = False) -> np.ndarray:
    """Coordinates along the directions of largest variance (signs as in scikit-learn)."""
    values = unit(job.values) if normalise else job.values
    if normalise:
        job.notes.append("vectors scaled to length 1")
    coordinates, job.explained = principal(values, job.dimensions, seed=job.seed)
    return coordinates


def principal(values: np.ndarray, count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n, count) principal coordinates and the share of variance of each, in float64.

    Equal to scikit-learn's `PCA`, signs too (each axis points to where its largest weight is
    positive); axes beyond what the data have are zero.
    """
    centred = np.asarray(values, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    kept = min(count, *centred.shape)
    axes = _axes(centred, kept, seed)
    axes = axes * np.sign(axes[np.arange(kept), np.abs(axes).argmax(axis=1)])[:, None]
    coordinates = np.zeros((len(centred), count))
    coordinates[:, :kept] = centred @ axes.T
    total = (centred**2).sum()
    share = (coordinates**2).sum(axis=0) / total if total else np.zeros(count)
    return coordinates, share


def _axes(centred: np.ndarray, kept: int, seed: int) -> np.ndarray:
    """(kept, dim) the directions of largest variance, of length 1."""
    rows, columns = centred.shape
    if min(rows, columns) > WIDE:
        from sklearn.decomposition import PCA

        return PCA(kept, svd_solver="randomized", random_state=seed).fit(centred).components_
    if rows < columns:
        return np.linalg.svd(centred, full_matrices=False)[2][:kept]
    return np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :kept].T

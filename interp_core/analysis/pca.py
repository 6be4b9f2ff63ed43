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

    Equal to scikit-learn's `PCA` up to rounding; axes beyond what the data have are zero.
    """
    from sklearn.decomposition import PCA

    rows, columns = values.shape
    kept = min(count, rows, columns)
    solver = "covariance_eigh" if rows >= columns else "full"
    if min(rows, columns) > WIDE:
        solver = "randomized"
    model = PCA(kept, svd_solver=solver, random_state=seed)
    found = model.fit_transform(np.asarray(values, dtype=np.float64))
    coordinates, share = np.zeros((rows, count)), np.zeros(count)
    coordinates[:, :kept] = found
    share[:kept] = np.nan_to_num(model.explained_variance_ratio_)
    return coordinates, share

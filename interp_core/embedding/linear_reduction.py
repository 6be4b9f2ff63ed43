"""Principal components: the flat view with the most variance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from interp_core.embedding.neighbours import Neighbours, find_neighbours
from interp_core.embedding.vectors import Vectors, unit
from interp_core.errors import BadInput
from interp_core.progress import scaled

WIDE = 2048  # rows and columns from which PCA goes by random projections (seeded)


def reduce_pca(job: ReductionJob, *, normalise: bool = False) -> np.ndarray:
    """Coordinates along the directions of largest variance (signs as in scikit-learn)."""
    values = unit(job.values) if normalise else job.values
    if normalise:
        job.notes.append("vectors scaled to norm 1")
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
    # By hand up to WIDE: t-SNE starts here, and scikit-learn's PCA, though equal to 1e-12, leads it
    # to another picture than those that saved reports hold.
    rows, columns = centred.shape
    if min(rows, columns) > WIDE:
        from sklearn.decomposition import PCA

        return PCA(kept, svd_solver="randomized", random_state=seed).fit(centred).components_
    if rows < columns:
        return np.linalg.svd(centred, full_matrices=False)[2][:kept]
    return np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :kept].T


Ends = tuple[Iterable[str] | str, Iterable[str] | str]


def project_on_axes(job: ReductionJob, *, axes: Sequence[Ends] = (), by: str = "") -> np.ndarray:
    """(n, dimensions) along each axis: −½ at the mean of its first words, +½ at its second.

    `axes` holds (words, words) for each dimension: `[(["man"], ["woman"]), (["poor"], ["rich"])]`.
    Words are looked up in the column `by` of the frame (default: token, else text). The axes need
    not stand at right angles; the angle is noted.
    """
    if len(axes) != job.dimensions:
        raise BadInput(f"{job.dimensions} dimensions need {job.dimensions} axes, not {len(axes)}.")
    directions, middles = [], []
    for ends in axes:
        low, high = axis_ends(job.vectors, ends, by)
        directions.append(high - low)
        middles.append((high + low) / 2)
    for first in range(len(axes)):
        for second in range(first):
            job.notes.append(_angle(directions[second], directions[first], second, first))
    columns = [
        (job.values.astype(np.float64) - middle) @ direction / (direction @ direction)
        for direction, middle in zip(directions, middles)
    ]
    return np.stack(columns, axis=1)


def axis_ends(vectors: Vectors, ends: Ends, by: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The mean vectors (dim,) of both ends of an axis. Raises `BadInput`."""
    if isinstance(ends, str) or len(ends) != 2:
        raise BadInput("An axis has two ends: (words, words).")
    low, high = (_mean(vectors, words, by) for words in ends)
    if np.linalg.norm(high - low) <= 1e-6 * max(np.linalg.norm(high), np.linalg.norm(low)):
        raise BadInput("Both ends of the axis have the same mean. Choose other words.")
    return low, high


def _mean(vectors: Vectors, words: Iterable[str] | str, by: str) -> np.ndarray:
    words = [words] if isinstance(words, str) else list(words)
    if not words:
        raise BadInput("An end of the axis has no words. Name at least one.")
    column = _column(vectors, by)
    means = []
    for word in words:
        hits = (column == word.strip().casefold()).to_numpy()
        if not hits.any():
            raise BadInput(f"The word {word!r} is not in the data. Choose one that is.")
        means.append(vectors.values[hits].mean(axis=0, dtype=np.float64))
    return np.mean(means, axis=0)


def _column(vectors: Vectors, by: str) -> Any:
    frame = vectors.frame
    if by and by not in frame:
        raise BadInput(f"The points have no column {by!r}. They have: {', '.join(frame)}.")
    if not by:
        by = "token" if "token" in frame and (frame["token"] != "").any() else "text"
    return frame[by].astype(str).str.strip(" ▁").str.casefold()


def _angle(one: np.ndarray, other: np.ndarray, first: int, second: int) -> str:
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return (
        f"axes {first + 1} and {second + 1} form an angle of {degrees:.0f}° in the original space"
    )


@dataclass
class ReductionJob:
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
                self.vectors, k=k, metric=self.metric, progress=scaled(self.progress, 0, 30)
            )
        return self.knn

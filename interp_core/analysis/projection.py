"""Pictures of vectors in two or three dimensions, with what they are worth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from interp_core.analysis.neighbours import Neighbours, check_metric
from interp_core.analysis.picture import Projection
from interp_core.analysis.progress import report
from interp_core.analysis.quality import measure
from interp_core.analysis.reducers import Job, Reducer, find_reducer
from interp_core.analysis.vectors import Vectors, check_points, make_vectors, unit
from interp_core.errors import BadInput

COLLAPSE = 10.0  # extent over 99th percentile; pictures of word vectors lie between 1.1 and 3
QUALITY_K = 15


def project(
    vectors: Vectors | np.ndarray,
    *,
    method: str = "umap",
    dimensions: int = 2,
    seed: int = 0,
    metric: str = "cosine",
    knn: Neighbours | None = None,
    quality: bool = True,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> Projection:
    """Draw vectors in 2 or 3 dimensions; the same call gives the same picture.

    `method` is "pca", "umap", "tsne" or "axis"; each one's options stand in `REDUCERS`. `metric`
    says what nearness means: under "cosine" UMAP and t-SNE see vectors scaled to length 1 (PCA and
    own axes see them as they are). `knn` from `find_neighbours` saves the search; `quality=False`
    leaves the scores for `judged`. `progress(done, 100)` may return False to stop.

    Raises `BadInput` for sets that have no picture (too few, all equal, more than 50,000), for
    unknown methods and options, and for a collapsed picture.
    """
    vectors = vectors if isinstance(vectors, Vectors) else make_vectors(vectors)
    reducer = find_reducer(method, options)
    _check(vectors, reducer, dimensions, check_metric(metric), knn)
    scaled = metric == "cosine" and not reducer.linear
    values = unit(vectors.values) if scaled else vectors.values
    job = Job(vectors, values, dimensions, int(seed), metric, knn, progress)
    if scaled:
        job.notes.append("vectors scaled to length 1")
    start = time.perf_counter()
    coordinates = np.asarray(reducer.run(job, **options), dtype=np.float64)
    seconds = time.perf_counter() - start
    if not reducer.linear:
        refuse_collapsed(coordinates, reducer.title)
    report(progress, 90, 100)
    shown = {name: value for name, value in options.items() if not isinstance(value, np.ndarray)}
    drawn = Projection(
        coordinates, method, dimensions, int(seed), metric, seconds, shown,
        (*vectors.notes, *job.notes), job.explained, None, job.knn,
    )  # fmt: skip
    drawn = judged(drawn, vectors) if quality and len(vectors) > 2 else drawn
    report(progress, 100, 100)
    return drawn


def judged(projection: Projection, vectors: Vectors, *, k: int = QUALITY_K) -> Projection:
    """The projection with its quality measured at k neighbours."""
    quality = measure(
        vectors,
        projection.coordinates,
        k=k,
        metric=projection.metric,
        knn=projection.knn,
        seed=projection.seed,
    )
    return replace(projection, quality=quality)


def refuse_collapsed(coordinates: np.ndarray, title: str = "The method") -> None:
    """Raise `BadInput` for a picture in which a few points are flung out and the rest is a dot.

    Compares the farthest point's distance from the centre (median) with the 99th percentile.
    """
    cure = "Try another seed, scale the vectors to length 1 (cosine), or use PCA."
    if not np.isfinite(coordinates).all():
        raise BadInput(f"{title} gave coordinates that are no numbers. {cure}")
    apart = np.linalg.norm(coordinates - np.median(coordinates, axis=0), axis=1)
    if apart.max() == 0 or (len(apart) >= 100 and apart.max() > COLLAPSE * _spread(apart)):
        raise BadInput(
            f"{title} collapsed: nearly all points fell on one place and a few were flung out. "
            f"The picture would mislead, so it is not shown. {cure}"
        )


def _spread(apart: np.ndarray) -> float:
    return float(np.percentile(apart, 99))


def _check(
    vectors: Vectors, reducer: Reducer, dimensions: int, metric: str, knn: Neighbours | None
) -> None:
    if dimensions not in (2, 3):
        raise BadInput(f"A picture has 2 or 3 dimensions, not {dimensions}.")
    count = len(vectors)
    check_points(count, 1)
    if count < reducer.least:
        raise BadInput(
            f"{reducer.title} needs at least {reducer.least} points; there "
            f"{'is' if count == 1 else 'are'} {count}. Add some" + (
                ", or use PCA." if count >= 2 else "."
            )
        )  # fmt: skip
    if count > 1 and (vectors.values == vectors.values[0]).all():
        raise BadInput("All vectors are equal: there is nothing to draw. Choose other points.")
    if knn is not None and (len(knn.indices) != count or knn.metric != metric):
        raise BadInput("These neighbours belong to other vectors or another metric. Search again.")

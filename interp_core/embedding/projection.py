"""Pictures of vectors in two or three dimensions, with what they are worth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.charted import Charted
from interp_core.embedding.linear_reduction import ReductionJob, project_on_axes, reduce_pca
from interp_core.embedding.neighbour_embedding import reduce_tsne, reduce_umap
from interp_core.embedding.neighbours import Neighbours, check_metric
from interp_core.embedding.quality import projection_quality
from interp_core.embedding.vectors import Vectors, check_points, make_vectors, unit
from interp_core.errors import BadInput
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.embedding.quality import Quality


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
    job = ReductionJob(vectors, values, dimensions, int(seed), metric, knn, progress)
    if scaled:
        job.notes.append("vectors scaled to norm 1")
    start = time.perf_counter()
    coordinates = np.asarray(reducer.run(job, **options), dtype=np.float64)
    seconds = time.perf_counter() - start
    if not reducer.linear:
        refuse_collapsed(coordinates, reducer.title)
    report(progress, 90, 100)
    shown = {name: value for name, value in options.items() if not isinstance(value, np.ndarray)}
    drawn = Projection(
        coordinates,
        method,
        dimensions,
        int(seed),
        metric,
        seconds,
        shown,
        (*vectors.notes, *job.notes),
        job.explained,
        None,
        job.knn,
    )
    drawn = judged(drawn, vectors) if quality and len(vectors) > 2 else drawn
    report(progress, 100, 100)
    return drawn


def judged(projection: Projection, vectors: Vectors, *, k: int = QUALITY_K) -> Projection:
    """The projection with its quality measured at k neighbours."""
    quality = projection_quality(
        vectors,
        projection.coordinates,
        k=k,
        metric=projection.metric,
        knn=projection.knn,
        seed=projection.seed,
    )
    return replace(projection, quality=quality)


def refuse_collapsed(coordinates: np.ndarray, title: str = "The method") -> None:
    """Raise `BadInput` where a few points lie far out and all others in one place.

    Compares the farthest point's distance from the centre (median) with the 99th percentile.
    """
    cure = "Try another seed, scale the vectors to norm 1 (cosine), or use PCA."
    if not np.isfinite(coordinates).all():
        raise BadInput(f"{title} gave coordinates that are not numbers. {cure}")
    apart = np.linalg.norm(coordinates - np.median(coordinates, axis=0), axis=1)
    if apart.max() == 0 or (len(apart) >= 100 and apart.max() > COLLAPSE * _spread(apart)):
        raise BadInput(
            f"{title} did not converge: almost all points have the same coordinates. The "
            f"projection is not shown because it would be misleading. {cure}"
        )


def _spread(apart: np.ndarray) -> float:
    return float(np.percentile(apart, 99))


def _check(
    vectors: Vectors, reducer: Reducer, dimensions: int, metric: str, knn: Neighbours | None
) -> None:
    if dimensions not in (2, 3):
        raise BadInput(f"A projection has 2 or 3 dimensions, not {dimensions}.")
    count = len(vectors)
    check_points(count, 1)
    if count < reducer.least:
        raise BadInput(
            f"{reducer.title} needs at least {reducer.least} points; there "
            f"{'is' if count == 1 else 'are'} {count}. Add some"
            + (", or use PCA." if count >= 2 else ".")
        )
    if count > 1 and (vectors.values == vectors.values[0]).all():
        raise BadInput("All vectors are equal: there is nothing to draw. Choose other points.")
    if knn is not None and (len(knn.indices) != count or knn.metric != metric):
        raise BadInput("These neighbours belong to other vectors or another metric. Search again.")


@dataclass(frozen=True)
class Projection(Charted):
    """`coordinates` (n, dimensions) float64 and how far they may be trusted.

    `quality` is None where it was not measured. `explained` (dimensions,) is the share of variance
    of each axis (PCA alone). `knn` are the exact neighbours in the original space, as far as they
    were searched. `notes` say what was done to the vectors and the options.
    """

    coordinates: np.ndarray
    method: str
    dimensions: int
    seed: int
    metric: str
    seconds: float
    options: dict[str, Any]
    notes: tuple[str, ...] = ()
    explained: np.ndarray | None = None
    quality: Quality | None = None
    knn: Neighbours | None = None

    @property
    def trustworthiness(self) -> float:
        """Share of what the picture shows as near that is near (1 is perfect); NaN unmeasured."""
        return self.quality.trustworthiness if self.quality else float("nan")

    @property
    def continuity(self) -> float:
        """Share of what is near that the picture shows as near (1 is perfect); NaN unmeasured."""
        return self.quality.continuity if self.quality else float("nan")

    @property
    def kept(self) -> float:
        """Mean share of the k true neighbours that the picture keeps; NaN unmeasured."""
        return self.quality.kept if self.quality else float("nan")

    @property
    def none_kept(self) -> float:
        """Share of points that keep none of their true neighbours; NaN unmeasured."""
        return self.quality.none_kept if self.quality else float("nan")

    @property
    def reliability(self) -> np.ndarray | None:
        """(n,) share of each point's true neighbours that the picture keeps."""
        return self.quality.reliability if self.quality else None


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
        "Linear projection with the most variance. Fast and deterministic; distances can only "
        "shrink.",
        linear=True,
        least=2,
        options=("normalise",),
    ),
    "umap": Reducer(
        reduce_umap,
        "UMAP",
        "Preserves local neighbourhoods. Cluster sizes and distances between clusters are not "
        "meaningful.",
        linear=False,
        least=5,
        options=("neighbours", "min_dist", "epochs", "init"),
    ),
    "tsne": Reducer(
        reduce_tsne,
        "t-SNE",
        "Preserves the most nearest neighbours. Cluster sizes and gaps are not meaningful.",
        linear=False,
        least=5,
        options=("perplexity", "iterations", "init"),
    ),
    "axis": Reducer(
        project_on_axes,
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
        raise BadInput(f"Unknown method {method!r}. Choose one of: {', '.join(REDUCERS)}.")
    reducer = REDUCERS[method]
    unknown = sorted(set(options) - set(reducer.options))
    if unknown:
        known = ", ".join(reducer.options)
        raise BadInput(f"{reducer.title} has no option {unknown[0]!r}. It has: {known}.")
    return reducer

"""Neighbours and pictures of points, each computed once for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import interp_core as ic
from interp_core.analysis.neighbours import Neighbours
from interp_core.analysis.picture import Projection
from interp_core.analysis.vectors import Vectors
from interp_core.ui import sharing
from interp_core.ui.projector.asked import SLOW, Drawing, Points
from interp_core.ui.projector.store import kept, quick, slow

NEAR = 15  # neighbours for the table, the scores and UMAP's default
AT_ONCE = 10_000  # points whose neighbours are searched without asking (about a second)


WIDTHS = (NEAR, 100, 200, 400, 800)  # a search is as wide as one of these, and serves all below


def neighbours(points: Points, vectors: Vectors, metric: str, k: int = NEAR) -> Neighbours | None:
    """The exact neighbours of all points, one search for all that ask; None when stopped."""
    return _searched(points, vectors, metric, k, lambda key, compute: slow(key, SEARCH, compute))


def neighbours_now(points: Points, vectors: Vectors, metric: str, k: int = NEAR) -> Neighbours:
    """The same without a progress bar, for downloads."""
    return _searched(points, vectors, metric, k, lambda key, compute: quick(key, compute))


SEARCH = "Searching neighbours"


def _searched(
    points: Points, vectors: Vectors, metric: str, k: int, run: Callable
) -> Neighbours | None:
    most = max(len(vectors) - 1, 1)
    for wide in WIDTHS:
        found = kept().peek((points, "knn", metric, wide))
        if found is not None and found.k >= min(k, most):
            return found.first(min(k, found.k))
    wide = next((each for each in WIDTHS if each >= k), WIDTHS[-1])

    def compute(progress: Callable | None = None) -> Neighbours:
        return ic.find_neighbours(vectors, k=wide, metric=metric, progress=progress)

    found = run((points, "knn", metric, wide), compute)
    return found and found.first(min(k, found.k))


def needed(drawing: Drawing) -> int:
    """How many neighbours the method reads."""
    options = dict(drawing.options)
    if drawing.method == "tsne":
        return max(NEAR, int(3 * options.get("perplexity", 30)))
    return max(NEAR, options.get("neighbours", NEAR))


def at_hand(drawing: Drawing) -> Projection | None:
    """The picture, when somebody has had it made before."""
    return kept().peek(drawing)


def preview(drawing: Drawing, vectors: Vectors) -> Projection:
    """PCA of the same points, at once."""
    quickly = replace(drawing, method="pca", options=())
    return quick((quickly, "preview"), lambda: _drawn(quickly, vectors, None, quality=False))


def projection(drawing: Drawing, vectors: Vectors) -> Projection | None:
    """The picture with its quality (large PCA pictures: without); None when stopped."""
    found = at_hand(drawing)
    if found is not None:
        return found
    sharing.check_points(len(vectors), drawing.method)
    judge = len(vectors) <= AT_ONCE or drawing.method in SLOW
    knn = None
    if judge and len(vectors) > 2:
        k = needed(drawing) if drawing.method in SLOW else NEAR
        knn = neighbours(drawing.points, vectors, drawing.metric, min(k, len(vectors) - 1))
        if knn is None:
            return None

    def compute(progress: Callable[[int, int], object]) -> Projection:
        return _drawn(drawing, vectors, knn, quality=judge, progress=progress)

    return slow(drawing, drawing.title, compute)


def _drawn(
    drawing: Drawing, vectors: Vectors, knn: Neighbours | None, **rest: object
) -> Projection:
    found = ic.project(
        vectors,
        method=drawing.method,
        dimensions=drawing.dimensions,
        metric=drawing.metric,
        seed=drawing.seed,
        knn=knn,
        **rest,
        **dict(drawing.options),
    )
    return replace(found, knn=None)  # kept apart, once


def judged(drawing: Drawing, vectors: Vectors, found: Projection) -> Projection | None:
    """The picture with its quality, whatever it takes; None when stopped."""
    if found.quality is not None or len(vectors) < 3:
        return found
    knn = neighbours(drawing.points, vectors, drawing.metric)
    if knn is None:
        return None

    def compute(progress: Callable[[int, int], object]) -> Projection:
        progress(1, 2)
        return replace(ic.judged(replace(found, knn=knn), vectors), knn=None)

    return slow((drawing, "judged"), "Ranking neighbours", compute)

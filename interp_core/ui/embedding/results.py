"""Vectors, neighbours and pictures that all sessions share, bounded by entries and bytes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.embedding.neighbours import Neighbours
from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors
from interp_core.ui.embedding.question import SLOW, Drawing, Points
from interp_core.ui.server import jobs, limits
from interp_core.ui.server.cache import COMPUTE
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.recipe import Recipe, value

MOST_RESULTS = 256
MOST_BYTES = 768 * 2**20


@st.cache_resource(show_spinner=False)
def kept() -> Shared:
    """The store."""
    return Shared(MOST_RESULTS, MOST_BYTES, held_bytes, name="projector")


def held_bytes(held: Any) -> int:
    """Bytes of the arrays and frames inside a result."""
    if isinstance(held, np.ndarray):
        return held.nbytes
    if isinstance(held, pd.DataFrame | pd.Series):
        return int(np.sum(held.memory_usage(deep=True)))
    if isinstance(held, tuple | list):
        return sum(map(held_bytes, held))
    if is_dataclass(held):
        return sum(held_bytes(getattr(held, field.name)) for field in fields(held))
    return 0


def quick(key: Hashable, compute: Callable[[], Any]) -> Any:
    """A result that takes no more than a second or two.

    The turn comes first: who waits for another's result while holding a turn waits for somebody
    who has one.
    """
    found = kept().peek(key)
    if found is not None:
        return found
    with COMPUTE:
        return kept().get(key, compute)


def slow(
    key: Hashable,
    what: str,
    compute: Callable,
    *,
    unit: str = "%",
    operations: Callable[[], float] | None = None,
) -> Any:
    """A result that takes longer: with progress and a button that stops it (None then).

    With `operations` as in `jobs.run` a dear one waits for a click first.
    """
    return jobs.run(key, what, compute, unit=unit, store=kept(), operations=operations)


def shared(key: Hashable, what: str, step: Recipe, **more: Any) -> Recipe | None:
    """The step with such a result; `more` are arguments of `jobs.follow`."""
    return jobs.follow(key, what, step, store=kept(), **more)


def in_place(compute: Callable[[], Any]) -> Any:
    """What `compute` gives; its progress bars leave no trace, so that nothing below them moves.

    A chart that moves on the page is made anew, and forgets how far it was magnified.
    """
    slot = st.empty()
    with slot.container():
        found = compute()
    if found is not None:
        slot.empty()
    return found


NEAR = 15  # neighbours for the table, the scores and UMAP's default
AT_ONCE = 10_000  # points whose neighbours are searched without asking (about a second)
WIDTHS = (NEAR, 100, 200, 400, 800)  # a search is as wide as one of these, and serves all below


def neighbours(points: Points, vectors: Vectors, metric: str, k: int = NEAR) -> Neighbours | None:
    """The exact neighbours of all points, one search for all that ask; None when stopped."""
    return _searched(points, vectors, metric, k, lambda key, compute: slow(key, SEARCH, compute))


def neighbours_now(points: Points, vectors: Vectors, metric: str, k: int = NEAR) -> Neighbours:
    """The same without a progress bar, for downloads."""
    return _searched(points, vectors, metric, k, lambda key, compute: quick(key, compute))


SEARCH = "Finding neighbours"


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
    limits.check_points(len(vectors), drawing.method)
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
    found = value(drawing.call(vectors), knn=knn, **rest)
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

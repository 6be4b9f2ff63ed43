"""A list of points that deserve a look: how it reads, and what its columns are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from interp_core.embedding.neighbours import Neighbours
from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors
from interp_core.ui.embedding import sources
from interp_core.ui.embedding.question import Drawing
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

_TWO = st.column_config.NumberColumn(format="%.2f")
COLUMNS = {
    "text": st.column_config.TextColumn(width="medium"),
    "conflict": _TWO,
    "own": st.column_config.NumberColumn("own label", format="%.2f"),
    "other": st.column_config.NumberColumn("other label", format="%.2f"),
    "same": st.column_config.NumberColumn("neighbours with own label"),
    "purity": st.column_config.NumberColumn(format="percent"),
    "silhouette": _TWO,
    "factor": _TWO,
    "mean_distance": st.column_config.NumberColumn("mean distance", format="%.4f"),
    "nearest_distance": st.column_config.NumberColumn("nearest distance", format="%.4f"),
    "listed": st.column_config.NumberColumn("lists"),
    "share": st.column_config.NumberColumn("of all points", format="percent"),
    "nobodys": st.column_config.CheckboxColumn("in no neighbour list"),
}


def listed(vectors: Recipe, found: Recipe, columns: list[str]) -> Recipe:
    """The list of what was `found`."""
    return calls.point_list(vectors, named("found", found), columns)


def from_neighbours(step: Recipe, knn: Neighbours) -> Recipe:
    """The step, computed from the neighbours that are known instead of a search of its own."""
    return supplied(step, lambda: value(step, knn=knn))


@dataclass(frozen=True, kw_only=True)
class PointResult(ViewResult):
    """A view's result with the question and the vectors; `chart` is None in WebGL."""

    asked: Drawing
    vectors: Vectors


def drawn(asked: Drawing, vectors: Vectors, picture: Projection, chart: Any) -> PointResult:
    """The result of a view that shows a picture of the vectors."""
    made = sources.recipe(asked.points, vectors)
    unjudged = picture.quality is None and len(vectors) > 2
    step = named("picture", asked.call(made, **({"quality": False} if unjudged else {})))
    table = calls.point_table(made, supplied(step, lambda: picture))
    return PointResult(chart, table, asked=asked, vectors=vectors)

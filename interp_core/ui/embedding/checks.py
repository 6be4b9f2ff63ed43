"""What is out of place: label conflicts, clusters, outliers, hubs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import drawing_choice, sources
from interp_core.ui.embedding.check_clusters import clusters
from interp_core.ui.embedding.check_conflicts import conflicts
from interp_core.ui.embedding.check_outliers import hubs, outliers
from interp_core.ui.embedding.finding import COLUMNS, PointResult
from interp_core.ui.embedding.question import Drawing, Points
from interp_core.ui.widgets import downloads
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.result import ViewResult

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

SHOWN = 100
KINDS = {
    "conflicts": "Label conflicts",
    "clusters": "Clusters",
    "outliers": "Outliers",
    "hubs": "Hubs",
}
FIND: dict[str, Callable[..., ViewResult | None]] = {
    "conflicts": conflicts,
    "clusters": clusters,
    "outliers": outliers,
    "hubs": hubs,
}


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> PointResult | None:
    """The chosen list; nothing of it depends on a picture."""
    with row:
        kind = one_of("Check", KINDS, key="check", default="conflicts")
    wanted = Drawing(asked, metric=drawing_choice.nearness(row))
    vectors = sources.vectors(asked)
    found = vectors and FIND[kind](wanted, sources.recipe(asked, vectors), row)
    if found is None:
        return None
    table = found.table
    st.dataframe(table.head(SHOWN), hide_index=True, height=420, column_config=COLUMNS)
    if len(table) > SHOWN:
        st.caption(f"First {SHOWN} of {len(table):,} rows. The download contains all rows.")
    downloads.buttons(
        {"Table (CSV)": (f"{kind}.csv", "text/csv", lambda: downloads.csv(table))}, key=kind
    )
    return PointResult(found.chart, found.recipe, asked=wanted, vectors=vectors)

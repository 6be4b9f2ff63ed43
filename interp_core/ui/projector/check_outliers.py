"""Points that stand alone, points that stand in everybody's list, and those in nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

import interp_core as ic
from interp_core.analysis.hubs import hub_skewness
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import histogram
from interp_core.ui.projector import drawing
from interp_core.ui.projector.asked import Drawing
from interp_core.ui.projector.colouring import label_columns
from interp_core.ui.projector.listing import Finding, readable

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

WORTH_A_LOOK = 1.5  # of the local outlier factor
CUT = 4.0


def outliers(asked: Drawing, vectors: Vectors, row: DeltaGenerator) -> Finding | None:
    """The loneliest points first."""
    knn = drawing.neighbours(asked.points, vectors, asked.metric)
    if knn is None:
        return None
    table = ic.outliers(vectors, metric=asked.metric, knn=knn)
    chart = histogram(
        table["factor"].clip(upper=CUT),
        title=f"local outlier factor (cut at {CUT:g})",
        mark=1.0,
        mark_title="inside a group",
        height=160,
    )
    st.altair_chart(chart, width="stretch", alt="How many points have which outlier factor.")
    st.caption(
        "The local outlier factor (Breunig et al. 2000) says how much thinner a point's "
        f"surroundings are than its neighbours': about 1 inside a group, from {WORTH_A_LOOK} worth "
        f"a look. {(table['factor'] > WORTH_A_LOOK).sum():,} points lie above."
    )
    names = ["factor", "mean_distance", "nearest_distance", *label_columns(vectors)[:2]]
    return Finding(chart, readable(vectors, table, names))


def hubs(asked: Drawing, vectors: Vectors, row: DeltaGenerator) -> Finding | None:
    """The most listed points first."""
    knn = drawing.neighbours(asked.points, vectors, asked.metric)
    if knn is None:
        return None
    table = ic.hubs(vectors, knn)
    chart = histogram(
        table["listed"],
        title=f"in how many lists of {knn.k} neighbours",
        mark=float(knn.k),
        mark_title="on average",
        height=160,
    )
    st.altair_chart(chart, width="stretch", alt="How many points stand in how many lists.")
    st.caption(
        "In many dimensions a few points crowd into everybody's list (Radovanović et al. 2010): "
        f"skewness {hub_skewness(knn):.1f} (0: none, above 1: strong). {table['nobodys'].sum():,} "
        "points are nobody's neighbour: a search would never find them."
    )
    names = ["listed", "share", "nobodys", *label_columns(vectors)[:2]]
    return Finding(chart, readable(vectors, table, names))

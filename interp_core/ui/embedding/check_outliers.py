"""Points that stand alone, points that stand in everybody's list, and those in nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from interp_core.charts.simple import histogram
from interp_core.embedding.outlier_scores import hub_skewness
from interp_core.embedding.vectors import Vectors, truncate
from interp_core.ui.embedding import results
from interp_core.ui.embedding.colouring import label_columns
from interp_core.ui.embedding.finding import from_neighbours, listed
from interp_core.ui.embedding.question import Drawing
from interp_core.ui.embedding.text import points_named
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import Recipe, calls, supplied, value
from interp_core.ui.widgets.result import ViewResult

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

WORTH_A_LOOK = 1.5  # of the local outlier factor
CUT = 4.0


def outliers(asked: Drawing, made: Recipe, row: DeltaGenerator) -> ViewResult | None:
    """The loneliest points first."""
    vectors: Vectors = value(made)
    knn = results.neighbours(asked.points, vectors, asked.metric)
    if knn is None:
        return None
    found = from_neighbours(calls.outliers(made, metric=asked.metric), knn)
    names = ["factor", "mean_distance", "nearest_distance", *label_columns(vectors)[:2]]
    points = listed(made, found, names)
    table = value(points)
    chart = histogram(
        table["factor"].clip(upper=CUT),
        title=f"local outlier factor (cut at {CUT:g})",
        mark=1.0,
        mark_title="inside a cluster",
        height=160,
    )
    above = int((table["factor"] > WORTH_A_LOOK).sum())
    figure(
        chart,
        title=f"Outliers of {points_named(asked.points)}",
        alt=f"Histogram of the outlier factors of {len(table):,} points; {above:,} are above "
        f"{WORTH_A_LOOK}. {_first(table, 'factor', '.2f')}",
    )
    st.caption(
        "Local outlier factor (Breunig et al. 2000): density around the neighbours relative "
        f"to the density around the point. About 1 inside a cluster; {above:,} points are "
        f"above {WORTH_A_LOOK}."
    )
    return ViewResult(chart, points)


def hubs(asked: Drawing, made: Recipe, row: DeltaGenerator) -> ViewResult | None:
    """The most listed points first."""
    vectors: Vectors = value(made)
    knn = results.neighbours(asked.points, vectors, asked.metric)
    if knn is None:
        return None
    names = ["listed", "share", "nobodys", *label_columns(vectors)[:2]]
    near = supplied(calls.find_neighbours(made, metric=asked.metric), lambda: knn)
    points = listed(made, calls.hubs(made, near), names)
    table = value(points)
    chart = histogram(
        table["listed"],
        title=f"number of {knn.k}-neighbour lists that contain the point",
        mark=float(knn.k),
        mark_title="mean",
        height=160,
    )
    alone = int(table["nobodys"].sum())
    figure(
        chart,
        title=f"Hubs of {points_named(asked.points)}",
        alt=f"Histogram: number of {knn.k}-neighbour lists that contain each of "
        f"{len(table):,} points; {alone:,} are in none. "
        f"{_first(table, 'listed', '.0f')}",
    )
    st.caption(
        "Hubness (Radovanović et al. 2010): in high dimensions, a few points are nearest "
        f"neighbours of many others. Skewness {hub_skewness(knn):.1f} (0: none, above 1: "
        f"strong). {alone:,} points are in no neighbour list; nearest-neighbour search would "
        "never return them."
    )
    return ViewResult(chart, points)


def _first(table: pd.DataFrame, figure_of: str, form: str) -> str:
    """The point at the top of the list in words."""
    top = table.iloc[0]
    return f"Largest: {truncate(top['text'], 40)}, {top[figure_of]:{form}}."

"""Groups that the vectors form by themselves, and points between two of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.simple import histogram
from interp_core.embedding.tables import cluster_name
from interp_core.embedding.vectors import Vectors
from interp_core.ui.embedding.colouring import label_columns
from interp_core.ui.embedding.finding import listed
from interp_core.ui.embedding.question import Drawing
from interp_core.ui.embedding.results import slow
from interp_core.ui.embedding.text import points_named
from interp_core.ui.server import limits
from interp_core.ui.widgets.choices import BOUND, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.numbers import number
from interp_core.ui.widgets.recipe import Recipe, calls, supplied, value
from interp_core.ui.widgets.result import ViewResult

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

METHODS = {"kmeans": "k-means", "hdbscan": "HDBSCAN"}
SUMMARY = {
    "silhouette": st.column_config.NumberColumn(format="%.2f"),
    "words": st.column_config.TextColumn("distinctive words", width="large"),
}


def clusters(asked: Drawing, made: Recipe, row: DeltaGenerator) -> ViewResult | None:
    """The clusters, how well they part, and the points that lie nearer to another one."""
    vectors: Vectors = value(made)
    method, options = _choose(row)
    limits.check_points(len(vectors), method)

    step = calls.clusters(made, method=method, metric=asked.metric, **options)

    def compute(progress: Callable[[int, int], object]) -> pd.DataFrame:
        progress(1, 10)
        return value(step)

    key = (asked.points, "clusters", method, asked.metric, tuple(options.items()))
    found = slow(key, "Clustering", compute)
    if found is None:
        return None
    _summary(found)
    values = found["silhouette"].dropna()
    chart = histogram(values, title="silhouette", mark=0.0, mark_title="between", height=160)
    figure(
        chart,
        title=f"Clusters by {METHODS[method]} of {points_named(asked.points)}",
        alt=f"Histogram of the silhouettes of {len(values):,} points; {(values < 0).sum():,} "
        f"are closer to another cluster; mean {number(values.mean(), '.2f')}.",
    )
    st.caption("Points below 0 are closer to another cluster; they are listed first.")
    shown = ["cluster", "silhouette", *label_columns(vectors)[:2]]
    clustered = calls.doubtful(supplied(step, lambda: found))
    return ViewResult(chart, listed(made, clustered, shown))


def _choose(row: DeltaGenerator) -> tuple[str, dict]:
    with row:
        method = one_of("Clusters by", METHODS, key="clustering")
        if method == "kmeans":
            count = st.number_input(
                "Number of clusters",
                0,
                200,
                0,
                key="cluster_count",
                width=140,
                **BOUND,
                help="0: try 2 to 20 clusters and use the number with the best silhouette.",
            )
            return method, {"count": int(count) or None}
        least = st.number_input(
            "Minimum cluster size", 2, 1000, 10, key="cluster_least", width=140, **BOUND
        )
    return method, {"min_size": int(least)}


def _summary(found: pd.DataFrame) -> None:
    summary = ic.cluster_summary(found)
    summary["cluster"] = summary["cluster"].map(cluster_name)
    silhouette = found.loc[found["cluster"] >= 0, "silhouette"].mean()
    st.markdown(
        f"**{(found['cluster'].unique() >= 0).sum()} clusters**, silhouette "
        f"{number(silhouette, '.2f')} (1: well separated, 0: overlapping, below 0: likely "
        "misassigned)."
    )
    st.dataframe(summary, hide_index=True, column_config=SUMMARY)

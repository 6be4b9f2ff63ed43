"""What is out of place: label conflicts, clusters, outliers, hubs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.embedding.neighbours import Neighbours
from interp_core.embedding.outlier_scores import hub_skewness
from interp_core.embedding.tables import cluster_name
from interp_core.embedding.vectors import Vectors, truncate
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import drawing_choice, picking, results, sources
from interp_core.ui.embedding.colouring import label_columns
from interp_core.ui.embedding.downloads import PointResult
from interp_core.ui.embedding.question import Drawing, Points, points_named
from interp_core.ui.embedding.results import slow
from interp_core.ui.server import limits
from interp_core.ui.widgets import clicks, downloads, layout
from interp_core.ui.widgets.choices import BOUND, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import dots, number, plain, rounded
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


SHOWN = 100  # rows of a list
TWO = ["conflict", "own", "other", "silhouette", "factor"]  # shown with two decimals
_TWO = st.column_config.NumberColumn(format="%.2f")
COLUMNS = {
    "text": st.column_config.TextColumn(width="large"),
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
    "nobodys": st.column_config.TextColumn("in no neighbour list"),
}


def listed(vectors: Recipe, found: Recipe, columns: list[str]) -> Recipe:
    """The list of what was `found`."""
    return calls.point_list(vectors, named("found", found), columns)


def from_neighbours(step: Recipe, knn: Neighbours) -> Recipe:
    """The step, computed from the neighbours that are known instead of a search of its own."""
    return supplied(step, lambda: value(step, knn=knn))


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
    step = supplied(step, lambda: found)
    chart = calls.chart(step, "histogram", "silhouette", mark=0.0, mark_title="between")
    figure(
        chart,
        title=f"Clusters by {METHODS[method]} of {points_named(asked.points)}",
        alt=f"Histogram of the silhouettes of {len(values):,} points; {(values < 0).sum():,} "
        f"are closer to another cluster; mean {number(values.mean(), '.2f')}.",
    )
    st.caption("Points below 0 are closer to another cluster; they are listed first.")
    shown = ["cluster", "silhouette", *label_columns(vectors)[:2]]
    clustered = calls.doubtful(step)
    return ViewResult(chart, listed(made, clustered, shown))


def _choose(row: DeltaGenerator) -> tuple[str, dict]:
    with row:
        method = one_of("Clusters by", METHODS, key="clustering")
    with layout.options():
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


FIGURES = ["label", "suggested", "conflict", "own", "other", "same"]


def conflicts(asked: Drawing, made: Recipe, row: DeltaGenerator) -> ViewResult | None:
    """The list to repair labels from."""
    vectors: Vectors = value(made)
    offered = label_columns(vectors)
    if not offered:
        st.info("No labels to check. Choose data with a label column.")
        return None
    keep_valid("conflict_label", offered)
    label = row.selectbox("Labels", offered, key="conflict_label", width=140, **BOUND)
    knn = results.neighbours(asked.points, vectors, asked.metric)
    if knn is None:
        return None
    labels = named("labels", calls.label_names(made.frame[label]))
    found = from_neighbours(calls.label_conflicts(made, labels, metric=asked.metric), knn)
    points = listed(made, found, FIGURES)
    table = value(points)
    _say(table, label)
    chart = calls.chart(points, "histogram", "conflict", mark=0.0, mark_title="even")
    figure(
        chart,
        title=f"Conflicts of {label}: {points_named(asked.points)}",
        alt=_described(table),
    )
    st.caption(
        "Conflict: weighted share of neighbours with the strongest other label minus the "
        "share with the point's own label (nearer neighbours count more; corrected for label "
        "frequency). Above 0, the neighbours disagree with the label: because of a labelling "
        "error, an ambiguous text, or classes that the model does not separate."
    )
    _contradicting_words(vectors, value(labels))
    return ViewResult(chart, points)


def _described(table: pd.DataFrame) -> str:
    worst = table.iloc[0]
    return (
        f"Histogram of the conflicts of {len(table):,} points; {(table['conflict'] > 0).sum():,} "
        f"are above 0. Largest: {truncate(worst['text'], 40)}, {worst['conflict']:.2f}."
    )


def _say(table: pd.DataFrame, label: str) -> None:
    against = int((table["conflict"] > 0).sum())
    st.markdown(
        f"**{against:,} of {len(table):,} points have neighbours that mostly have a different "
        f"{plain(label)}.**"
    )


def _contradicting_words(vectors: Vectors, labels: pd.Series) -> None:
    def body() -> None:
        found = ic.word_conflicts(list(vectors.frame["text"]), labels)
        if found.empty:
            st.caption("No word typical of one label occurs in a text with another label.")
            return
        found = found.rename(columns={"index": "point"}).head(SHOWN)
        st.dataframe(found, hide_index=True, height=280, column_config=COLUMNS)
        st.caption(
            "The word occurs mostly in texts with the suggested label; this text has a "
            "different label."
        )

    downloads.section("Words typical of another label", ":material/rule:", body)


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
    about = {"title": f"local outlier factor (cut at {CUT:g})", "most": CUT}
    about |= {"mark": 1.0, "mark_title": "inside a cluster"}
    chart = calls.chart(points, "histogram", "factor", **about)
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
    about = {"title": f"number of {knn.k}-neighbour lists that contain the point"}
    about |= {"mark": float(knn.k), "mark_title": "mean"}
    chart = calls.chart(points, "histogram", "listed", **about)
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
    wanted = Drawing(asked, metric=drawing_choice.nearness())
    vectors = sources.vectors(asked)
    found = vectors and FIND[kind](wanted, sources.recipe(asked, vectors), row)
    if found is None:
        return None
    table = found.table
    shown = table.head(SHOWN).reset_index(drop=True)
    shown = shown.assign(**rounded(shown.filter(TWO), 2))  # no zero with a minus
    if "nobodys" in shown:
        shown["nobodys"] = dots(shown["nobodys"])
    chosen = clicks.table(shown, height=420, column_config=COLUMNS, key=f"check_table_{kind}")
    if chosen is not None and "text" in shown:
        picking.explain(str(shown["text"][chosen]))
    if len(table) > SHOWN:
        st.caption(f"First {SHOWN} of {len(table):,} rows. The download contains all rows.")
    downloads.buttons(
        {"Table (CSV)": (f"{kind}.csv", "text/csv", lambda: downloads.csv(table))}, key=kind
    )
    return PointResult(found.chart, found.recipe, asked=wanted, vectors=vectors)

"""What is out of place: clusters, label conflicts, outliers, hubs."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.hubs import hub_skewness
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import histogram
from interp_core.models.record import LoadedModel
from interp_core.ui import downloads
from interp_core.ui.attributions.asked import BOUND
from interp_core.ui.choices import keep_valid
from interp_core.ui.projector import controls, drawing, frames, sources
from interp_core.ui.projector.asked import Drawing, Points
from interp_core.ui.projector.colouring import label_columns
from interp_core.ui.projector.shown import Drawn
from interp_core.ui.projector.store import slow

KINDS = {
    "conflicts": "Label conflicts",
    "clusters": "Clusters",
    "outliers": "Outliers",
    "hubs": "Hubs",
}
SHOWN = 100


def draw(asked: Points, model: LoadedModel, row) -> Drawn | None:  # noqa: ANN001
    """The chosen list; nothing of it depends on a picture."""
    with row:
        kind = st.segmented_control(
            "Find",
            list(KINDS),
            format_func=KINDS.get,
            required=True,
            default="conflicts",
            key="check",
            **BOUND,
        )
        metric = controls.nearness()
    vectors = sources.vectors(asked)
    if vectors is None:
        return None
    wanted = Drawing(asked, metric=metric)
    found = DRAW[kind](wanted, vectors)
    if found is None:
        return None
    chart, table = found
    st.dataframe(table.head(SHOWN), hide_index=True, height=420, column_config=COLUMNS)
    if len(table) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(table):,} rows; the download has them all.")
    downloads.buttons(
        {"CSV of the list": (f"{kind}.csv", "text/csv", lambda: downloads.csv(table))}, key=kind
    )
    return Drawn(wanted, vectors, None, chart, table)


Found = tuple[object, pd.DataFrame]


def _readable(vectors: Vectors, table: pd.DataFrame, keep: list[str]) -> pd.DataFrame:
    """The list with the point's number and text first, then its columns."""
    called = frames.names(vectors, 160)
    shown = pd.DataFrame({"point": table["index"], "text": [called[row] for row in table["index"]]})
    return pd.concat([shown, table[keep].reset_index(drop=True)], axis=1)


def _conflicts(asked: Drawing, vectors: Vectors) -> Found | None:
    labels = label_columns(vectors)
    if not labels:
        st.info("These points carry no labels to check. Choose a file with a column of labels.")
        return None
    keep_valid("conflict_label", labels)
    label = st.selectbox("Labels", labels, key="conflict_label", width=200, **BOUND)
    knn = drawing.neighbours(asked.points, vectors, asked.metric, min(15, len(vectors) - 1))
    if knn is None:
        return None
    table = ic.label_conflicts(vectors, vectors.frame[label], metric=asked.metric, knn=knn)
    against = table[table["conflict"] > 0]
    st.markdown(
        f"**{len(against):,} of {len(table):,} points stand among neighbours that mostly carry "
        f"another {label}.** Read from the top: a wrong label, a text between two classes, or a "
        "model that does not see the difference."
    )
    chart = histogram(table["conflict"], title="conflict", mark=0.0, height=160)
    st.altair_chart(chart, width="stretch", alt="How many points have which conflict.")
    st.caption(
        "Conflict is the neighbours' weight for the best other label minus that for its own: near "
        "ones weigh more, and each label is weighed against how common it is."
    )
    _word_conflicts(vectors, label)
    names = ["label", "suggested", "conflict", "own", "other", "same"]
    return chart, _readable(vectors, table, names)


def _word_conflicts(vectors: Vectors, label: str) -> None:
    texts = list(vectors.frame["text"])

    def body() -> None:
        found = ic.word_conflicts(texts, vectors.frame[label])
        if found.empty:
            st.caption("No word speaks for one label and stands in a text with another.")
            return
        st.dataframe(
            found.rename(columns={"index": "point"}).head(SHOWN),
            hide_index=True,
            height=280,
            column_config=COLUMNS,
        )
        st.caption("The word stands mostly in texts of the suggested label; this text has another.")

    downloads.section("Words that contradict the label", ":material/rule:", body)


def _clusters(asked: Drawing, vectors: Vectors) -> Found | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            "Method",
            ["kmeans", "hdbscan"],
            default="kmeans",
            required=True,
            key="clustering",
            format_func={"kmeans": "k-means", "hdbscan": "HDBSCAN"}.get,
            **BOUND,
        )
        if method == "kmeans":
            count = st.number_input(
                "Clusters",
                0,
                200,
                0,
                key="cluster_count",
                width=150,
                help="0 tries 2 to 20 and takes the number with the best silhouette.",
                **BOUND,
            )
            options = {"count": int(count) or None}
        else:
            least = st.number_input(
                "Least size", 2, 1000, 10, key="cluster_least", width=150, **BOUND
            )
            options = {"min_size": int(least)}

    def compute(progress) -> pd.DataFrame:  # noqa: ANN001
        progress(1, 10)
        return ic.clusters(vectors, method=method, metric=asked.metric, **options)

    key = (asked.points, "clusters", method, asked.metric, tuple(options.items()))
    found = slow(key, "Clustering", compute)
    if found is None:
        return None
    summary = ic.cluster_summary(found)
    summary["cluster"] = [_cluster_name(number) for number in summary["cluster"]]
    silhouette = found.loc[found["cluster"] >= 0, "silhouette"].mean()
    st.markdown(
        f"**{(found['cluster'].unique() >= 0).sum()} clusters**, silhouette "
        f"{silhouette:.2f} (1: apart, 0: touching, below: wrong)."
    )
    st.dataframe(
        summary,
        hide_index=True,
        column_config={
            "silhouette": st.column_config.NumberColumn(format="%.2f"),
            "words": st.column_config.TextColumn("words that set it apart", width="large"),
        },
    )
    chart = histogram(found["silhouette"].dropna(), title="silhouette", mark=0.0, height=160)
    st.altair_chart(chart, width="stretch", alt="How many points have which silhouette.")
    st.caption("Points below 0 lie nearer to another cluster: they come first in the list.")
    table = found.assign(index=range(len(found))).sort_values("silhouette", kind="stable")
    table["cluster"] = [_cluster_name(number) for number in table["cluster"]]
    labels = [name for name in label_columns(vectors) if name in table]
    shown = ["cluster", "silhouette", *labels[:2]]
    return chart, _readable(vectors, table.reset_index(drop=True), shown)


def _cluster_name(number: int) -> str:
    return "noise" if number < 0 else str(number + 1)


def _outliers(asked: Drawing, vectors: Vectors) -> Found | None:
    knn = drawing.neighbours(asked.points, vectors, asked.metric, min(15, len(vectors) - 1))
    if knn is None:
        return None
    table = ic.outliers(vectors, metric=asked.metric, knn=knn)
    chart = histogram(
        table["factor"].clip(upper=4), title="local outlier factor (cut at 4)", mark=1.0, height=160
    )
    st.altair_chart(chart, width="stretch", alt="How many points have which outlier factor.")
    st.caption(
        "The local outlier factor (Breunig et al. 2000) says how much thinner a point's "
        "surroundings are than its neighbours': about 1 inside a group, from 1.5 worth a look. "
        f"{(table['factor'] > 1.5).sum():,} points lie above."
    )
    labels = [name for name in label_columns(vectors) if name in table]
    names = ["factor", "mean_distance", "nearest_distance", *labels[:2]]
    return chart, _readable(vectors, table, names)


def _hubs(asked: Drawing, vectors: Vectors) -> Found | None:
    knn = drawing.neighbours(asked.points, vectors, asked.metric, min(15, len(vectors) - 1))
    if knn is None:
        return None
    table = ic.hubs(vectors, knn)
    chart = histogram(
        table["listed"],
        title=f"in how many lists of {knn.k} neighbours",
        mark=float(knn.k),
        height=160,
    )
    st.altair_chart(chart, width="stretch", alt="How many points stand in how many lists.")
    st.caption(
        f"In many dimensions a few points crowd into everybody's list (Radovanović et al. 2010): "
        f"skewness {hub_skewness(knn):.1f} (0: none, above 1: strong). {table['nobodys'].sum():,} "
        "points are nobody's neighbour: a search would never find them."
    )
    labels = [name for name in label_columns(vectors) if name in table]
    return chart, _readable(vectors, table, ["listed", "share", "nobodys", *labels[:2]])


DRAW: dict[str, Callable[[Drawing, Vectors], Found | None]] = {
    "conflicts": _conflicts,
    "clusters": _clusters,
    "outliers": _outliers,
    "hubs": _hubs,
}
_TWO = st.column_config.NumberColumn(format="%.2f")
COLUMNS = {
    "text": st.column_config.TextColumn(width="large"),
    "conflict": _TWO,
    "own": _TWO,
    "other": _TWO,
    "same": st.column_config.NumberColumn("neighbours with its label"),
    "purity": st.column_config.NumberColumn(format="percent"),
    "silhouette": _TWO,
    "factor": _TWO,
    "mean_distance": st.column_config.NumberColumn("mean distance", format="%.4f"),
    "nearest_distance": st.column_config.NumberColumn("nearest distance", format="%.4f"),
    "listed": st.column_config.NumberColumn("lists"),
    "share": st.column_config.NumberColumn("of all points", format="percent"),
    "nobodys": st.column_config.CheckboxColumn("nobody's neighbour"),
}

"""Points whose neighbours mostly carry another label, and words that contradict the label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.simple import histogram
from interp_core.embedding.vectors import Vectors, truncate
from interp_core.ui.embedding import results
from interp_core.ui.embedding.colouring import label_columns
from interp_core.ui.embedding.finding import COLUMNS, from_neighbours, listed
from interp_core.ui.embedding.question import Drawing
from interp_core.ui.embedding.text import points_named
from interp_core.ui.widgets import downloads
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

SHOWN = 100
FIGURES = ["label", "suggested", "conflict", "own", "other", "same"]


def conflicts(asked: Drawing, made: Recipe, row: DeltaGenerator) -> ViewResult | None:
    """The list to repair labels from."""
    vectors: Vectors = value(made)
    offered = label_columns(vectors)
    if not offered:
        st.info("No labels to check. Choose data with a label column.")
        return None
    keep_valid("conflict_label", offered)
    label = row.selectbox("Labels", offered, key="conflict_label", width=170, **BOUND)
    knn = results.neighbours(asked.points, vectors, asked.metric)
    if knn is None:
        return None
    labels = named("labels", calls.label_names(made.frame[label]))
    found = from_neighbours(calls.label_conflicts(made, labels, metric=asked.metric), knn)
    points = listed(made, found, FIGURES)
    table = value(points)
    _say(table, label)
    chart = histogram(table["conflict"], title="conflict", mark=0.0, mark_title="even", height=160)
    figure(
        chart,
        title=f"Conflicts of {label}: {points_named(asked.points)}",
        alt=_described(table),
    )
    st.caption(
        "Conflict: weighted share of neighbours with the strongest other label minus the "
        "share with the point's own label (nearer neighbours count more; corrected for label "
        "frequency). Above 0, the neighbours disagree with the label."
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
        f"{plain(label)}.** Possible reasons: a labelling error, an ambiguous text, or "
        "classes that the model does not separate."
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

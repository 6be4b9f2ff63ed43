"""The geometry of the space: one-sidedness, lengths, intrinsic dimension."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import dots, lines
from interp_core.models.record import LoadedModel
from interp_core.ui.projector import how_drawn, sources
from interp_core.ui.projector.asked import LAYERED, Drawing, Points
from interp_core.ui.projector.shown import Drawn
from interp_core.ui.projector.store import slow

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MOST_SHOWN = 4_000
FIGURES = {
    "anisotropy": "anisotropy",
    "intrinsic": "intrinsic dimension",
    "norm": "mean length",
}
NAMES = {
    **FIGURES,
    "norm_spread": "spread of lengths",
    "spread": "spread dimension",
    "searched": "points searched",
    "norm_rank": "length and rank (Spearman)",
}
_THREE = st.column_config.NumberColumn(format="%.3f")
_ONE = st.column_config.NumberColumn(format="%.1f")
FORMATS = {
    "anisotropy": _THREE,
    "mean length": _THREE,
    "spread of lengths": _THREE,
    "intrinsic dimension": _ONE,
    "spread dimension": _ONE,
    "length and rank (Spearman)": _THREE,
}


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> Drawn | None:
    """By layer where there are layers; lengths against frequency for the vocabulary."""
    metric = how_drawn.nearness(row)
    layered = asked.source in LAYERED
    asked = sources.thinned(asked) if layered else asked
    vectors = sources.all_layers(asked) if layered else sources.vectors(asked)
    if vectors is None:
        return None
    given = vectors if layered else {0: _known(vectors, asked)}
    key = (asked, "geometry", metric)
    table = slow(key, "Measuring", lambda progress: ic.geometry(given, metric=metric))
    if table is None:
        return None
    chart = _by_layer(table) if layered else _one(table, given[0])
    st.caption(
        "**Anisotropy** is the mean cosine of all pairs (Ethayarajh 2019): where it is high, two "
        "random vectors already look alike, so compare a cosine with it before calling it close. "
        "**Intrinsic dimension** comes from the distances to the first two neighbours (Facco et "
        "al. 2017), **spread dimension** from the variances (participation ratio)."
    )
    if asked.value("sampled"):
        st.caption(f"Measured on a random sample of {asked.value('sampled'):,} texts.")
    table = table if layered else table.drop(columns="layer")
    st.dataframe(table.rename(columns=NAMES), hide_index=True, column_config=FORMATS)
    last = ic.at_layer(vectors, model.n_layers) if layered else vectors
    asked = replace(asked, layer=model.n_layers if layered else None)
    return Drawn(Drawing(asked, metric=metric), last, None, chart, table)


def _known(vectors: Vectors, asked: Points) -> Vectors:
    """The vectors without columns of a file, whose names might mean other things than ours."""
    if asked.source == "vocabulary":
        return vectors
    return Vectors(vectors.values, vectors.frame[["text"]], vectors.notes)


def _by_layer(table: pd.DataFrame) -> alt.TopLevelMixin:
    parts = [
        lines(table, x="layer", y=name, x_title="layer", y_title=title, height=200)
        for name, title in FIGURES.items()
    ]
    with st.container(horizontal=True):
        for part, title in zip(parts, FIGURES.values()):
            st.altair_chart(part.properties(width=265), width="content", alt=f"{title} by layer.")
    return alt.vconcat(*parts)


def _one(table: pd.DataFrame, vectors: Vectors) -> alt.TopLevelMixin | None:
    chart = _lengths(vectors) if "rank" in vectors.frame and "norm" in vectors.frame else None
    only = table.iloc[0]
    with st.container(horizontal=True, gap="large"):
        st.metric("Anisotropy", f"{only['anisotropy']:.3f}")
        st.metric("Intrinsic dimension", f"{only['intrinsic']:.1f}")
        st.metric("Mean length", f"{only['norm']:.2f}", help=f"± {only['norm_spread']:.2f}")
    return chart


def _lengths(vectors: Vectors) -> alt.TopLevelMixin:
    """Frequent words have shorter vectors in many models: see whether in this one."""
    drawn = vectors.sample(MOST_SHOWN)
    frame = drawn.frame[["text", "rank", "norm"]].query("rank >= 0")
    frame = frame.assign(rank=frame["rank"] + 1)
    chart = dots(
        frame, x="rank", y="norm",
        x_title="frequency rank (1: the first)", y_title="length of the vector",
    )  # fmt: skip
    st.altair_chart(chart, width="stretch", alt="Length of the vector against frequency rank.")
    if len(drawn) < len(vectors):
        st.caption(f"A random sample of {MOST_SHOWN:,} of {len(vectors):,} entries.")
    return chart

"""The geometry of the space: one-sidedness, lengths, intrinsic dimension."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import lines
from interp_core.models.record import LoadedModel
from interp_core.ui.projector import controls, sources
from interp_core.ui.projector.asked import LAYERED, Drawing, Points
from interp_core.ui.projector.shown import Drawn
from interp_core.ui.projector.store import slow

MOST_SHOWN = 4_000


def draw(asked: Points, model: LoadedModel, row) -> Drawn | None:  # noqa: ANN001
    """By layer where there are layers; norms against frequency for the vocabulary."""
    with row:
        metric = controls.nearness()
    wanted = Drawing(asked, metric=metric)
    layered = asked.source in LAYERED
    vectors = sources.all_layers(asked) if layered else sources.vectors(asked)
    if vectors is None:
        return None
    table = slow(
        (asked, "geometry", metric),
        "Measuring",
        lambda progress: ic.geometry(vectors, metric=metric),
    )
    if table is None:
        return None
    if layered:
        chart = _by_layer(table)
    else:
        chart = _norms(vectors) if "rank" in vectors.frame else None
        last = table.iloc[0]
        columns = st.columns(3)
        columns[0].metric("Anisotropy", f"{last['anisotropy']:.3f}")
        columns[1].metric("Intrinsic dimension", f"{last['intrinsic']:.1f}")
        columns[2].metric("Mean length", f"{last['norm']:.2f} ± {last['norm_spread']:.2f}")
    st.caption(
        "**Anisotropy** is the mean cosine of all pairs (Ethayarajh 2019): where it is high, two "
        "random vectors already look alike, so compare a cosine with it before calling it close. "
        "**Intrinsic dimension** comes from the distances to the first two neighbours (Facco et "
        "al. 2017), **spread dimension** from the variances (participation ratio)."
    )
    table = table if layered else table.drop(columns="layer")
    st.dataframe(table.rename(columns=NAMES), hide_index=True, column_config=FORMATS)
    return Drawn(wanted, vectors, None, chart, table)


def _by_layer(table: pd.DataFrame) -> alt.TopLevelMixin:
    parts = [
        lines(
            table.assign(what=title),
            x="layer",
            y=name,
            colour="what",
            x_title="layer",
            y_title=title,
            height=200,
        )
        for name, title in (
            ("anisotropy", "anisotropy"),
            ("intrinsic", "intrinsic dimension"),
            ("norm", "mean length"),
        )
    ]
    for part, column in zip(parts, st.columns(3)):
        column.altair_chart(part, width="stretch", alt="A figure of the geometry by layer.")
    return alt.vconcat(*parts)


def _norms(vectors: Vectors) -> alt.Chart:
    """Frequent words have shorter vectors in many models: see whether in this one."""
    drawn = vectors.sample(MOST_SHOWN)
    frame = (
        drawn.frame[["text", "rank", "norm"]]
        .query("rank >= 0")
        .assign(rank=lambda each: each["rank"] + 1)
    )
    chart = (
        alt.Chart(frame)
        .mark_point(filled=True, size=14, opacity=0.5)
        .encode(
            x=alt.X("rank:Q", scale=alt.Scale(type="log"), title="frequency rank (1: the first)"),
            y=alt.Y("norm:Q", scale=alt.Scale(zero=False), title="length of the vector"),
            tooltip=["text", "rank", alt.Tooltip("norm:Q", format=".3f")],
        )
        .properties(height=300)
    )
    st.altair_chart(chart, width="stretch", alt="Length of the vector against frequency rank.")
    if len(drawn) < len(vectors):
        st.caption(f"A random sample of {MOST_SHOWN:,} of {len(vectors):,} entries.")
    return chart


NAMES = {
    "norm": "mean length",
    "norm_spread": "spread of lengths",
    "intrinsic": "intrinsic dimension",
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

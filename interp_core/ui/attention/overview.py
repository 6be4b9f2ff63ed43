"""The overview: every layer × head as a small picture."""

from __future__ import annotations

import altair as alt
import streamlit as st

import interp_core as ic
from interp_core.charts.overview import overview
from interp_core.models.record import LoadedModel
from interp_core.ui.attention import figures, frames
from interp_core.ui.attention.controls import Options, open_head
from interp_core.ui.attention.naming import UNIT


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> alt.TopLevelMixin:
    """All heads; a click opens one."""
    frame = frames.overview_frame(
        figures.summaries(options.shown),
        figures.urls(options.shown),
        model.layout,
        options.layer,
        options.heads,
    )
    chart = overview(frame)
    st.altair_chart(
        chart,
        width="stretch",
        key="overview_chart",
        on_select=_open_clicked,
        selection_mode="head",
        alt=f"{maps.weights.shape[0]} layers by {maps.weights.shape[1]} heads of attention maps. "
        "The table below lists the same heads with their figures.",
    )
    top = frames.full_ink(maps)
    st.caption(
        f"Each picture is one head: query tokens down, key tokens across; ink is the square "
        f"root of the {UNIT[maps.kind]}, full at {top:.2g}. "
        "Click a picture to open the head."
    )
    return chart


def _open_clicked() -> None:
    picked = st.session_state.overview_chart.selection.get("head") or []
    if picked:
        open_head(int(picked[0]["layer"]), int(picked[0]["head"]))

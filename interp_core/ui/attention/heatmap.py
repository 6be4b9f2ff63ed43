"""The heatmap: one map, or the mean of several heads, with numbers on hover."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.heatmaps import (
    MAX_SIDE,
    cell_size,
    label_room,
    map_picture,
    picture_url,
    shrink,
)
from interp_core.drawing import attention as frames
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.question import (
    UNIT,
    Options,
    chosen_map,
    heads_named,
    strongest_named,
)
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import within
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import offer
from interp_core.ui.widgets.recipe import Recipe, supplied

WHOLE = 56  # tokens a side up to which every cell is drawn
WINDOW = 36  # tokens a side of the zoomed window of longer texts


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> Recipe:
    """One map with numbers on hover; long texts get a whole picture and a zoomed window."""
    part: dict[str, tuple[int, int]] = {}
    weights = chosen_map(maps, options)
    domain = (0.0, float(weights.max()))
    if max(weights.shape) <= WHOLE:
        chart = frames.cells(maps, weights, slice(None), slice(None), domain)
        _cells_wide(chart, maps.key_tokens, maps.tokens, _heat_alt(maps, options, weights))
    else:
        chart, part = _zoomed(maps, weights, domain, _heat_alt(maps, options, weights))
    named = heads_named(options, maps.weights.shape[1])
    made = options.shown.recipe().chart("heatmap", options.layer, list(options.heads), **part)
    made = supplied(made, lambda: chart)
    offer(made, title=f"Attention of {named}", alt=_heat_alt(maps, options, weights))
    st.caption(
        f"{named.capitalize()}. Rows: query tokens; columns: key tokens. Colour: "
        f"{UNIT[maps.kind]}, 0 to {domain[1]:.2g}."
    )
    return made


def _cells_wide(
    chart: alt.Chart, keys: list[str], queries: list[str], alt_text: str, side: int = MAX_SIDE
) -> None:
    """Draw a heatmap as wide as its cells want, or as the page allows."""
    most = max(len(keys), len(queries))
    with st.container(width=len(keys) * cell_size(most, side) + label_room(queries)):
        draw_chart(chart, alt=alt_text)


def _heat_alt(maps: ic.AttentionMaps, options: Options, weights: np.ndarray) -> str:
    return (
        f"Heatmap of {heads_named(options, maps.weights.shape[1])}: {len(maps.tokens)} queries by "
        f"{len(maps.key_tokens)} keys; {strongest_named(maps, weights)}."
    )


def _zoomed(
    maps: ic.AttentionMaps, weights: np.ndarray, domain: tuple, alt_text: str
) -> tuple[alt.Chart, dict[str, tuple[int, int]]]:
    """The chart of a window, and which window it is."""
    high, wide = weights.shape
    with layout.controls():
        first_query = _window_start("First query token", "q0", high)
        first_key = _window_start("First key token", "k0", wide)
    rows, columns = _span(first_query, high), _span(first_key, wide)
    frame = pd.DataFrame(
        [
            {
                "url": picture_url(shrink(weights, 384), top=domain[1]),
                "zero": 0,
                "queries": high,
                "keys": wide,
                "q0": rows.start,
                "q1": rows.stop,
                "k0": columns.start,
                "k1": columns.stop,
            }
        ]
    )
    with st.container(horizontal=True, vertical_alignment="top"):
        draw_chart(
            map_picture(frame, frames.block_frame(maps, weights), size=300, selection="area"),
            width="content",
            key="area_chart",
            on_select=lambda: _move_window(high, wide),
            selection_mode="area",
            alt=alt_text,
        )
        chart = frames.cells(maps, weights, rows, columns, domain)
        _cells_wide(chart, maps.key_tokens[columns], maps.tokens[rows], alt_text, side=430)
    st.caption(
        "Left: the whole matrix (colour: square root of the weight). Right: the framed window "
        f"of {WINDOW} × {WINDOW} tokens. Click the left chart to move the window."
    )
    return chart, {"queries": (rows.start, rows.stop), "keys": (columns.start, columns.stop)}


def _window_start(label: str, key: str, count: int) -> int:
    if count <= WINDOW:
        return 0
    within(key, count - WINDOW, 0)
    return st.slider(
        label, 0, count - WINDOW, key=key, bind="query-params", persist_state="session", width=300
    )


def _span(first: int, count: int) -> slice:
    return slice(first, min(first + WINDOW, count))


def _move_window(high: int, wide: int) -> None:
    hit = clicks.mark("area_chart", "area", q0=range(high), k0=range(wide))
    if hit:
        for key, place, count in (("q0", hit[0], high), ("k0", hit[1], wide)):
            if count > WINDOW:
                st.session_state[key] = min(place, count - WINDOW)

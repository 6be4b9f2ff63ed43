"""The head view: two columns of tokens with lines."""

from __future__ import annotations

import altair as alt
import streamlit as st

import interp_core as ic
from interp_core.charts.lines import head_lines
from interp_core.models.record import LoadedModel
from interp_core.ui.attention import frames
from interp_core.ui.attention.question import Options
from interp_core.ui.attention.text import (
    UNIT,
    chosen_map,
    heads_named,
    pick_token,
    strongest_named,
    token_choice,
)
from interp_core.ui.widgets import clicks
from interp_core.ui.widgets.figure import figure

LINE_ROWS = 72  # tokens a column


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> alt.TopLevelMixin:
    """Two columns of tokens with lines for the strongest weights."""
    count = max(len(maps.tokens), len(maps.key_tokens))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        token = token_choice(maps, "Lines from", "all queries")
        window = _line_window(count)
    lines, queries, keys, held = frames.line_frames(
        maps, options.layer, options.heads, options.mass, token, window
    )
    top = float(lines["weight"].max()) if len(lines) else 1.0
    chart = head_lines(lines, queries, keys, title=UNIT[maps.kind], top=top)
    named = heads_named(options, maps.weights.shape[1])
    figure(
        chart,
        title=f"Lines of attention, {named}",
        key="lines_chart",
        on_select=lambda: _pin_clicked(maps),
        selection_mode="token",
        alt=f"Lines from {len(queries)} query tokens to {len(keys)} key tokens of {named}; "
        f"{strongest_named(maps, chosen_map(maps, options))}.",
    )
    st.caption(
        f"Queries left, keys right. **Mass shown: {held:.0%}** in {len(lines):,} lines. Width and "
        f"ink grow linearly with the {UNIT[maps.kind]}, full at {top:.2g}. Hover over a token to "
        "see its lines alone; click a query to keep it."
    )
    return chart


def _line_window(count: int) -> tuple[int, int]:
    if count <= LINE_ROWS:
        return 0, count
    first = st.slider(
        f"First of {LINE_ROWS} tokens shown",
        0,
        count - LINE_ROWS,
        key="first",
        bind="query-params",
        persist_state="session",
        width=320,
    )
    return first, first + LINE_ROWS


def _pin_clicked(maps: ic.AttentionMaps) -> None:
    hit = clicks.mark("lines_chart", "token", query_index=range(len(maps.tokens)))
    if hit:
        pick_token(maps, hit[0])

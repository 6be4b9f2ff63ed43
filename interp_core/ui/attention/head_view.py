"""The head view: two columns of tokens with lines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.drawing import attention as frames
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.question import (
    UNIT,
    Options,
    chosen_map,
    heads_named,
    pick_token,
    strongest_named,
    token_choice,
)
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import within
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, supplied


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> Recipe:
    """Two columns of tokens with lines for the strongest weights."""
    count = max(len(maps.tokens), len(maps.key_tokens))
    with layout.controls():
        token = token_choice(maps, "Query token", "all query tokens")
        window = _line_window(count)
    lines, queries, keys = frames.line_frames(
        maps, options.layer, options.heads, options.mass, token, window
    )
    top = float(lines["weight"].max()) if len(lines) else 1.0
    about = {} if token is None else {"token": token}
    about |= {"first": window[0]} if window[0] else {}
    chart = options.shown.recipe().chart(
        "head_view", options.layer, list(options.heads), share=options.mass, **about
    )
    chart = supplied(chart, lambda: frames.lines_chart(maps, (lines, queries, keys)))
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
        f"Query tokens left, key tokens right. {_said(lines, queries, options)} Width and "
        f"opacity are proportional to the {UNIT[maps.kind]} (0 to {top:.2g}). Hover over a "
        "token to isolate its lines; click a query token to pin it."
    )
    return chart


def _said(lines: pd.DataFrame, queries: pd.DataFrame, options: Options) -> str:
    """How much is drawn, of all rows and of the row of which least is."""
    drawn = queries[queries["query_index"].isin(lines["query_index"])]
    if not len(drawn):
        return "No lines: all weights shown are zero."
    held = (drawn["held"] * drawn["total"]).sum() / drawn["total"].sum()
    worst = drawn.loc[drawn["held"].idxmin()]
    many = f"The {len(lines):,} lines show" if len(lines) > 1 else "The line shows"
    said = f"{many} **{held:.0%} of the attention**"
    if worst["held"] < options.mass - 1e-6:
        return (
            f"{said}. Smallest share: {worst['held']:.0%} of “{plain(worst['token'])}” (token "
            f"{worst['query_index']}), because its other keys are outside these tokens or the "
            f"number of lines is limited to {frames.MOST_LINES:,}."
        )
    if options.mass < 1:
        return (
            f"{said}: for each query token the strongest lines up to {options.mass:.0%} of its "
            "row, at least one."
        )
    return f"{said}."


def _line_window(count: int) -> tuple[int, int]:
    if count <= frames.ROWS:
        return 0, count
    within("first", count - frames.ROWS, 0)
    first = st.slider(
        f"First token shown (window of {frames.ROWS})",
        0,
        count - frames.ROWS,
        key="first",
        bind="query-params",
        persist_state="session",
        width=320,
    )
    return first, first + frames.ROWS


def _pin_clicked(maps: ic.AttentionMaps) -> None:
    hit = clicks.mark("lines_chart", "token", query_index=range(len(maps.tokens)))
    if hit:
        pick_token(maps, hit[0])

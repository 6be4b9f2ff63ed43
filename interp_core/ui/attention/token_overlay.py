"""The sentence itself, shaded by attention."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.question import (
    UNIT,
    Options,
    chosen_map,
    heads_named,
    pick_token,
    token_choice,
)
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.figure import offer
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.token_strip import token_strip


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> Recipe:
    """The sentence shaded by what one token reads, or by how much each token is read."""
    with layout.controls():
        token = token_choice(maps, "Query token", "mean of all queries")
    made = options.shown.recipe()
    weights = named("weights", chosen_map(made, options))
    row = weights.mean(0) if token is None else weights[token]
    values = value(row)
    top = float(values.max()) or 1.0
    reader = f"{maps.tokens[token]}" if token is not None else "all queries on average"
    titles = [
        f"{name}: {each:.4f} ({UNIT[maps.kind]} from {reader})"
        for name, each in zip(maps.key_tokens, values)
    ]
    token_strip(
        maps.key_tokens,
        values / top,
        titles,
        label="Tokens shaded by attention",
        key="overlay_strip",
        on_pick=lambda place: pick_token(maps, place),
        picked=token,
        notes=[f"{each:.2f}" for each in values],
    )
    source = "the selected token" if token is not None else "all queries on average"
    st.caption(
        f"{heads_named(options, maps.weights.shape[1]).capitalize()}. Shading: "
        f"{UNIT[maps.kind]} from {source}, 0 to {top:.2g}. Click a token to use it as the "
        "query; click it again to return to the mean over all queries."
    )
    about = {} if token is None else {"token": token}
    chart = made.chart("tokens", options.layer, list(options.heads), **about)
    offer(
        chart,
        title=f"Tokens shaded by the attention from {reader}",
        alt=f"Attention of {heads_named(options, maps.weights.shape[1])} from {reader} to each "
        f"token; most to {maps.key_tokens[int(values.argmax())]}, {values.max():.2f}.",
        table=calls.layer_table(made, row[None], layers=[options.layer]),
    )
    return chart

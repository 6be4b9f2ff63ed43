"""The views of attention over a picture: every head, one head, rollout."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.patches import ALL, Patch, class_token, over_patches
from interp_core.charts.overview import overview
from interp_core.charts.patches import data_url, overlay
from interp_core.charts.thumbnails import picture_url
from interp_core.ui import clicks
from interp_core.ui.figure import draw as draw_chart
from interp_core.ui.figure import figure, offer
from interp_core.ui.pictures import reproduce
from interp_core.ui.pictures.chooser import Picture

CLASS, EVERY = "the class token", "the mean of all patches"
Drawn = tuple[alt.TopLevelMixin, pd.DataFrame, str]  # with the last line of its script


def _reader(query: Patch) -> str:
    named = {None: CLASS, ALL: EVERY}
    return named[query] if query in named else f"patch {query[0]},{query[1]}"


def _grid(picture: Picture, maps: ic.AttentionMaps, query: Patch, layer: int, head: None) -> Drawn:
    values = over_patches(maps, maps.weights, query)
    top = float(values.max())
    table = ic.patch_summaries(maps, query)
    urls = [picture_url(each, top=top) for each in values.reshape(-1, *values.shape[2:])]
    chart = overview(table.assign(url=urls, chosen=False))
    best = table.loc[table["weight"].idxmax()]
    left, right = st.columns([1, 3])
    left.image(data_url(picture.seen), caption="the picture, as the model gets it")
    figure(
        chart,
        title=f"What every head reads of the picture, from {_reader(query)}",
        alt=f"{values.shape[0]} layers by {values.shape[1]} heads over {picture.title}; strongest: "
        f"layer {best['layer']:.0f}, head {best['head']:.0f} reads patch {best['row']:.0f},"
        f"{best['column']:.0f} with {best['weight']:.2f}.",
        where=right,
        key="picture_grid",
        on_select=lambda: _open(maps),
        selection_mode="head",
    )
    st.caption(f"Ink is the square root of the weight, full at {top:.2g}. A click opens a head.")
    return chart, table, reproduce.every_head(query)


def _open(maps: ic.AttentionMaps) -> None:
    layers, heads = map(range, maps.weights.shape[:2])
    hit = clicks.mark("picture_grid", "head", layer=layers, head=heads)
    if hit:
        st.session_state["picture_view"] = "overlay"
        st.session_state["picture_layer"] = hit[0]
        st.session_state["picture_head"] = str(hit[1])


def _one(
    picture: Picture, maps: ic.AttentionMaps, query: Patch, layer: int, head: int | None
) -> Drawn:
    weights = maps.weights[layer]
    weights = weights.mean(0) if head is None else weights[head]
    code = f"maps.weights[{layer}].mean(0)" if head is None else f"maps.weights[{layer}, {head}]"
    who = "mean of all heads" if head is None else f"head {head}"
    chart, table = _shown(
        picture, maps, weights, query, "attention", f"Attention of layer {layer}, {who}"
    )
    return chart, table, reproduce.patches(code, query)


def _rollout(
    picture: Picture, maps: ic.AttentionMaps, query: Patch, layer: int, head: None
) -> Drawn:
    weights = ic.attention_rollout(maps)[layer]
    chart, table = _shown(
        picture, maps, weights, query, "rollout", f"Attention rollout after layer {layer}"
    )
    st.caption(
        "Attention rollout (Abnar & Zuidema 2020) multiplies the layers' mean maps, half of each "
        "taken for the residual connection: where information could have come from, whatever the "
        "answer was."
    )
    return chart, table, reproduce.patches(f"ic.attention_rollout(maps)[{layer}]", query)


def _shown(
    picture: Picture,
    maps: ic.AttentionMaps,
    weights: np.ndarray,
    query: Patch,
    unit: str,
    named: str,
) -> tuple[alt.LayerChart, pd.DataFrame]:
    """Weights over the picture and beside it. `named` says which weights."""
    table = ic.patch_table(maps, weights, query)
    frame = table.rename(columns={"weight": "value"})
    framed = query if isinstance(query, tuple) else None
    over = overlay(frame, data_url(picture.seen), title=unit, query=framed)
    alone = overlay(frame, None, title="weights alone", query=framed)
    best, rest = table.loc[table["weight"].idxmax()], 1 - table["weight"].sum()
    said = (
        f"{named} from {_reader(query)} over {picture.title}: most on patch {best['row']:.0f},"
        f"{best['column']:.0f}, {best['weight']:.1%}; {rest:.0%} rests beside the patches."
    )
    with st.container(horizontal=True):
        draw_chart(
            over,
            key=f"picture_{unit}",
            on_select=lambda: _pick(f"picture_{unit}", table),
            selection_mode="patch",
            width="content",
            alt=said,
        )
        draw_chart(alone, width="content", alt="The same weights without the picture.")
    offer(over, title=f"{named}, from {_reader(query)}", alt=said)
    st.caption(
        f"{_beside(maps, rest)}The strongest patch holds {best['weight']:.1%}. A click chooses the "
        "patch that reads."
    )
    return over, table


def _beside(maps: ic.AttentionMaps, rest: float) -> str:
    """How much weight lies on tokens that are no patches, where the model has any."""
    others = [name for name, mark in zip(maps.tokens, maps.special) if mark]
    if not others:
        return "This model has no tokens but the patches. "
    named = "the class token" if class_token(maps) is not None else "added tokens"
    return f"{rest:.0%} of the weight lies on {named}{' and its like' * (len(others) > 1)}. "


def _pick(key: str, table: pd.DataFrame) -> None:
    hit = clicks.mark(key, "patch", row=set(table["row"]), column=set(table["column"]))
    if hit:
        st.session_state["query_patch"] = _reader(hit)


DRAW: dict[str, Callable] = {"grid": _grid, "overlay": _one, "rollout": _rollout}

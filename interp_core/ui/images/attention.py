"""Attention over a picture: what the class token, all patches or one reads, head by head."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from interp_core.attention.maps import AttentionMaps
from interp_core.charts.heatmaps import overview, picture_url
from interp_core.charts.patches import data_url, overlay
from interp_core.images.tables import ALL, Patch, class_token, over_patches
from interp_core.inputs.images import patch_grid
from interp_core.models.record import LoadedModel
from interp_core.ui.images import ablation, patching
from interp_core.ui.images.question import Picture, choose
from interp_core.ui.server import cache
from interp_core.ui.widgets import clicks, downloads, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, view_of
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

VIEWS = {
    "grid": "All heads",
    "overlay": "One head",
    "rollout": "Rollout",
    "switches": "Ablation",
    "patching": "Activation patching",
}
INTERVENING = {"switches": ablation.draw, "patching": patching.draw}


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The attention page for image models."""
    picture = choose(model)
    if picture is None:
        return
    view = view_of(VIEWS, key="picture_view")
    if view in INTERVENING:
        INTERVENING[view](choice.model, picture)
        return
    call = calls.attention_maps(cache.model_recipe(choice.model), picture.recipe)
    found = cache.of_picture(choice.model, picture.name, picture.image)
    maps = supplied(named("maps", call), lambda: found)
    rows, columns = patch_grid(found.tokens)
    with layout.controls():
        query = _query(rows, columns, class_token(found) is not None)
        layer, head = _head(found, view)
    result = DRAW[view](picture, maps, query, layer, head)
    layout.how_to_read(
        "**How to read this.** Does a head attend to the strokes or the background, to nearby "
        "patches or the whole image? Attention to empty patches is often an attention sink "
        "(Darcet et al. 2023)."
    )
    downloads.below(result, "attention_picture")


def _query(rows: int, columns: int, has_class: bool) -> Patch:
    """The patch whose attention is shown; None for the class token, where there is one."""
    patches = [f"patch {row},{column}" for row in range(rows) for column in range(columns)]
    names = [*[CLASS] * has_class, EVERY, *patches]
    keep_valid("query_patch", names)
    chosen = st.selectbox(
        "Query",
        names,
        key="query_patch",
        width=190,
        help="Or click a patch in the view of one head.",
        **BOUND,
    )
    if chosen == CLASS:
        return None
    if chosen == EVERY:
        return ALL
    row, _, column = chosen.removeprefix("patch ").partition(",")
    return int(row), int(column)


def _head(maps: AttentionMaps, view: str) -> tuple[int, int | None]:
    if view == "grid":
        return 0, None
    layers = list(range(len(maps.weights)))
    follow("picture_layer", layers[-1])
    keep_valid("picture_layer", layers)
    layer = st.selectbox(
        "After layer" if view == "rollout" else "Layer",
        layers,
        index=len(layers) - 1,
        key="picture_layer",
        width=110,
        **BOUND,
    )
    if view == "rollout":
        return layer, None
    heads = ["mean of heads", *map(str, range(maps.weights.shape[1]))]
    keep_valid("picture_head", heads)
    head = st.selectbox("Head", heads, key="picture_head", width=150, **BOUND)
    return layer, None if head == heads[0] else int(head)


CLASS, EVERY = "the class token", "the mean of all patches"


def _reader(query: Patch) -> str:
    named = {None: CLASS, ALL: EVERY}
    return named[query] if query in named else f"patch {query[0]},{query[1]}"


def _grid(picture: Picture, maps: Recipe, query: Patch, layer: int, head: None) -> ViewResult:
    values = over_patches(value(maps), value(maps).weights, query)
    top = float(values.max())
    summaries = calls.patch_summaries(maps, **_from(query))
    table = value(summaries)
    urls = [picture_url(each, top=top) for each in values.reshape(-1, *values.shape[2:])]
    chart = overview(table.assign(url=urls, chosen=False))
    best = table.loc[table["weight"].idxmax()]
    left, right = st.columns([1, 3])
    left.image(data_url(picture.seen), caption="input image")
    figure(
        chart,
        title=f"Attention of every head to the image, from {_reader(query)}",
        alt=f"{values.shape[0]} layers by {values.shape[1]} heads over {picture.title}; "
        f"strongest: layer {best['layer']:.0f}, head {best['head']:.0f} → patch "
        f"{best['row']:.0f},{best['column']:.0f}, {best['weight']:.2f}.",
        where=right,
        key="picture_grid",
        on_select=lambda: _open(value(maps)),
        selection_mode="head",
    )
    st.caption(
        f"Colour: square root of the attention weight, clipped at {top:.2g}. Click a tile to "
        "open the head."
    )
    return ViewResult(chart, summaries)


def _from(query: Patch) -> dict[str, Patch]:
    """The argument that says whose attention is shown."""
    return {} if query is None else {"query": query}


def _open(maps: AttentionMaps) -> None:
    layers, heads = map(range, maps.weights.shape[:2])
    hit = clicks.mark("picture_grid", "head", layer=layers, head=heads)
    if hit:
        st.session_state["picture_view"] = "overlay"
        st.session_state["picture_layer"] = hit[0]
        st.session_state["picture_head"] = str(hit[1])


def _one(picture: Picture, maps: Recipe, query: Patch, layer: int, head: int | None) -> ViewResult:
    weights = maps.weights[layer].mean(0) if head is None else maps.weights[layer, head]
    who = "mean of all heads" if head is None else f"head {head}"
    said = f"Attention of layer {layer}, {who}"
    return _shown(picture, maps, weights, query, "attention", said)


def _rollout(picture: Picture, maps: Recipe, query: Patch, layer: int, head: None) -> ViewResult:
    weights = calls.attention_rollout(maps)[layer]
    said = f"Attention rollout after layer {layer}"
    result = _shown(picture, maps, weights, query, "rollout", said)
    st.caption(
        "Attention rollout (Abnar & Zuidema 2020): product over layers of ½A + ½I, with A "
        "averaged over heads. It does not depend on the predicted class."
    )
    return result


def _shown(
    picture: Picture, maps: Recipe, weights: Recipe, query: Patch, unit: str, about: str
) -> ViewResult:
    """Weights over the picture and beside it. `about` says which weights."""
    numbers = calls.patch_table(maps, weights, **_from(query))
    table = value(numbers)
    frame = table.rename(columns={"weight": "value"})
    framed = query if isinstance(query, tuple) else None
    over = overlay(frame, data_url(picture.seen), title=unit, query=framed)
    alone = overlay(frame, None, title="attention only", query=framed)
    best, rest = table.loc[table["weight"].idxmax()], 1 - table["weight"].sum()
    said = (
        f"{about} from {_reader(query)} over {picture.title}: most on patch "
        f"{best['row']:.0f},{best['column']:.0f}, {best['weight']:.1%}; {rest:.0%} is on "
        "tokens that are not patches."
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
        draw_chart(alone, width="content", alt="The same weights without the image.")
    offer(over, title=f"{about}, from {_reader(query)}", alt=said)
    st.caption(
        f"{_beside(value(maps), rest)}The strongest patch has {best['weight']:.1%}. Click a "
        "patch to use it as the query."
    )
    return ViewResult(over, numbers)


def _beside(maps: AttentionMaps, rest: float) -> str:
    """How much weight lies on tokens that are no patches, where the model has any."""
    others = [name for name, mark in zip(maps.tokens, maps.special) if mark]
    if not others:
        return "All tokens of this model are patches. "
    named = "the class token" if class_token(maps) is not None else "added tokens"
    more = " and other added tokens" if named == "the class token" and len(others) > 1 else ""
    return f"{rest:.0%} of the attention is on {named}{more}. "


def _pick(key: str, table: pd.DataFrame) -> None:
    hit = clicks.mark(key, "patch", row=set(table["row"]), column=set(table["column"]))
    if hit:
        st.session_state["query_patch"] = _reader(hit)


DRAW: dict[str, Callable] = {"grid": _grid, "overlay": _one, "rollout": _rollout}

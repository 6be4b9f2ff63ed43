"""Attention over a picture: what the class token, all patches or one reads, head by head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.attention.maps import AttentionMaps
from interp_core.charts.heatmaps import largest, overview, panel_side, picture_url
from interp_core.charts.patches import data_url
from interp_core.charts.photographs import SIDE, SMALL, head_maps, heat_url, photo_map, photo_url
from interp_core.drawing.attention import full_ink
from interp_core.images.sinks import LEFT_OUT, SINK
from interp_core.images.tables import ALL, Patch, class_token, over_patches
from interp_core.inputs.images import patch_grid
from interp_core.models.record import LoadedModel
from interp_core.ui.images import ablation, patch_pca, patching
from interp_core.ui.images.question import Picture, choose
from interp_core.ui.server import cache
from interp_core.ui.widgets import clicks, downloads, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, list_of, one_of, view_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

VIEWS = {
    "grid": "All heads",
    "overlay": "One head",
    "rollout": "Rollout",
    "pca": "Patch PCA",
    "switches": "Ablation",
    "patching": "Activation patching",
}
INTERVENING = {"switches": ablation.draw, "patching": patching.draw}

DISPLAYS = {"over": "Overlay", "map": "Map only"}
FEW = 9  # patches a side up to which maps are not smoothed
MOST_HOVERED = 700  # patches whose own maps travel to the browser
BESIDE = 320  # px of the small maps, so that they stand beside the large one in a narrow window
MARGIN, NARROW = 44, 40  # px of the layers' numbers and title, and from one head to the next
SINKS = {"nothing": "included", **{name: f"without {what}" for name, what in LEFT_OUT.items()}}
NAMED = 3  # sinks that are listed


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The attention page for image models."""
    view = view_of(VIEWS, key="picture_view")
    if view == "pca":
        patch_pca.draw(model, choice.model)
        return
    picture = choose(model)
    if picture is None:
        return
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
    layer = layers[0]
    if len(layers) > 1:  # a slider of one value cannot be drawn
        layer = st.select_slider(
            "After layer" if view == "rollout" else "Layer",
            layers,
            layers[-1],
            key="picture_layer",
            width=150,
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
    # One head that rests on one patch would leave all others without colour.
    top = min(float(values.max()), full_ink(value(maps)))
    summaries = calls.patch_summaries(maps, **_from(query))
    table = value(summaries)
    urls = [picture_url(each, top=top) for each in values.reshape(-1, *values.shape[2:])]
    rows, columns = values.shape[2:]
    aspect = picture.aspect(rows, columns) * columns / rows
    chart = overview(table.assign(url=urls, chosen=False), aspect=aspect)
    best = table.loc[table["weight"].idxmax()]
    heads = values.shape[1]
    wide = round(heads * max(aspect * panel_side(values.shape[0], heads, aspect), NARROW)) + MARGIN
    left, right = st.columns([1, 3])
    left.image(data_url(picture.cut), caption="input image")
    with right:
        figure(
            chart,
            room=wide,
            title=f"Attention of every head to the image, from {_reader(query)}",
            alt=f"{values.shape[0]} layers by {values.shape[1]} heads over {picture.title}; "
            f"strongest: layer {best['layer']:.0f}, head {best['head']:.0f} → patch "
            f"{best['row']:.0f},{best['column']:.0f}, {best['weight']:.2f}.",
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
    look = _look(value(maps))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=SIDE):
            said = f"Attention of layer {layer}, {who}"
            result = _shown(picture, maps, weights, query, look, "attention", said)
        with st.container(width=BESIDE):
            _heads(picture, maps, query, layer, head, look)
    return result


def _rollout(picture: Picture, maps: Recipe, query: Patch, layer: int, head: None) -> ViewResult:
    found = calls.find_patch_sinks(maps)
    sinks = value(found)
    rested = sinks[sinks["sink"]]
    left_out = _left_out() if len(rested) else "nothing"
    if left_out == "nothing":
        rollout, without = calls.attention_rollout(maps), ""
    else:
        rollout = calls.rollout_without_sinks(maps, leave_out=left_out)
        without = f" without {LEFT_OUT[left_out]}"
    look = _look(value(maps))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=SIDE):
            said = f"Attention rollout after layer {layer}{without}"
            result = _shown(picture, maps, rollout[layer], query, look, "rollout", said)
        with st.container(width=BESIDE):
            kept = len(rested) and left_out == "nothing"
            (st.info if kept else st.caption)(_sinks_told(sinks, rested))
            st.caption(
                "Attention rollout (Abnar & Zuidema 2020): product over layers of ½A + ½I, with A "
                "averaged over heads. It does not depend on the predicted class."
            )
            downloads.section(
                "Attention sinks by head", ":material/table:", lambda: downloads.numbers(sinks)
            )
    return result


def _left_out() -> str:
    """What a rollout leaves out; offered where there is a sink."""
    with layout.controls():
        return list_of(
            "Attention sinks",
            SINKS,
            key="picture_sinks",
            width=170,
            help="A sink is a patch that receives more than half of all attention of a head, from "
            "all queries (Darcet et al. 2023). Leave out the heads that have one, their layers, or "
            "the patches.",
        )


def _sinks_told(sinks: pd.DataFrame, rested: pd.DataFrame) -> str:
    """Which heads rest on one patch, and what that does to a rollout."""
    if not len(rested):
        best = sinks.loc[sinks["share"].idxmax()]
        if best["share"] > SINK:
            return "No attention sinks: the image has too few patches for one to stand out."
        return (
            "No attention sinks: no patch receives more than half of the attention of a head. The "
            f"largest share is {best['share']:.0%} (layer {best['layer']}, head {best['head']})."
        )
    named = [
        f"layer {row.layer}, head {row.head} → patch {row.row},{row.column} ({row.share:.0%})"
        for row in rested.nlargest(NAMED, "share").itertuples()
    ]
    more = f" and {len(rested) - NAMED} more" if len(rested) > NAMED else ""
    heads = "1 head has" if len(rested) == 1 else f"{len(rested)} heads have"
    return (
        f"{heads} an attention sink, a patch that receives more than half of a head's attention: "
        f"{'; '.join(named)}{more}. A rollout multiplies the maps of all layers, so such a patch "
        "can outshine all others. “Attention sinks” leaves them out."
    )


@dataclass(frozen=True)
class _Look:
    """How maps are drawn: `bare` without the image, `smooth` between the middles of patches."""

    bare: bool
    opacity: float
    smooth: bool

    def url(self, values: np.ndarray, top: float, **more: int) -> str:
        """A map as a picture."""
        return heat_url(values, top=top, smooth=self.smooth, bare=self.bare, **more)


def _look(maps: AttentionMaps) -> _Look:
    with layout.controls():
        bare = one_of("Display", DISPLAYS, key="picture_display") == "map"
    with layout.options():
        percent = st.slider(
            "Opacity (%)",
            10,
            100,
            70,
            5,
            key="picture_opacity",
            width=150,
            disabled=bare,
            help="Of the map over the image. Patches without attention stay transparent.",
            **BOUND,
        )
    # Few patches are read one by one.
    follow("picture_patches", min(patch_grid(maps.tokens)) <= FEW)
    with layout.options():
        by_patch = st.toggle(
            "Sharp patches",
            value=min(patch_grid(maps.tokens)) <= FEW,
            key="picture_patches",
            help="Off: the map is interpolated between the centres of the patches.",
            **BOUND,
        )
    return _Look(bare, percent / 100, not by_patch)


def _shown(
    picture: Picture,
    maps: Recipe,
    weights: Recipe,
    query: Patch,
    look: _Look,
    unit: str,
    about: str,
) -> ViewResult:
    """Weights over the picture. `about` says which weights."""
    numbers = calls.patch_table(maps, weights, **_from(query))
    table = value(numbers)
    best, rest = table.loc[table["weight"].idxmax()], 1 - table["weight"].sum()
    top = largest(table["weight"])
    every = _of_every_patch(value(maps), value(weights))
    chart = photo_map(
        table.rename(columns={"weight": "value"}),
        photo_url(picture.shown),
        size=picture.shown.size,
        region=picture.box,
        title=unit,
        top=top,
        opacity=look.opacity,
        smooth=look.smooth,
        bare=look.bare,
        query=query if isinstance(query, tuple) else None,
        hovered=[look.url(each, top, side=1) for each in every],
    )
    said = (
        f"{about} from {_reader(query)} over {picture.title}: most on patch "
        f"{best['row']:.0f},{best['column']:.0f}, {best['weight']:.1%}. "
        f"{_beside(value(maps), rest)}"
    )
    figure(
        chart,
        title=f"{about}, from {_reader(query)}",
        alt=said,
        key=f"picture_{unit}",
        on_select=lambda: _pick(f"picture_{unit}", table),
        selection_mode="patch",
    )
    hovers = "Point at a patch to see what it attends to; click" if len(every) else "Click"
    st.caption(
        f"{_beside(value(maps), rest)}The strongest patch has {best['weight']:.1%}. {hovers} "
        f"a patch to use it as the query. {_covers(picture)}"
    )
    return ViewResult(chart, numbers)


def _of_every_patch(maps: AttentionMaps, weights: np.ndarray) -> np.ndarray:
    """(patches, rows, columns): what each patch reads; none where they are too many to send."""
    rows, columns = patch_grid(maps.tokens)
    if rows * columns > MOST_HOVERED:
        return np.empty((0, rows, columns))
    patches = ~maps.special
    return weights[np.ix_(patches, patches)].reshape(-1, rows, columns)


def _covers(picture: Picture) -> str:
    """What the map does not lie over, in a sentence."""
    if picture.region is None:
        return (
            "The model's image processor does more than resize, crop and pad, so the image is "
            "shown as the model receives it."
        )
    left, top, right, bottom = picture.box
    wide, high = picture.image.size
    seen = (min(right, wide) - max(left, 0)) * (min(bottom, high) - max(top, 0))
    cropped = 1 - seen / (wide * high)
    said = f"Dimmed: {cropped:.0%} of the image that the model does not see." * (cropped >= 0.005)
    padded = min(left, top, wide - right, high - bottom) < 0
    return said + " The map extends beyond the image where the processor pads it." * padded


def _heads(
    picture: Picture, maps: Recipe, query: Patch, layer: int, head: int | None, look: _Look
) -> None:
    """All heads of the layer, each over the image."""
    numbers = calls.patch_table(maps, maps.weights[layer], **_from(query))
    table = value(numbers)
    values = over_patches(value(maps), value(maps).weights[layer], query)
    best = table.loc[table.groupby("head")["weight"].idxmax()]
    frame = pd.DataFrame(
        {
            "name": [f"head {number}" for number in best["head"]],
            "number": best["head"].to_numpy(),
            "url": [look.url(each, float(each.max()), side=SMALL) for each in values],
            "chosen": best["head"].to_numpy() == (-1 if head is None else head),
            "strongest": [f"{row.row},{row.column}: {row.weight:.1%}" for row in best.itertuples()],
        }
    )
    chart = head_maps(
        frame,
        photo_url(picture.shown, 2 * SMALL),
        size=picture.shown.size,
        region=picture.box,
        opacity=look.opacity,
        bare=look.bare,
        columns=3 if len(frame) <= 9 else 4,
        width=BESIDE,
    )
    strongest = best.loc[best["weight"].idxmax()]
    figure(
        chart,
        title=f"Attention of all heads of layer {layer}, from {_reader(query)}",
        alt=f"{len(frame)} maps over {picture.title}; strongest: head {strongest['head']:.0f} → "
        f"patch {strongest['row']:.0f},{strongest['column']:.0f}, {strongest['weight']:.1%}.",
        table=numbers,
        key="picture_heads",
        on_select=lambda: _choose_head(frame),
        selection_mode="head",
    )
    st.caption(
        "One map per head, each scaled to its own maximum (square root). Click a map to open "
        "the head."
    )


def _choose_head(frame: pd.DataFrame) -> None:
    hit = clicks.mark("picture_heads", "head", number=set(frame["number"]))
    if hit:
        st.session_state["picture_head"] = str(hit[0])


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

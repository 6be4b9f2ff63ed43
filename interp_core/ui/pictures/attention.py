"""Attention over a picture: what the class token, all patches or one reads, head by head."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.analysis.images import patch_grid
from interp_core.analysis.patches import ALL, Patch, class_token
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, downloads
from interp_core.ui.choices import BOUND, follow, keep_valid, view_of
from interp_core.ui.pictures import reproduce
from interp_core.ui.pictures.attention_views import CLASS, DRAW, EVERY
from interp_core.ui.pictures.chooser import choose

VIEWS = {
    "grid": "Every head",
    "overlay": "One head",
    "rollout": "Rollout",
}


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The attention page for image models."""
    picture = choose(model)
    if picture is None:
        return
    maps = cache.of_picture(choice.model, picture.name, picture.image)
    view = view_of(VIEWS, key="picture_view")
    rows, columns = patch_grid(maps.tokens)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = _query(rows, columns, class_token(maps) is not None)
        layer, head = _head(maps, view)
    chart, table, last = DRAW[view](picture, maps, query, layer, head)
    st.markdown(
        "**What to look for.** Does a head read the strokes or the ground, the neighbourhood of "
        "the patch or the whole? Weight on empty patches is often a resting place (Darcet et al. "
        "2023), not a finding."
    )
    downloads.below(
        chart,
        table,
        "attention_picture",
        lambda: reproduce.attention(choice.model, picture, last),
    )


def _query(rows: int, columns: int, has_class: bool) -> Patch:
    """The patch whose attention is shown; None for the class token, where there is one."""
    patches = [f"patch {row},{column}" for row in range(rows) for column in range(columns)]
    names = [*[CLASS] * has_class, EVERY, *patches]
    keep_valid("query_patch", names)
    chosen = st.selectbox(
        "Attention of",
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


def _head(maps: ic.AttentionMaps, view: str) -> tuple[int, int | None]:
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

"""Attention over a picture: what the class token or a chosen patch reads, head by head."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.image_attribution import patch_grid
from interp_core.analysis.views import entropy, shares
from interp_core.charts.overview import overview
from interp_core.charts.patches import data_url, overlay
from interp_core.charts.thumbnails import picture_url
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, downloads
from interp_core.ui.choices import BOUND, keep_valid, view_of
from interp_core.ui.pictures.chooser import Picture, choose

VIEWS = {
    "grid": "Every head",
    "overlay": "One head",
    "rollout": "Rollout",
}
CLASS = "the class token"


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The attention page for image models."""
    picture = choose(model)
    if picture is None:
        return
    maps = cache.of_picture(choice.model, picture.name, picture.image)
    view = view_of(VIEWS, key="picture_view")
    rows, columns = patch_grid(tuple(maps.tokens))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = _query(rows, columns)
        layer, head = _head(maps, view)
    chart, table = DRAW[view](picture, maps, query, layer, head)
    st.markdown(
        "**What to look for.** Does a head read the strokes or the ground, the neighbourhood of "
        "the patch or the whole? Weight on empty patches is often a resting place (Darcet et al. "
        "2023), not a finding."
    )
    downloads.below(chart, table, "attention_picture")


def _query(rows: int, columns: int) -> tuple[int, int] | None:
    """The patch whose attention is shown; None for the class token."""
    names = [CLASS, *(f"patch {row},{column}" for row in range(rows) for column in range(columns))]
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
    row, _, column = chosen.removeprefix("patch ").partition(",")
    return int(row), int(column)


def _head(maps: ic.AttentionMaps, view: str) -> tuple[int, int | None]:
    if view == "grid":
        return 0, None
    layers = list(range(len(maps.weights)))
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


def _over_patches(maps: ic.AttentionMaps, weights: np.ndarray, query) -> np.ndarray:  # noqa: ANN001
    """(…, rows, columns) of weights (…, query, key): the row of the query, patches alone."""
    rows, columns = patch_grid(tuple(maps.tokens))
    extra = len(maps.tokens) - rows * columns
    place = 0 if query is None else extra + query[0] * columns + query[1]
    return weights[..., place, extra:].reshape(*weights.shape[:-2], rows, columns)


def _frame(values: np.ndarray) -> pd.DataFrame:
    row, column = np.indices(values.shape).reshape(2, -1)
    return pd.DataFrame({"row": row, "column": column, "value": values.ravel()})


def _grid(picture: Picture, maps, query, layer, head) -> tuple[alt.LayerChart, pd.DataFrame]:  # noqa: ANN001
    values = _over_patches(maps, maps.weights, query)
    top = float(values.max())
    frame = pd.DataFrame(
        [
            {
                "layer": layer,
                "head": head,
                "url": picture_url(values[layer, head], top=top),
                "chosen": False,
                "entropy": float(entropy(shares(values[layer, head].reshape(1, -1)))[0]),
            }
            for layer in range(values.shape[0])
            for head in range(values.shape[1])
        ]
    )
    chart = overview(frame)
    left, right = st.columns([1, 3])
    left.image(data_url(picture.image), caption="the picture")
    right.altair_chart(
        chart,
        width="stretch",
        key="picture_grid",
        on_select=_open,
        selection_mode="head",
        alt="The attention of every head over the picture.",
    )
    st.caption(f"Ink is the square root of the weight, full at {top:.2g}. A click opens a head.")
    return chart, frame.drop(columns=["url", "chosen"])


def _open() -> None:
    hits = st.session_state["picture_grid"].selection.get("head") or []
    if hits:
        st.session_state["picture_view"] = "overlay"
        st.session_state["picture_layer"] = int(hits[0]["layer"])
        st.session_state["picture_head"] = str(int(hits[0]["head"]))


def _one(picture: Picture, maps, query, layer, head) -> tuple[alt.LayerChart, pd.DataFrame]:  # noqa: ANN001
    weights = maps.weights[layer]
    weights = weights.mean(0) if head is None else weights[head]
    return _shown(picture, maps, weights, query, "attention")


def _rollout(picture: Picture, maps, query, layer, head) -> tuple[alt.LayerChart, pd.DataFrame]:  # noqa: ANN001
    weights = ic.attention_rollout(maps)[layer]
    drawn = _shown(picture, maps, weights, query, "rollout")
    st.caption(
        "Attention rollout (Abnar & Zuidema 2020) multiplies the layers' mean maps, half of each "
        "taken for the residual connection: where information could have come from, whatever the "
        "answer was."
    )
    return drawn


def _shown(picture: Picture, maps, weights, query, title) -> tuple[alt.LayerChart, pd.DataFrame]:  # noqa: ANN001
    frame = _frame(_over_patches(maps, weights, query))
    chart = overlay(frame, data_url(picture.image), title=title, query=query)
    plain = overlay(frame, None, title="weights alone", query=query)
    with st.container(horizontal=True):
        st.altair_chart(
            chart,
            key=f"picture_{title}",
            on_select=_pick(f"picture_{title}"),
            selection_mode="patch",
            width="content",
            alt=f"{title} over the picture.",
        )
        st.altair_chart(plain, width="content", alt=f"{title} of each patch.")
    rest = 1 - frame["value"].sum()
    st.caption(
        f"{rest:.0%} of the weight lies on the class token and its like; the strongest "
        f"patch holds {frame['value'].max():.1%}. A click chooses the patch that reads."
    )
    return chart, frame


def _pick(key: str) -> Callable[[], None]:
    def picked() -> None:
        hits = st.session_state[key].selection.get("patch") or []
        if hits:
            place = f"patch {int(hits[0]['row'])},{int(hits[0]['column'])}"
            st.session_state["query_patch"] = place

    return picked


DRAW: dict[str, Callable] = {"grid": _grid, "overlay": _one, "rollout": _rollout}

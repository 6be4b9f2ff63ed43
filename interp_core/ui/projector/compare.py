"""Two pictures of the same points side by side: two layers, two models, two methods or seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.quality import shared
from interp_core.analysis.reducers import REDUCERS
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import side_by_side
from interp_core.models.record import LoadedModel
from interp_core.ui import cache
from interp_core.ui.attributions.asked import BOUND
from interp_core.ui.choices import keep_valid
from interp_core.ui.projector import controls, drawing, frames, sources
from interp_core.ui.projector.asked import LAYERED, Drawing, Points
from interp_core.ui.projector.colouring import grouped, label_columns
from interp_core.ui.projector.shown import Drawn

AGAINST = {
    "layer": "another layer",
    "model": "another model",
    "method": "another method",
    "seed": "another seed",
}
MOST_POINTS = 5_000
MOST_CHANGED = 20
ALIKE = (
    "encoder",
    "sentiment",
)  # the same backbone before and after training: the first to compare


def draw(asked: Points, model: LoadedModel, row) -> Drawn | None:  # noqa: ANN001
    """Both pictures with linked boxes, and the points whose neighbours changed most."""
    left = controls.drawing(asked, row, solid=False)
    pair = st.container(horizontal=True, vertical_alignment="bottom")
    right = _other(left, model, pair)
    if right is None:
        return None
    both = [sources.vectors(each.points) for each in (left, right)]
    if any(each is None for each in both):
        return None
    if len(both[0]) != len(both[1]):
        raise ic.BadInput(
            "The two sides hold different points: two vocabularies cannot be laid side by side. "
            "Choose points that both models read as texts."
        )
    if len(both[0]) > MOST_POINTS:
        raise ic.BadInput(
            f"Side by side shows at most {MOST_POINTS:,} points; there are {len(both[0]):,}. "
            "Filter them."
        )
    pictures = [drawing.projection(each, found) for each, found in zip((left, right), both)]
    if any(each is None for each in pictures):
        return None
    kept = _kept(left, right, both)
    table = _table(both[0], pictures, kept)
    labels = label_columns(both[0])
    keep_valid("pair_colour", labels)
    label = pair.selectbox(
        "Colour", labels, index=0 if labels else None, key="pair_colour", width=170, **BOUND
    )
    frame = table.copy()
    frame["text"] = frames.names(both[0], frames.SHOWN_LETTERS)
    if label:
        frame["_group"] = grouped(both[0].frame[label]).to_numpy()
    chart = side_by_side(
        frame,
        _titles(left, right),
        "_group" if label else None,
        ("text", *(["_group"] if label else []), "same neighbours"),
    )
    st.altair_chart(chart, width="stretch", alt="The same points in two pictures, side by side.")
    _figures(kept, pictures)
    _changed(table, both[0])
    return Drawn(left, both[0], pictures[0], chart, table)


def _titles(left: Drawing, right: Drawing) -> tuple[str, str]:
    """What differs between the two sides."""
    if left.points.model != right.points.model:
        return tuple(f"{each.points.model}, layer {each.points.layer}" for each in (left, right))
    if left.points.layer != right.points.layer:
        return f"layer {left.points.layer}", f"layer {right.points.layer}"
    if left.method != right.method:
        return left.title, right.title
    return f"seed {left.seed}", f"seed {right.seed}"


def _other(left: Drawing, model: LoadedModel, pair) -> Drawing | None:  # noqa: ANN001
    """The right-hand side, as the controls say."""
    layered = left.points.source in LAYERED
    offered = [name for name in AGAINST if layered or name in ("method", "seed")]
    keep_valid("against", offered)
    with pair:
        against = st.selectbox(
            "Compare with", offered, format_func=AGAINST.get, key="against", width=180, **BOUND
        )
        return ASK[against](left, model)


def _layer(left: Drawing, model: LoadedModel) -> Drawing:
    if st.session_state.get("depth2", 0) > model.n_layers:
        del st.session_state["depth2"]
    other = st.slider("Layer on the right", 0, model.n_layers, 0, key="depth2", width=240, **BOUND)
    return replace(left, points=replace(left.points, layer=other))


def _model(left: Drawing, model: LoadedModel) -> Drawing | None:
    names = [card.name for card in ic.bundled_models() if card.name != left.points.model]
    names.sort(key=lambda name: name not in ALIKE)
    given = st.session_state.get("model2") or st.query_params.get("model2")
    names += [given] if given and given not in names else []
    name = st.selectbox(
        "Model on the right", names, key="model2", width=240, accept_new_options=True, **BOUND
    )
    if not name:
        return None
    with st.spinner("Loading the other model …"):
        other = cache.model(name)
    layer = round(left.points.layer * other.n_layers / max(model.n_layers, 1))
    points = replace(left.points, model=name, files=cache.stamp(name), layer=layer)
    return replace(left, points=points)


def _method(left: Drawing, model: LoadedModel) -> Drawing:
    names = [name for name in REDUCERS if name not in (left.method, "axis")]
    keep_valid("reducer2", names)
    name = st.selectbox(
        "Method on the right",
        names,
        key="reducer2",
        width=180,
        format_func=lambda each: REDUCERS[each].title,
        **BOUND,
    )
    return replace(left, method=name, options=())


def _seed(left: Drawing, model: LoadedModel) -> Drawing:
    seed = st.number_input("Seed on the right", 0, 2**31 - 1, left.seed + 1, key="seed2", **BOUND)
    random = (("init", "random"),) if left.method in ("umap", "tsne") else ()
    return replace(left, seed=int(seed), options=(*left.options, *random))


ASK = {"layer": _layer, "model": _model, "method": _method, "seed": _seed}


def _kept(left: Drawing, right: Drawing, both: list[Vectors]) -> np.ndarray:
    """(n,) how many true neighbours both sides share; of one set of vectors, both pictures'."""
    k = min(drawing.NEAR, len(both[0]) - 1)
    sides = [
        drawing.neighbours(each.points, found, each.metric, k)
        for each, found in zip((left, right), both)
    ]
    return shared(sides[0].indices, sides[1].indices)


def _table(vectors: Vectors, pictures: list, kept: np.ndarray) -> pd.DataFrame:
    onto = ic.align(pictures[1].coordinates, pictures[0].coordinates).coordinates
    first = pd.DataFrame(pictures[0].coordinates, columns=["x", "y"])
    second = pd.DataFrame(onto, columns=["u", "v"])
    table = pd.concat([first, second], axis=1)
    table.insert(0, "row", range(len(table)))
    table["same neighbours"] = kept
    table["text"] = vectors.frame["text"].to_numpy()
    return table


def _figures(kept: np.ndarray, pictures: list) -> None:
    alike = ic.compare_pictures({"left": pictures[0].coordinates, "right": pictures[1].coordinates})
    row = alike.iloc[0]
    st.caption(
        f"In the original spaces the two sides share {kept.mean():.0%} of the nearest neighbours; "
        f"the two pictures share {row['shared']:.0%} (by chance {row['chance']:.1%}). The right "
        "picture is turned and scaled onto the left one. Draw a box in either: its points stay lit "
        "in both."
    )


def _changed(table: pd.DataFrame, vectors: Vectors) -> None:
    if (table["same neighbours"] == 1).all():
        return
    st.markdown("**Points whose neighbours changed most**")
    worst = table.nsmallest(MOST_CHANGED, "same neighbours")
    shown = worst[["row", "same neighbours", "text"]].rename(columns={"row": "point"})
    st.dataframe(
        shown,
        hide_index=True,
        height=240,
        column_config={"same neighbours": st.column_config.NumberColumn(format="percent")},
    )

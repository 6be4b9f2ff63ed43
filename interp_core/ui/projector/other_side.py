"""What the right-hand picture shows: another layer, model, method or seed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from interp_core.analysis.reducers import REDUCERS
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, other_model
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.projector.asked import LAYERED, SLOW, Drawing

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

AGAINST = {
    "layer": "another layer",
    "model": "another model",
    "method": "another method",
    "seed": "another seed",
}
# The same backbone before and after training: the first to compare.
ALIKE = ("encoder", "sentiment")


def choose(left: Drawing, model: LoadedModel, row: DeltaGenerator) -> Drawing | None:
    """The right-hand side, as the controls say; None while no model is named."""
    layered = left.points.source in LAYERED
    offered = [name for name in AGAINST if layered or name in ("method", "seed")]
    keep_valid("against", offered)
    with row:
        against = st.selectbox(
            "Compare with", offered, format_func=AGAINST.get, key="against", width=180, **BOUND
        )
        return ASK[against](left, model)


def titles(left: Drawing, right: Drawing) -> tuple[str, str]:
    """What differs between the two sides."""
    if left.points.model != right.points.model:
        one, other = (f"{each.points.model}, layer {each.points.layer}" for each in (left, right))
    elif left.points.layer != right.points.layer:
        one, other = f"layer {left.points.layer}", f"layer {right.points.layer}"
    elif left.method != right.method:
        one, other = left.title, right.title
    else:
        one, other = f"seed {left.seed}", f"seed {right.seed}"
    return one, other


def _layer(left: Drawing, model: LoadedModel) -> Drawing:
    if st.session_state.get("depth2", 0) > model.n_layers:
        del st.session_state["depth2"]
    other = st.slider("Layer on the right", 0, model.n_layers, 0, key="depth2", width=190, **BOUND)
    return replace(left, points=replace(left.points, layer=other))


def _model(left: Drawing, model: LoadedModel) -> Drawing | None:
    name = other_model.second(
        "Model on the right", left.points.model, key="model2", prefer=ALIKE, width=230
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
        "Method on the right", names, key="reducer2", width=180,
        format_func=lambda each: REDUCERS[each].title, **BOUND,
    )  # fmt: skip
    return replace(left, method=name, options=())


def _seed(left: Drawing, model: LoadedModel) -> Drawing:
    """Another seed, from a random start: the usual start would decide the picture."""
    seed = st.number_input(
        "Seed on the right", 0, 2**31 - 1, left.seed + 1, key="seed2", width=180, **BOUND
    )
    start = (("init", "random"),) if left.method in SLOW else ()
    return replace(left, seed=int(seed), options=(*left.options, *start))


ASK = {"layer": _layer, "model": _model, "method": _method, "seed": _seed}

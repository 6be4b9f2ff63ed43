"""Interventions as pictures: effects of patches, and the answer before and after switching."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.charts.heatmaps import token_keys
from interp_core.charts.interventions import before_and_after, effect_bars, effect_map
from interp_core.charts.language import unit_map
from interp_core.charts.offline import offline
from interp_core.errors import BadInput
from interp_core.interventions.patching import Patching
from interp_core.interventions.switches import Switched

BY_POSITION = ("stream", "mlp")
ANSWERS = 10  # labels with bars


def patching(found: Patching, layer: int | None = None) -> Any:
    """The effect of each patch: layers × positions, layers × heads, or bars of whole MLPs.

    Heads by position are those of one `layer`, by default the one with the largest effect. Raises
    `BadInput` for a layer that was not patched.
    """
    if layer is not None and layer not in found.layers:
        known = ", ".join(map(str, found.layers))
        raise BadInput(f"Layer {layer} was not patched. Patched layers: {known}.")
    return offline(effects_chart(found, layer))


def effects_chart(found: Patching, layer: int | None = None) -> Any:
    """The chart that fits what was patched."""
    frame = found.to_frame()
    if found.site in BY_POSITION:
        return effect_map(_keyed(frame), y="layer", y_title="layer")
    if found.site == "heads_by_position":
        layer = largest_layer(frame) if layer is None else layer
        return effect_map(_keyed(frame[frame["layer"] == layer]), y="head", y_title="head")
    return without_positions(found)


def largest_layer(frame: pd.DataFrame) -> int:
    """The layer with the largest effect."""
    return int(frame.loc[frame["effect"].abs().idxmax(), "layer"])


def without_positions(found: Patching) -> Any:
    """Effects of whole components: bars of MLPs, a map of heads."""
    frame = found.to_frame()
    if found.site == "mlps":
        return effect_bars(frame)
    drawn = frame.assign(unit=frame["head"].astype(str), value=frame["effect"], chosen=False)
    return unit_map(drawn, title="effect", signed=True)


def _keyed(frame: pd.DataFrame) -> pd.DataFrame:
    """With a key for each position; names of tokens keep what was changed."""
    names = dict(zip(frame["position"], frame["token"]))
    keys = dict(zip(names, token_keys([name.partition(": ")[2] for name in names.values()])))
    return frame.assign(key=frame["position"].map(keys))


def switched(found: Switched) -> Any:
    """Two bars for each of the best labels: before and after switching."""
    return offline(answer_bars(found.to_frame()))


def answer_bars(frame: pd.DataFrame) -> Any:
    """The bars of `Switched.to_frame()`."""
    shown = frame.head(ANSWERS)
    unit = answer_unit(frame)
    return before_and_after(shown.assign(key=token_keys(shown["label"])), value=unit, title=unit)


def answer_unit(frame: pd.DataFrame) -> str:
    """Probabilities, or logits where the labels are not exclusive."""
    return "probability" if frame["probability_before"].notna().all() else "logit"

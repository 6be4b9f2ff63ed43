"""Interventions as pictures: effects of patches, and the answer before and after switching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from interp_core.charts.heatmaps import heatmap, largest, token_keys
from interp_core.charts.interventions import (
    before_and_after,
    effect_bars,
    effect_map,
    lines_by_layer,
    region_maps,
)
from interp_core.charts.language import unit_map
from interp_core.charts.offline import offline
from interp_core.drawing.units import unit_chart, unit_name
from interp_core.errors import BadInput
from interp_core.interventions.patching import Patching
from interp_core.interventions.regions import region_table
from interp_core.interventions.switches import Switched

BY_POSITION = ("stream", "mlp")
ANSWERS = 10  # labels with bars
LENS_LABELS = 7  # labels with a line of their own


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


def regions(found: Patching, layer: int | None = None, *, aspect: float = 1.0) -> Any:
    """The effects of patches of a picture where they lie: one map for each layer, or each head.

    Heads are those of one `layer`, by default the one with the largest effect. `aspect` is width by
    height of a patch. Raises `BadInput` for a patching of no picture, or not by position.
    """
    frame, unit = region_table(found), "layer"
    if found.site == "heads_by_position":
        layer = largest_layer(frame) if layer is None else layer
        frame, unit = frame[frame["layer"] == layer], "head"
    placed = frame.dropna(subset="row")
    if placed.empty:
        raise BadInput("No patch of a picture was patched here.")
    headed = placed.assign(heading=_headings(frame, placed, unit))
    return offline(region_maps(headed, unit=unit, aspect=aspect))


def _headings(frame: pd.DataFrame, placed: pd.DataFrame, unit: str) -> pd.Series:
    """The text above each map: its number, and the effect of each token that is no patch."""
    beside = frame[frame["row"].isna()]
    told = {
        number: "".join(
            f", {row.token.partition(': ')[2]} {row.effect:+.2f}" for row in rows.itertuples()
        )
        for number, rows in beside.groupby(unit)
    }
    return placed[unit].map(lambda number: f"{unit} {number}{told.get(number, '')}")


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


def removal_effects(table: pd.DataFrame, *, chosen: Sequence[str] = ()) -> Any:
    """What the removal of each head and MLP alone does to the logit; those `chosen` ("3.5",
    "3.MLP") are framed."""
    return offline(removal_chart(table, chosen))


def removal_chart(table: pd.DataFrame, chosen: Sequence[str]) -> Any:
    """The map of `removal_effects`."""
    names = [unit_name(*pair) for pair in zip(table["layer"], table["unit"])]
    drawn = table.assign(value=table["logit_change"].fillna(0.0))
    drawn["chosen"] = [name in set(chosen) for name in names]
    return unit_map(drawn, title="change in the logit without the component", signed=True)


def attention_change(table: pd.DataFrame) -> Any:
    """How far the attention of each head moves."""
    frame = table.assign(unit=table["head"].astype(str), value=table["change"])
    return offline(unit_chart(frame, "total variation of the attention"))


def classifier_lens(table: pd.DataFrame) -> Any:
    """The task head's answer after each layer: one line for each of the likeliest labels."""
    best = table.groupby("label")["logit"].max().nlargest(LENS_LABELS).index
    column = "probability" if table["probability"].notna().all() else "logit"
    rows = table[table["label"].isin(best)]
    return offline(lines_by_layer(rows, value=column, title=column, kind="label"))


def word_interactions(table: pd.DataFrame) -> Any:
    """One cell for each pair of words: what both do together beyond what each does alone."""
    bound = largest(table["interaction"])
    about: dict[str, Any] = {"value": "interaction", "title": "interaction (logit)", "signed": True}
    return offline(heatmap(square(table), x="x", y="y", **about, domain=(-bound, bound)))


def square(found: pd.DataFrame) -> pd.DataFrame:
    """Both halves of the table, for a heatmap: x, y, query, key, interaction."""
    names: dict[int, str] = {}
    for side in ("first", "second"):
        names |= dict(zip(found[f"{side}_word"], found[side]))
    keys = dict(zip(sorted(names), token_keys([names[each] for each in sorted(names)])))
    halves = []
    for one, two in (("first", "second"), ("second", "first")):
        half = found[[f"{one}_word", f"{two}_word", "interaction"]].copy()
        half.columns = ["row", "column", "interaction"]
        halves.append(half)
    diagonal = pd.DataFrame({"row": list(keys), "column": list(keys), "interaction": np.nan})
    frame = pd.concat([*halves, diagonal]).sort_values(["row", "column"])
    return frame.assign(
        y=frame["row"].map(keys),
        x=frame["column"].map(keys),
        query=frame["row"].map(names),
        key=frame["column"].map(names),
    )


def answer_unit(frame: pd.DataFrame) -> str:
    """Probabilities, or logits where the labels are not exclusive."""
    return "probability" if frame["probability_before"].notna().all() else "logit"

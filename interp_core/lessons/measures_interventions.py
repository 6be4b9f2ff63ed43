"""Measures of what a model does when something inside is changed: patches, removals, pairs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd

from interp_core import interventions
from interp_core.errors import BadInput
from interp_core.interventions.patching import Patching
from interp_core.lessons.measures_attention import loaded


@lru_cache(maxsize=16)
def _patched(
    model: str,
    text: str,
    changed: str,
    site: str,
    target: str,
    contrast: str,
    method: str,
    places: tuple[int, ...],
) -> Patching:
    options: dict[str, Any] = {"target": target or None, "contrast": contrast or None}
    options |= {"method": method}
    if places:
        options["positions"] = places
    return interventions.patch(loaded(model), text, changed, site=site, **options)


def clean_value(
    model: str, *, text: str, changed: str, target: str = "", contrast: str = ""
) -> float:
    """The logit, or difference of two logits, on the clean text."""
    return _ends(model, text, changed, target, contrast).clean


def changed_value(
    model: str, *, text: str, changed: str, target: str = "", contrast: str = ""
) -> float:
    """The same on the changed text."""
    return _ends(model, text, changed, target, contrast).corrupt


def _ends(model: str, text: str, changed: str, target: str, contrast: str) -> Patching:
    """The cheapest patching: one backward pass."""
    return _patched(model, text, changed, "stream", target, contrast, "gradient", ())


def stream_effect(
    model: str,
    *,
    text: str,
    changed: str,
    layer: int,
    position: int,
    target: str = "",
    contrast: str = "",
    positions: str = "",
    method: str = "exact",
) -> float:
    """The effect of patching the residual stream at one position after a layer.

    `positions` lists those that are computed at once, as numbers with spaces; empty for all.
    """
    places = tuple(int(each) for each in positions.split())
    if places and position not in places:
        raise BadInput(f"position {position} is not among `positions`.")
    found = _patched(model, text, changed, "stream", target, contrast, method, places)
    column = places.index(position) if places else position
    return float(found.effects[layer, column])


def head_effect(
    model: str,
    *,
    text: str,
    changed: str,
    layer: int,
    head: int,
    target: str = "",
    contrast: str = "",
) -> float:
    """The effect of patching one head at all positions."""
    found = _patched(model, text, changed, "heads", target, contrast, "exact", ())
    return float(found.effects[layer, head])


def best_patched_head(
    model: str,
    *,
    text: str,
    changed: str,
    place: int = 1,
    target: str = "",
    contrast: str = "",
) -> str:
    """The head in that place when heads are ordered by their effect, as layer.head."""
    frame = _patched(model, text, changed, "heads", target, contrast, "exact", ()).to_frame()
    line = frame.nlargest(place, "effect").iloc[-1]
    return f"{int(line['layer'])}.{int(line['head'])}"


@lru_cache(maxsize=8)
def _removals(model: str, text: str) -> pd.DataFrame:
    return interventions.head_removals(loaded(model), text)


def removed_head(model: str, *, text: str, place: int = 1) -> str:
    """The head whose removal changes the logit of the prediction most, as layer.head."""
    line = _removals(model, text).iloc[place - 1]
    return f"{int(line['layer'])}.{int(line['head'])}"


def removal_change(model: str, *, text: str, layer: int, head: int) -> float:
    """By how much the logit of the prediction changes without the head."""
    frame = _removals(model, text)
    row = frame[(frame["layer"] == layer) & (frame["head"] == head)]
    return float(row["logit_change"].iloc[0])


def interaction(model: str, *, text: str, first: str, second: str, target: str) -> float:
    """The pairwise interaction of two words in the logit of a label."""
    frame = interventions.word_interactions(loaded(model), text, target=target)
    pair = {first, second}
    rows = [{one, two} == pair for one, two in zip(frame["first"], frame["second"])]
    return float(frame[rows]["interaction"].iloc[0])


def lens_probability(model: str, *, text: str, layer: int, label: str) -> float:
    """The probability of a label when the task head reads the states after a layer (0: before)."""
    lens = interventions.classifier_lens(loaded(model), text)
    row = lens[(lens["layer"] == layer) & (lens["label"] == label)]
    return float(row["probability"].iloc[0])

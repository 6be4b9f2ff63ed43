"""Attention beside attention: layers of one token, two heads, what all heads give one token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from interp_core.attention.maps import AttentionMaps
from interp_core.attention.tables import aligned_difference
from interp_core.charts import heatmaps
from interp_core.charts.heatmaps import token_keys
from interp_core.charts.lines import layer_rows
from interp_core.charts.offline import offline
from interp_core.charts.received import received_map
from interp_core.charts.simple import beside as beside_each_other
from interp_core.drawing.attention import (
    UNIT,
    cell_frame,
    check_token,
    chosen_heads,
    layer_frame,
)
from interp_core.errors import BadInput

BESIDE = 40  # tokens a side of two maps beside each other
STRIP_ROWS = 60  # keys across the layer strips
HIDDEN = 0.6  # of the largest value: below it, the tokens of the text set the colours


def token_strip(
    maps: AttentionMaps,
    layer: int | None = None,
    heads: int | Sequence[int] = 0,
    *,
    token: int | None = None,
) -> Any:
    """The text shaded by what one token reads, or by the mean of all queries."""
    layer, chosen = chosen_heads(maps, layer, heads)
    check_token(maps, token)
    weights = np.mean([maps.head(layer, head) for head in chosen], 0)
    values = weights.mean(0) if token is None else weights[token]
    reader = "all queries on average" if token is None else f"{maps.tokens[token]}"
    frame = layer_frame(maps.key_tokens, values[None], [reader])
    return offline(layer_rows(frame, title="", value_title=UNIT[maps.kind]))


def layer_strips(
    maps: AttentionMaps,
    values: np.ndarray | None = None,
    *,
    token: int = 0,
    title: str = "",
    unit: str = "",
    layers: Sequence[str] | None = None,
) -> Any:
    """Rows of layers over the key tokens: `values` (rows, key), such as attention rollout.

    By default what `token` reads, mean over heads. `layers` names the rows.
    """
    check_token(maps, token)
    names = [str(each) for each in (maps.layer_numbers if layers is None else layers)]
    if values is None:
        values = maps.weights[:, :, token].mean(1)
        title = title or "Attention by layer (mean of all heads)"
    if values.shape != (len(names), len(maps.key_tokens)):
        raise BadInput(
            f"{len(names)} rows of {len(maps.key_tokens)} keys are drawn, not {values.shape}."
        )
    keys, special = maps.key_tokens, maps.keys.special
    if len(keys) > STRIP_ROWS:  # the keys that are read most, in their order
        kept = np.sort(np.argsort(values.max(0))[::-1][:STRIP_ROWS])
        title += f" (the {STRIP_ROWS} strongest of {len(keys)} keys)"
        values, keys = values[:, kept], [f"{keys[i]} ({i})" for i in kept]
        special = special[kept]
    top = float(values[:, ~special].max(initial=0.0))
    sinks = 0 < top < HIDDEN * float(values.max())
    if sinks:  # one key that takes most would leave all others white
        title += f"; colour ends at {top:.2g}"
    frame = layer_frame(keys, values, names)
    drawn = {"title": title, "value_title": unit or UNIT[maps.kind]}
    return offline(layer_rows(frame, **drawn, top=top if sinks else None))


def beside(
    maps: AttentionMaps,
    other: AttentionMaps | None = None,
    layer: int | None = None,
    head: int = 0,
    other_layer: int | None = None,
    other_head: int | None = None,
) -> Any:
    """Two maps on one scale, and their difference over the tokens that they share.

    At most 40 tokens a side. `other` are the maps of another text or model; without another layer
    and head, the same ones. Without `other`, a second head of these maps, by default the next.
    """
    layer = maps.layer_numbers[0] if layer is None else layer
    if other is None and other_layer is None and other_head is None:
        other_head = (head + 1) % maps.weights.shape[1]
    other = maps if other is None else other
    where = layer if other_layer is None else other_layer
    places = ((layer, head), (where, head if other_head is None else other_head))
    charts = side_by_side((maps, other), places)
    return offline(beside_each_other(charts, apart=True))


def side_by_side(
    both: tuple[AttentionMaps, AttentionMaps], places: tuple[tuple[int, int], tuple[int, int]]
) -> list[Any]:
    """The charts of `beside`: first, second, second − first."""
    weights = [maps.head(*place) for maps, place in zip(both, places)]
    top = float(max(each.max() for each in weights))
    return [
        *(_compact(maps, each, top) for maps, each in zip(both, weights)),
        _difference(both, weights),
    ]


def _compact(maps: AttentionMaps, weights: np.ndarray, top: float) -> Any:
    frame = cell_frame(maps, weights, slice(0, BESIDE), slice(0, BESIDE))
    about: dict[str, Any] = {"title": "weight", "domain": (0.0, top), "compact": True}
    return heatmaps.heatmap(frame, x="x", y="y", value="weight", **about)


def _difference(both: tuple[AttentionMaps, AttentionMaps], weights: Sequence[np.ndarray]) -> Any:
    first, second = both
    change, places, _ = aligned_difference(weights[0], first.tokens, weights[1], second.tokens)
    change = change[:BESIDE, :BESIDE]
    names = [first.tokens[place] for place in places][:BESIDE]
    keys = token_keys(names)
    row, column = np.indices(change.shape).reshape(2, -1)
    frame = pd.DataFrame(
        {
            "y": [keys[i] for i in row],
            "x": [keys[i] for i in column],
            "query": [names[i] for i in row],
            "key": [names[i] for i in column],
            "weight": change.ravel().astype(float),
        }
    )
    bound = float(np.abs(change).max()) if change.size else 1.0
    about: dict[str, Any] = {
        "title": "difference",
        "domain": (-bound, bound),
        "compact": True,
        "signed": True,
    }
    return heatmaps.heatmap(frame, x="x", y="y", value="weight", **about)


def attention_to(
    table: pd.DataFrame,
    *,
    layer: int | None = None,
    heads: Sequence[int] = (),
    unit: str = UNIT["attention"],
) -> Any:
    """What every head gives one token, relative to an even share; those of `layer` and `heads` are
    framed."""
    chosen = (table["layer"] == layer) & table["head"].isin(list(heads))
    return offline(received_map(table.assign(chosen=chosen), unit=unit))

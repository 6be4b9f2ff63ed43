"""Attention maps as pictures: all heads, lines between tokens, one map.

Pages, notebooks and reports draw with these; the frames behind them are made here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from interp_core.attention.maps import AttentionMaps
from interp_core.attention.tables import (
    head_summaries,
    same_tokens,
    strongest_of_each_query,
)
from interp_core.charts import heatmaps
from interp_core.charts.heatmaps import picture_url, shrink, token_keys
from interp_core.charts.lines import head_lines
from interp_core.charts.offline import offline
from interp_core.errors import BadInput
from interp_core.models.record import Layout

THUMBNAIL = 96  # cells a side; longer texts keep the strongest weight of each block
FULL_INK = 12  # times even attention
MOST_LINES = 1200
GRID = 16  # clickable areas a side of the whole-map picture
ROWS = 72  # tokens a column of the head view
MASS = 0.9  # of each row, which the head view draws
CELLS = 128  # tokens a side up to which a heatmap in a notebook has every cell
UNIT = {
    "attention": "attention weight",
    "norm": "‖α f(x)‖",
    "zeroing": "value zeroing score",
    "gradient": "|α ∂F/∂α|",
}


def overview(
    maps: AttentionMaps,
    *,
    layer: int | None = None,
    heads: Sequence[int] = (),
    layout: Layout | None = None,
) -> Any:
    """A small picture of every layer × head; those of `layer` and `heads` are framed.

    With the `layout` of the model, heads that share keys and values are named.
    """
    _check_maps(maps)
    summary, urls = head_summaries(maps), pictures(maps)
    return offline(heatmaps.overview(overview_frame(summary, urls, layout, layer, tuple(heads))))


def head_view(
    maps: AttentionMaps,
    layer: int | None = None,
    heads: int | Sequence[int] = 0,
    *,
    token: int | None = None,
    share: float = MASS,
    first: int = 0,
) -> Any:
    """Query tokens left, key tokens right, and a line for each of the strongest weights.

    By default of the first layer. For each query the strongest lines that hold `share` of its row
    are drawn; with a `token` its lines alone. Of longer texts 72 tokens from `first` on are shown.
    Raises `BadInput` for layers, heads and tokens that are not there.
    """
    layer, chosen = chosen_heads(maps, layer, heads)
    check_token(maps, token)
    if not 0 < share <= 1:
        raise BadInput("Give a share above 0 and up to 1.")
    count = max(len(maps.tokens), len(maps.key_tokens))
    first = max(0, min(first, count - ROWS))
    window = (first, min(count, first + ROWS))
    return offline(lines_chart(maps, line_frames(maps, layer, chosen, share, token, window)))


def lines_chart(maps: AttentionMaps, frames: tuple) -> Any:
    """The chart of `line_frames`."""
    lines, queries, keys = frames
    top = float(lines["weight"].max()) if len(lines) else 1.0
    return head_lines(lines, queries.drop(columns="total"), keys, title=UNIT[maps.kind], top=top)


def heatmap(
    maps: AttentionMaps,
    layer: int | None = None,
    heads: int | Sequence[int] = 0,
    *,
    queries: tuple[int, int] | None = None,
    keys: tuple[int, int] | None = None,
) -> Any:
    """One map, or the mean of several heads: queries down, keys across.

    `queries` and `keys` (first, end) choose a part. Of more than 128 tokens a picture of the whole.
    Raises `BadInput` for layers and heads that are not there, and for a part without tokens.
    """
    layer, chosen = chosen_heads(maps, layer, heads)
    weights = np.mean([maps.head(layer, head) for head in chosen], 0)
    domain = (0.0, float(weights.max()))
    rows, columns = slice(*(queries or (None,))), slice(*(keys or (None,)))
    shown = weights[rows, columns].shape
    if 0 in shown:
        raise BadInput(f"No token lies in this part; the map has {weights.shape} tokens.")
    if max(shown) <= CELLS:
        return offline(cells(maps, weights, rows, columns, domain))
    high, wide = weights.shape
    window = {"q0": 0, "q1": high, "k0": 0, "k1": wide}
    url = picture_url(shrink(weights, 4 * THUMBNAIL), top=domain[1])
    frame = pd.DataFrame([{"url": url, "zero": 0, "queries": high, "keys": wide, **window}])
    blocks = block_frame(maps, weights)
    return offline(heatmaps.map_picture(frame, blocks, size=heatmaps.MAX_SIDE, selection="area"))


def cells(
    maps: AttentionMaps, weights: np.ndarray, rows: slice, columns: slice, domain: tuple
) -> Any:
    """A heatmap of a window of one map (query, key)."""
    frame = cell_frame(maps, weights, rows, columns)
    return heatmaps.heatmap(
        frame, x="x", y="y", value="weight", title=UNIT[maps.kind], domain=domain
    )


def chosen_heads(
    maps: AttentionMaps, layer: int | None, heads: int | Sequence[int]
) -> tuple[int, tuple[int, ...]]:
    """The layer, by default the first, and the heads as a tuple. Raises `BadInput`."""
    _check_maps(maps)
    several = hasattr(heads, "__iter__") and not isinstance(heads, str)
    chosen = tuple(heads) if several else (heads,)
    if not chosen or not all(isinstance(each, int | np.integer) for each in chosen):
        raise BadInput(f"`heads` is the number of a head, or a list of some, not {heads!r}.")
    return maps.layer_numbers[0] if layer is None else layer, tuple(map(int, chosen))


def _check_maps(maps: Any) -> None:
    if not isinstance(maps, AttentionMaps):
        raise BadInput(
            f"Attention maps are needed, not {type(maps).__name__}: `ic.attention_maps(model, "
            "text)`, or `ic.maps_from(output.attentions, tokens)`."
        )


def check_token(maps: AttentionMaps, token: int | None) -> None:
    """Raises `BadInput` for a query token that is not there."""
    if token is not None and not 0 <= token < len(maps.tokens):
        raise BadInput(f"Token {token} does not exist; tokens go from 0 to {len(maps.tokens) - 1}.")


def pictures(maps: AttentionMaps) -> list[str]:
    """A small picture of every head, layer by layer."""
    top = full_ink(maps)
    heads = maps.weights.reshape(-1, *maps.weights.shape[2:])
    return [picture_url(shrink(head, THUMBNAIL), top=top) for head in heads]


def overview_frame(
    summary: pd.DataFrame,
    urls: list[str],
    layout: Layout | None,
    layer: int | None,
    heads: tuple,
) -> pd.DataFrame:
    """One row per head with its picture and summary."""
    frame = summary.assign(url=urls)
    frame["chosen"] = (frame["layer"] == layer) & frame["head"].isin(heads)
    if layout is not None and layout.kv_heads < layout.heads:
        frame["kv_group"] = [layout.kv_group(head) for head in frame["head"]]
    return frame


def full_ink(maps: AttentionMaps) -> float:
    """The weight that is drawn with full ink: for raw weights a multiple of even attention.

    Even attention over n keys then has the same shade for every n.
    """
    if maps.kind in ("norm", "gradient"):
        return float(maps.weights.max())
    return min(1.0, FULL_INK / maps.weights.shape[-1])


def line_frames(
    maps: AttentionMaps,
    layer: int,
    heads: tuple[int, ...],
    mass: float,
    token: int | None,
    window: tuple[int, int],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Lines, query column and key column.

    Each query keeps the lines that hold `mass` of its row, of the keys in the window. The query
    column says in `held` which share of the whole row is drawn (mean over heads), and in `total`
    what the row sums to.
    """
    rows = _window(maps.tokens, window)
    columns = _window(maps.key_tokens, window if same_tokens(maps) else None)
    drawn = rows if token is None else [token]
    parts, shown, total = [], 0.0, 0.0
    for head in heads:
        weights = maps.head(layer, head)
        mask = np.zeros_like(weights, dtype=bool)
        inside = np.ix_(drawn, columns)
        mask[inside] = strongest_of_each_query(
            weights[inside], mass, limit=MOST_LINES // len(heads)
        )
        shown += np.where(mask, weights, 0.0).sum(-1, dtype=float)
        total += weights.sum(-1, dtype=float)
        parts.append(_lines(weights, mask, head))
    queries = pd.DataFrame({"query_index": rows, "token": [maps.tokens[i] for i in rows]})
    queries["pinned"] = queries["query_index"] == (-1 if token is None else token)
    queries["held"] = (shown / np.maximum(total, 1e-12))[rows]
    queries["total"] = total[rows]
    keys = pd.DataFrame({"key_index": columns, "token": [maps.key_tokens[i] for i in columns]})
    keys["pinned"] = False
    return pd.concat(parts, ignore_index=True), queries, keys


def _window(tokens: list[str], window: tuple[int, int] | None) -> list[int]:
    first, last = window or (0, len(tokens))
    return list(range(first, min(last, len(tokens))))


def _lines(weights: np.ndarray, mask: np.ndarray, head: int) -> pd.DataFrame:
    rows, columns = np.nonzero(mask)
    lines = {"query_index": rows, "key_index": columns, "weight": weights[rows, columns]}
    return pd.DataFrame({"head": f"head {head}", **lines}).sort_values("weight", ignore_index=True)


def cell_frame(
    maps: AttentionMaps,
    weights: np.ndarray,
    rows: slice = slice(None),
    columns: slice = slice(None),
) -> pd.DataFrame:
    """Cells of one map (query, key) inside a window, with axis keys."""
    queries, keys = token_keys(maps.tokens)[rows], token_keys(maps.key_tokens)[columns]
    inside = weights[rows, columns]
    row, column = np.indices(inside.shape).reshape(2, -1)
    frame = pd.DataFrame({"weight": inside.ravel().astype(float)})
    frame["y"] = np.asarray(queries, dtype=object)[row]
    frame["x"] = np.asarray(keys, dtype=object)[column]
    frame["query"] = np.asarray(maps.tokens[rows], dtype=object)[row]
    frame["key"] = np.asarray(maps.key_tokens[columns], dtype=object)[column]
    return frame


def block_frame(maps: AttentionMaps, weights: np.ndarray) -> pd.DataFrame:
    """Clickable areas of a whole-map picture: first and last token, largest weight inside."""
    high, wide = weights.shape
    query_edges = np.unique(np.linspace(0, high, GRID + 1).astype(int))
    key_edges = np.unique(np.linspace(0, wide, GRID + 1).astype(int))
    rows = []
    for q0, q1 in pairwise(query_edges):
        for k0, k1 in pairwise(key_edges):
            rows.append(
                {
                    "q0": q0,
                    "q1": q1,
                    "k0": k0,
                    "k1": k1,
                    "weight": float(weights[q0:q1, k0:k1].max()),
                    "query": _range(maps.tokens, q0, q1),
                    "key": _range(maps.key_tokens, k0, k1),
                }
            )
    return pd.DataFrame(rows)


def _range(tokens: list[str], first: int, end: int) -> str:
    return f"{first}–{end - 1}: {tokens[first]} … {tokens[end - 1]}"


def layer_frame(tokens: list[str], values: np.ndarray, layers: list[str]) -> pd.DataFrame:
    """Strips of (layers, key) values."""
    row, column = np.indices(values.shape).reshape(2, -1)
    keys = token_keys(tokens)
    return pd.DataFrame(
        {
            "layer": [layers[i] for i in row],
            "key": [keys[i] for i in column],
            "token": [tokens[i] for i in column],
            "value": values.ravel().astype(float),
        }
    )

"""Attention that one token receives: from every head, beside an even spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interp_core.attention.maps import AttentionMaps


def even_attention(causal: bool, windows: Sequence[int | None], size: int) -> np.ndarray:
    """The map of a head whose queries spread evenly over the keys that they may see.

    Float32 of shape (layers, query, key), or (1, query, key) where all layers see alike: query i
    sees key j where j ≤ i (if `causal`) and |i − j| < window (None: no limit).
    """
    offset = np.arange(size)[None, :] - np.arange(size)[:, None]
    seen = np.stack(
        [
            ((offset <= 0) | (not causal)) & (np.abs(offset) < (window or size))
            for window in (windows if len(set(windows)) > 1 else windows[:1])
        ]
    )
    return (seen / seen.sum(-1, keepdims=True)).astype(np.float32)


def attention_to(maps: AttentionMaps, token: int, *, itself: bool = True) -> pd.DataFrame:
    """What every head gives to the key at place `token`: one row per layer and head.

    Columns: received, the mean weight (or norm) over the queries that may see the key; uniform,
    that mean if every query spread what it has evenly over the keys that it may see; over_uniform,
    their ratio (1: as in uniform attention); and the query that gives most: query_index, query,
    weight. With `itself` False the token's own query is left out (in self-attention). NaN where no
    query may see the key. Raises `BadInput` for a token that is not there.
    """
    count = maps.weights.shape[-1]
    if not 0 <= token < count:
        raise BadInput(f"Token {token} does not exist; tokens go from 0 to {count - 1}.")
    weights = maps.weights[..., token].astype(np.float64)  # (layers, heads, query)
    even = _even(maps, token)
    column = np.broadcast_to(even[:, None, :, token], weights.shape).astype(np.float64)
    seen = column > 0
    if maps.kind in ("norm", "gradient"):
        spread = even.sum(-1, dtype=np.float64)[:, None]
        total = maps.weights.sum(-1, dtype=np.float64)
        column = np.divide(column * total, spread, out=np.zeros_like(column), where=spread > 0)
    if not itself and maps.queries.tokens == maps.keys.tokens:
        seen = seen & (np.arange(seen.shape[-1]) != token)
    received, uniform = _mean(weights, seen), _mean(column, seen)
    top = np.where(seen, weights, -1.0).argmax(-1).ravel()
    layer, head = np.indices(received.shape).reshape(2, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = received / uniform
    return pd.DataFrame(
        {
            "layer": np.asarray(maps.layer_numbers)[layer],
            "head": head,
            "received": received.ravel(),
            "uniform": uniform.ravel(),
            "over_uniform": ratio.ravel(),
            "query_index": top,
            "query": [maps.tokens[place] for place in top],
            "weight": weights[layer, head, top],
        }
    )


def _mean(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Mean over the queries that count, (layers, heads); NaN without any."""
    counted = seen.sum(-1)
    total = np.where(seen, values, 0.0).sum(-1)
    return np.divide(total, counted, out=np.full(total.shape, np.nan), where=counted > 0)


def _even(maps: AttentionMaps, token: int) -> np.ndarray:
    """Even attention of these maps; read off the weights where they go beyond what was expected."""
    shape = (1, *maps.weights.shape[2:])
    even = maps.even if maps.even is not None else np.full(shape, 1 / shape[-1], np.float32)
    if not (maps.weights[..., token].any(1) & (even[..., token] == 0)).any():
        return even
    seen = (maps.weights > 0).any(1)
    return seen / np.maximum(seen.sum(-1, keepdims=True), 1)

"""Attention rollout and attention flow (Abnar & Zuidema 2020, arXiv 2005.00928)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.attention.maps import AttentionMaps

FUSE: dict[str, Callable[..., np.ndarray]] = {"mean": np.mean, "max": np.max, "min": np.min}
CAPACITY_UNITS = 2**28  # flow is computed in integers: resolution 4e-9


def attention_rollout(
    maps: AttentionMaps | np.ndarray, *, residual: float = 0.5, fuse: str = "mean"
) -> np.ndarray:
    """Cumulative rollout after each layer, (layers, query, key); every row sums to 1.

    With Ã = (1 − residual) A + residual I, rows normalised and heads fused by `fuse` ("mean",
    "max" or "min"): R_l = Ã_l R_{l−1}. A query of which fusing leaves nothing passes on itself. In
    causal models mass drifts to the first token, which is a property of the product and not of the
    text. Raises `BadInput` for cross attention.
    """
    mixed = mixing(maps, residual=residual, fuse=fuse)
    rolled = np.empty_like(mixed)
    product = np.eye(mixed.shape[-1])
    for layer, step in enumerate(mixed):
        product = step @ product
        rolled[layer] = product
    return rolled


def attention_flow(
    maps: AttentionMaps | np.ndarray, target: int, *, residual: float = 0.5, fuse: str = "mean"
) -> np.ndarray:
    """Maximum flow from each input token to token `target` at the top, (key,).

    The layered graph has an edge from (l − 1, j) to (l, i) with capacity Ã_l[i, j]. With one layer
    the flow is Ã itself. Flows of different inputs share edges, so they need not add up to 1.
    Costs one max-flow for each input token. Raises `BadInput` for a target out of range.
    """
    from scipy.sparse.csgraph import maximum_flow

    mixed = mixing(maps, residual=residual, fuse=fuse)
    layers, size, _ = mixed.shape
    if not 0 <= target < size:
        raise BadInput(f"Token {target} does not exist; tokens go from 0 to {size - 1}.")
    graph = _layered_graph(mixed)
    sink = layers * size + target
    flows = [maximum_flow(graph, source, sink).flow_value for source in range(size)]
    return np.asarray(flows) / CAPACITY_UNITS


def mixing(maps: AttentionMaps | np.ndarray, *, residual: float, fuse: str) -> np.ndarray:
    """Ã for each layer, (layers, query, key) float64, rows summing to 1."""
    weights = np.asarray(getattr(maps, "weights", maps), dtype=np.float64)
    if weights.shape[-1] != weights.shape[-2]:
        raise BadInput("Rollout and flow need self-attention: as many keys as queries.")
    if not 0 <= residual <= 1:
        raise BadInput(f"residual must lie between 0 and 1, not {residual}.")
    if fuse not in FUSE:
        raise BadInput(f"fuse must be one of {', '.join(FUSE)}, not {fuse!r}.")
    fused = FUSE[fuse](weights, axis=1)
    fused = _normalized(fused)
    return _normalized((1 - residual) * fused + residual * np.eye(weights.shape[-1]))


def _normalized(rows: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; a query that reads nothing passes on itself."""
    total = rows.sum(-1, keepdims=True)
    itself = np.broadcast_to(np.eye(rows.shape[-1]), rows.shape)
    return np.divide(rows, total, out=itself.copy(), where=total > 0)


def _layered_graph(mixed: np.ndarray) -> Any:
    from scipy.sparse import csr_array

    layers, size, _ = mixed.shape
    layer, query, key = np.nonzero(mixed)
    units = np.rint(mixed[layer, query, key] * CAPACITY_UNITS).astype(np.int32)
    nodes = (layers + 1) * size
    edges = (units, (layer * size + key, (layer + 1) * size + query))
    return csr_array(edges, shape=(nodes, nodes))

"""Attention sinks among the patches of a picture: one patch that a head rests on whatever reads.

Heads that have nothing to read put their weight somewhere (Xiao et al. 2023 for texts; Darcet et
al. 2023 find patches of vision transformers that serve as such a place). A rollout multiplies the
maps of all layers, so that one such head makes it a single bright dot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.attention.rollout import attention_rollout
from interp_core.errors import BadInput
from interp_core.inputs.images import patch_grid

if TYPE_CHECKING:
    from interp_core.attention.maps import AttentionMaps

# More than on all other tokens together. An even map has 1 / tokens on each.
SINK = 0.5
TOO_FEW = 2  # patches, of which one has most of a map's mass without any sink
LEFT_OUT = {
    "heads": "the heads with a sink",
    "layers": "the layers with such a head",
    "patches": "the patches on which such heads rest",
}


def patch_shares(weights: np.ndarray, special: np.ndarray) -> np.ndarray:
    """(layers, heads, patches): the share of each map's mass that lies on each patch.

    That is its weight averaged over all queries. `weights` is (layers, heads, query, key), and
    `special` marks the tokens that are no patches.
    """
    mass = weights.astype(np.float64).sum(-2)
    total = mass.sum(-1, keepdims=True)
    shares = np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)
    return shares[..., ~special]


def find_patch_sinks(maps: AttentionMaps, *, threshold: float = SINK) -> pd.DataFrame:
    """One row for each layer and head: the patch on which most of its map lies, and how much.

    Columns layer, head, row, column (of the patch), share (of the map's mass over all queries, 0 to
    1), even (the share of an even map), sink. A head has a sink where the share is above
    `threshold`: without one, where one patch has more than all other tokens together; never among
    one or two patches, of which one has most without any sink. Raises `BadInput` for maps of texts,
    and for a threshold that is not above the even share or above 1.
    """
    rows, columns = _grid(maps)
    even, enough = 1 / maps.weights.shape[-1], rows * columns > TOO_FEW
    if not (even if enough else 0) < threshold <= 1:
        raise BadInput(
            f"The threshold must be above the share of an even map ({even:.3g}) and at most 1, not "
            f"{threshold}."
        )
    shares = patch_shares(maps.weights, maps.special)
    best = shares.argmax(-1).ravel()
    frame = pd.DataFrame(
        {
            "layer": np.repeat(maps.layer_numbers, shares.shape[1]),
            "head": np.tile(np.arange(shares.shape[1]), shares.shape[0]),
            "row": best // columns,
            "column": best % columns,
            "share": shares.max(-1).ravel(),
            "even": even,
        }
    )
    return frame.assign(sink=(frame["share"] > threshold) & enough)


def rollout_without_sinks(
    maps: AttentionMaps,
    *,
    leave_out: str = "heads",
    threshold: float = SINK,
    residual: float = 0.5,
    fuse: str = "mean",
) -> np.ndarray:
    """Attention rollout with the sinks of `find_patch_sinks` left out, (layers, query, key).

    `leave_out` says what is: "heads" (those with a sink do not count when the heads of their layer
    are fused; a layer of such heads alone passes everything on), "layers" (a layer with such a head
    passes everything on) or "patches" (the patches on which they rest are read by no head of that
    layer; rows are normalised again, and one of which nothing is left passes on itself). Without a
    sink it is `attention_rollout`. Raises `BadInput`.
    """
    if leave_out not in LEFT_OUT:
        raise BadInput(f"leave_out must be one of {', '.join(LEFT_OUT)}, not {leave_out!r}.")
    found = find_patch_sinks(maps, threshold=threshold)
    weights = maps.weights.astype(np.float64)
    places = np.flatnonzero(~maps.special)
    _, columns = _grid(maps)
    for layer, part in found[found["sink"]].groupby("layer"):
        at = maps.row(int(layer))
        heads = part["head"].to_numpy()
        if leave_out == "patches":
            weights[at][..., places[part["row"] * columns + part["column"]]] = 0
            continue
        others = np.setdiff1d(np.arange(weights.shape[1]), heads)
        if leave_out == "layers" or not len(others):
            weights[at] = np.eye(weights.shape[-1])
        else:
            # The mean of the others changes neither their mean nor their extremes.
            weights[at, heads] = weights[at, others].mean(0)
    return attention_rollout(weights, residual=residual, fuse=fuse)


def _grid(maps: AttentionMaps) -> tuple[int, int]:
    """Rows and columns of patches. Raises `BadInput` for maps of texts."""
    try:
        return patch_grid(maps.tokens)
    except (ValueError, IndexError, StopIteration) as error:
        raise BadInput("These are maps of a text: sinks among patches are for images.") from error

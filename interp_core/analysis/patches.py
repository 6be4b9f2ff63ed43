"""Attention and attributions of a picture as tables of its patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.analysis.image_attribution import patch_grid
from interp_core.analysis.views import entropy, shares
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.image_attribution import ImageAttribution
    from interp_core.analysis.maps import AttentionMaps

Patch = tuple[int, int] | None  # row and column; None is the class token


def over_patches(maps: AttentionMaps, weights: np.ndarray, query: Patch = None) -> np.ndarray:
    """(…, rows, columns) of weights (…, query, key): what `query` reads, of the patches alone.

    Raises `BadInput` for a patch that the picture does not have.
    """
    rows, columns = patch_grid(tuple(maps.tokens))
    extra = len(maps.tokens) - rows * columns
    if query is not None and not (0 <= query[0] < rows and 0 <= query[1] < columns):
        raise BadInput(f"There is no patch {query}: the picture has {rows} × {columns}.")
    place = 0 if query is None else extra + query[0] * columns + query[1]
    return weights[..., place, extra:].reshape(*weights.shape[:-2], rows, columns)


def patch_table(maps: AttentionMaps, weights: np.ndarray, query: Patch = None) -> pd.DataFrame:
    """One row for each patch that `query` reads by `weights` (query, key): row, column, weight."""
    values = over_patches(maps, weights, query)
    row, column = np.indices(values.shape).reshape(2, -1)
    return pd.DataFrame({"row": row, "column": column, "weight": values.ravel()})


def patch_summaries(maps: AttentionMaps, query: Patch = None) -> pd.DataFrame:
    """One row for each layer and head: what `query` reads of the patches.

    Columns layer, head, on_patches (the weight on all patches together), entropy (nats, over the
    patches alone), and row, column and weight of the patch that is read most.
    """
    values = over_patches(maps, maps.weights, query)
    layers, heads, _, columns = values.shape
    flat = values.reshape(layers * heads, -1)
    best = flat.argmax(-1)
    return pd.DataFrame(
        {
            "layer": np.repeat(np.arange(layers), heads),
            "head": np.tile(np.arange(heads), layers),
            "on_patches": flat.sum(-1),
            "entropy": entropy(shares(flat)),
            "row": best // columns,
            "column": best % columns,
            "weight": flat.max(-1),
        }
    )


def pixel_table(found: ImageAttribution, *, side: int = 1) -> pd.DataFrame:
    """One row for each square of `side` × `side` pixels: row, column, score.

    Rows and columns count squares; what is left over at the right and below is left out. Raises
    `BadInput` for methods that tell patches apart, not pixels.
    """
    if found.pixels is None:
        raise BadInput(f"{found.method} gives no scores of pixels. Use its patches.")
    rows, columns = (length // side for length in found.pixels.shape)
    inside = found.pixels[: rows * side, : columns * side]
    sums = inside.reshape(rows, side, columns, side).sum((1, 3))
    row, column = np.indices(sums.shape).reshape(2, -1)
    return pd.DataFrame({"row": row, "column": column, "score": sums.ravel()})

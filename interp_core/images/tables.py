"""Attention and attributions of a picture as tables of its patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.attention.tables import entropy_nats, shares
from interp_core.errors import BadInput
from interp_core.inputs.images import patch_grid

if TYPE_CHECKING:
    from interp_core.attention.maps import AttentionMaps
    from interp_core.images.attribution import ImageAttribution

ALL = "mean"
# Row and column; None is the class token, "mean" the mean over all patches.
Patch = tuple[int, int] | str | None


def over_patches(maps: AttentionMaps, weights: np.ndarray, query: Patch = None) -> np.ndarray:
    """(…, rows, columns) of weights (…, query, key): what `query` reads, of the patches alone.

    Without a query that is the class token; `"mean"` is the mean over the queries of all patches.
    Raises `BadInput` for a patch or a class token that there is not.
    """
    rows, columns = patch_grid(maps.tokens)
    patches = ~maps.special
    of_patches = weights[..., patches]
    if query == ALL:
        read = of_patches[..., patches, :].mean(-2)
    else:
        read = of_patches[..., _place(maps, query, rows, columns), :]
    return read.reshape(*weights.shape[:-2], rows, columns)


def class_token(maps: AttentionMaps) -> int | None:
    """The place of the class token, or None where the model has none."""
    return next((n for n, name in enumerate(maps.tokens) if name.startswith("[CLS")), None)


def _place(maps: AttentionMaps, query: Patch, rows: int, columns: int) -> int:
    """The token of a query. Raises `BadInput`."""
    if query is None:
        found = class_token(maps)
        if found is None:
            raise BadInput(
                "This model has no class token. Name a patch as (row, column), or take "
                'query="mean" for the mean over all patches.'
            )
        return found
    if isinstance(query, str) or not (0 <= query[0] < rows and 0 <= query[1] < columns):
        raise BadInput(f"Patch {query} does not exist: the image has {rows} × {columns} patches.")
    return int(np.flatnonzero(~maps.special)[query[0] * columns + query[1]])


def patch_table(maps: AttentionMaps, weights: np.ndarray, query: Patch = None) -> pd.DataFrame:
    """One row for each patch that `query` reads by `weights` (query, key): row, column, weight.

    For the weights of several heads (heads, query, key) the column head comes first.
    """
    values = over_patches(maps, weights, query)
    names = ("head", "row", "column")[-values.ndim :]
    places = np.indices(values.shape).reshape(values.ndim, -1)
    return pd.DataFrame({**dict(zip(names, places)), "weight": values.ravel()})


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
            "entropy": entropy_nats(shares(flat)),
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
        raise BadInput(f"{found.method} gives no pixel scores. Use its patches.")
    rows, columns = (length // side for length in found.pixels.shape)
    inside = found.pixels[: rows * side, : columns * side]
    sums = inside.reshape(rows, side, columns, side).sum((1, 3))
    row, column = np.indices(sums.shape).reshape(2, -1)
    return pd.DataFrame({"row": row, "column": column, "score": sums.ravel()})

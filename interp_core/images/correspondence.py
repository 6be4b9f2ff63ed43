"""Correspondence: which patches of other pictures have the vector most like that of one patch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.images.pca import patch_places

if TYPE_CHECKING:
    from interp_core.embedding.vectors import Vectors


def patch_similarities(vectors: Vectors, picture: int, patch: tuple[int, int]) -> pd.DataFrame:
    """Cosine similarity (−1 to 1) of one patch's vector to those of all patches of all pictures.

    `vectors` are of one layer, from `image_vectors` with pooling "patch"; `picture` counts them
    from 0, `patch` is (row, column). Columns picture, row, column, similarity; the patch itself is
    among them, with 1. Raises `BadInput` for a patch that there is not.
    """
    grids = patch_places(vectors)
    if vectors.frame["layer"].nunique() != 1:
        raise BadInput("Give the vectors of one layer: patches are compared within a layer.")
    if not 0 <= picture < len(grids):
        raise BadInput(f"Picture {picture} does not exist: there are {len(grids)}, from 0.")
    rows, (tall, wide) = grids[picture]
    if not (0 <= patch[0] < tall and 0 <= patch[1] < wide):
        raise BadInput(f"Patch {patch} does not exist: the image has {tall} × {wide} patches.")
    values = vectors.values.astype(np.float64)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    likeness = values @ values[rows.start + patch[0] * wide + patch[1]]
    places = [np.indices(shape).reshape(2, -1) for _, shape in grids]
    counts = [each.shape[1] for each in places]
    row, column = np.concatenate(places, axis=1)
    return pd.DataFrame(
        {
            "picture": np.repeat(np.arange(len(grids)), counts),
            "row": row,
            "column": column,
            "similarity": likeness,
        }
    )


def nearest_patches(
    vectors: Vectors, picture: int, patch: tuple[int, int], *, limit: int = 1
) -> pd.DataFrame:
    """The `limit` patches of each picture most like one patch, best first within each picture.

    Arguments and columns as `patch_similarities`, and rank (from 1). In its own picture the patch
    itself is left out. Raises `BadInput`.
    """
    if limit < 1:
        raise BadInput(f"limit must be at least 1, not {limit}.")
    table = patch_similarities(vectors, picture, patch)
    itself = (table[["picture", "row", "column"]] == [picture, *patch]).all(axis=1)
    table = table[~itself].sort_values(
        ["picture", "similarity"], ascending=[True, False], kind="stable"
    )
    table["rank"] = table.groupby("picture").cumcount() + 1
    return table[table["rank"] <= limit].reset_index(drop=True)

"""Square regions of a picture's patches, as positions of tokens that are changed together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.inputs.images import encode_image, patch_grid

if TYPE_CHECKING:
    from interp_core.interventions.patching import Patching
    from interp_core.models.record import LoadedModel

ACROSS = 4  # regions a side that are proposed: as many rows of them are read at one glance


def picture_regions(model: LoadedModel, image: Any, *, side: int = 1) -> list[list[int]]:
    """Positions of the tokens of a picture: added tokens one by one, then squares of patches.

    A region has `side` × `side` patches, fewer at the right and lower edge, row by row; `patch`
    takes the list as its `positions`. Raises `BadInput` for a side below 1, and as `encode_image`.
    """
    if side < 1:
        raise BadInput("A region has at least one patch a side.")
    sequence = encode_image(model, image).sequence
    rows, columns = patch_grid(sequence.tokens)
    patches = np.flatnonzero(~sequence.special).reshape(rows, columns)
    squares = [
        patches[row : row + side, column : column + side].ravel().tolist()
        for row in range(0, rows, side)
        for column in range(0, columns, side)
    ]
    return [[int(place)] for place in np.flatnonzero(sequence.special)] + squares


def usual_side(tokens: Sequence[str]) -> int:
    """Patches a side of a region, so that a picture has about four regions a side."""
    return max(1, round(max(patch_grid(tokens)) / ACROSS))


def region_table(found: Patching) -> pd.DataFrame:
    """`to_frame` of a patched picture with the place of each region.

    Adds row, column (of its first patch), below and right (where it ends), all in patches; these
    are missing for tokens that are no patches. Raises `BadInput` for effects without positions.
    """
    frame = found.to_frame()
    if "position" not in frame:
        raise BadInput(f"Effects of {found.site} belong to no region of the picture.")
    corners = {group[0]: _corners(found.clean_tokens, group) for group in found.places}
    placed = pd.DataFrame(
        [corners[place] for place in frame["position"]], columns=["row", "column", "below", "right"]
    )
    return frame.join(placed.astype("Int64"))


def _corners(tokens: Sequence[str], group: Sequence[int]) -> tuple[int | None, ...]:
    names = [tokens[place].split(",") for place in (group[0], group[-1])]
    if any(len(name) != 2 for name in names):
        return (None,) * 4
    (row, column), (last_row, last_column) = [tuple(map(int, name)) for name in names]
    return row, column, last_row + 1, last_column + 1

"""What belongs to patches of pictures, as charts without the picture itself."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from interp_core.charts.offline import offline
from interp_core.images.pca import PatchPCA

SIDE = 220  # px of the longer side of a picture


def patch_colours(found: PatchPCA) -> Any:
    """The patches of each picture, coloured by their first three principal components."""
    parts = []
    for number, (colours, scores) in enumerate(zip(found.colours(), found.scores), 1):
        row, column = np.indices(colours.shape[:2]).reshape(2, -1)
        frame = pd.DataFrame({"row": row, "column": column, "bottom": row + 1, "right": column + 1})
        frame["colour"] = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in colours.reshape(-1, 3)]
        for component in range(min(3, scores.shape[-1])):
            frame[f"component {component + 1}"] = scores[..., component].ravel()
        parts.append(_patches(frame, f"picture {number}"))
    return offline(parts[0] if len(parts) == 1 else alt.hconcat(*parts))


def _patches(frame: pd.DataFrame, title: str) -> alt.Chart:
    rows, columns = int(frame["bottom"].max()), int(frame["right"].max())
    longest, bare = max(rows, columns), {"axis": None}
    x = alt.X("column:Q", scale=alt.Scale(domain=[0, columns], nice=False), **bare)
    y = alt.Y("row:Q", scale=alt.Scale(domain=[0, rows], nice=False, reverse=True), **bare)
    told = [name for name in frame if name.startswith("component")]
    return (
        alt.Chart(frame, title=title)
        .mark_rect()
        .encode(
            x=x,
            x2="right:Q",
            y=y,
            y2="bottom:Q",
            color=alt.Color("colour:N", scale=None),
            tooltip=[
                "row:O",
                "column:O",
                *(alt.Tooltip(f"{name}:Q", format="+.2f") for name in told),
            ],
        )
        .properties(width=SIDE * columns / longest, height=SIDE * rows / longest)
    )

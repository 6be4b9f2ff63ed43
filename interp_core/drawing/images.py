"""What belongs to patches of pictures, as charts without the picture itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp_core.charts.offline import offline
from interp_core.charts.patches import coloured_patches
from interp_core.charts.simple import beside
from interp_core.images.pca import PatchPCA


def patch_colours(found: PatchPCA) -> Any:
    """The patches of each picture, coloured by their first three principal components."""
    parts = []
    for number, (colours, scores) in enumerate(zip(found.colours(), found.scores), 1):
        row, column = np.indices(colours.shape[:2]).reshape(2, -1)
        frame = pd.DataFrame({"row": row, "column": column, "bottom": row + 1, "right": column + 1})
        frame["colour"] = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in colours.reshape(-1, 3)]
        for component in range(min(3, scores.shape[-1])):
            frame[f"component {component + 1}"] = scores[..., component].ravel()
        parts.append(coloured_patches(frame, f"picture {number}"))
    return offline(parts[0] if len(parts) == 1 else beside(parts))

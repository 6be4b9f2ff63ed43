"""Tables of comparisons in the form that charts and reports take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp_core.compare.representations import MEASURES
from interp_core.compare.weights import OUTSIDE, WeightComparison

if TYPE_CHECKING:
    from interp_core.compare.representations import RepresentationComparison

OUTSIDE_NAME = "outside"


def change_table(weights: WeightComparison, *, vectors: bool = False) -> pd.DataFrame:
    """Rows of `weights.matrices`: matrices, and with `vectors` biases and norms as well.

    `layer` is a number from 0, or "outside" for what stands before and behind the layers.
    """
    frame = weights.matrices
    if not vectors:
        frame = frame[frame["shape"].str.contains("×")]
    layer = frame["layer"].map(lambda n: OUTSIDE_NAME if n == OUTSIDE else str(n))
    inside = frame["layer"] != OUTSIDE
    order = [*frame.index[inside], *frame.index[~inside]]
    return frame.assign(layer=layer).loc[order].reset_index(drop=True)


def similarity_table(found: RepresentationComparison) -> pd.DataFrame:
    """One row for each layer and measure: layer, depth, first_layer, second_layer, measure, value,
    low, high."""
    wide = found.by_depth()
    layer = wide["first_layer"] if found.layers[0] >= found.layers[1] else wide["second_layer"]
    keys = wide[["depth", "first_layer", "second_layer"]].assign(layer=layer)
    parts = [
        keys.assign(
            measure=title,
            value=wide[name],
            low=wide[f"{name}_low"],
            high=wide[f"{name}_high"],
        )
        for name, title in MEASURES.items()
    ]
    columns = ["layer", "depth", "first_layer", "second_layer", "measure", "value", "low", "high"]
    return pd.concat(parts, ignore_index=True)[columns]

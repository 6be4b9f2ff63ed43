"""Attention as tables: the strongest weights, one token through the layers, two maps compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.analysis.views import aligned_difference
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.maps import AttentionMaps

MOST_WEIGHTS = 200


def attention_table(
    maps: AttentionMaps, layer: int, heads: Sequence[int], *, most: int = MOST_WEIGHTS
) -> pd.DataFrame:
    """The `most` strongest weights of some heads of a layer, strongest first.

    Columns layer, head, query_index, query, key_index, key, weight. Raises `BadInput` without a
    head, or for a layer or head that the maps do not have.
    """
    if not len(heads):
        raise BadInput("Name at least one head.")
    return pd.concat([maps.to_frame(layer, head) for head in heads]).nlargest(most, "weight")


def layer_table(
    maps: AttentionMaps, values: np.ndarray, *, layers: Sequence[int | str] | None = None
) -> pd.DataFrame:
    """One row per layer and key of `values` (layers, keys): layer, key_index, key, value.

    `values` may be one query's weights, its rollout or its flow; `layers` names its rows, by
    default with the layers that the maps are of.
    """
    names = list(maps.layer_numbers if layers is None else layers)
    if values.shape != (len(names), len(maps.key_tokens)):
        raise BadInput(
            f"The values are {values.shape}; {len(names)} layers and {len(maps.key_tokens)} keys "
            "are named."
        )
    row, column = np.indices(values.shape).reshape(2, -1)
    return pd.DataFrame(
        {
            "layer": [names[place] for place in row],
            "key_index": column,
            "key": [maps.key_tokens[place] for place in column],
            "value": values.ravel().astype(float),
        }
    )


def difference_table(
    first: np.ndarray, first_tokens: list[str], second: np.ndarray, second_tokens: list[str]
) -> pd.DataFrame:
    """Two maps (query, key) over the tokens that both share, in order, and second − first.

    Columns query_index and key_index (places in the first), query, key, first, second, difference.
    """
    change, left, right = aligned_difference(first, first_tokens, second, second_tokens)
    row, column = np.indices(change.shape).reshape(2, -1)
    here, there = np.array(left, dtype=int), np.array(right, dtype=int)
    return pd.DataFrame(
        {
            "query_index": here[row],
            "query": [first_tokens[place] for place in here[row]],
            "key_index": here[column],
            "key": [first_tokens[place] for place in here[column]],
            "first": first[here[row], here[column]].astype(float),
            "second": second[there[row], there[column]].astype(float),
            "difference": change.ravel().astype(float),
        }
    )

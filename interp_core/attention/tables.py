"""Attention as tables: the strongest weights, one token through the layers, two maps compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.validation import renamed

if TYPE_CHECKING:
    from interp_core.attention.maps import AttentionMaps


MOST_WEIGHTS = 200


@renamed(most="limit")
def attention_table(
    maps: AttentionMaps, layer: int, heads: Sequence[int], *, limit: int = MOST_WEIGHTS
) -> pd.DataFrame:
    """The `limit` strongest weights of some heads of a layer, strongest first.

    Columns layer, head, query_index, query, key_index, key, weight. Raises `BadInput` without a
    head, or for a layer or head that the maps do not have.
    """
    if not len(heads):
        raise BadInput("Name at least one head.")
    return pd.concat([maps.to_frame(layer, head) for head in heads]).nlargest(limit, "weight")


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


def same_tokens(maps: AttentionMaps) -> bool:
    """Whether queries and keys are the same tokens: self-attention, not cross attention."""
    return maps.queries.tokens == maps.keys.tokens


def strongest_of_each_query(
    weights: np.ndarray, share: float, *, limit: int | None = None
) -> np.ndarray:
    """For each query the fewest weights that hold `share` of its own row, as a bool mask.

    `weights` is (queries, keys). A row with any weight keeps its strongest one, whatever `share`
    and `limit` are; beyond that `limit` bounds how many are kept, and the weakest go first.
    """
    order = np.argsort(-weights, axis=-1, kind="stable")
    sorted_ = np.take_along_axis(weights, order, -1).astype(np.float64)
    before = np.cumsum(sorted_, -1) - sorted_
    kept = (before < share * sorted_.sum(-1, keepdims=True) * (1 - 1e-9)) & (sorted_ > 0)
    kept[:, :1] = sorted_[:, :1] > 0
    if limit is not None and kept.sum() > limit:
        others = np.where(kept, sorted_, 0.0)
        others[:, :1] = 0.0
        spare = max(0, limit - int(kept[:, :1].sum()))
        chosen = np.argsort(-others, axis=None, kind="stable")[:spare]
        kept[:, 1:] = False
        kept.flat[chosen] = others.flat[chosen] > 0
        kept[:, :1] = sorted_[:, :1] > 0
    mask = np.zeros(weights.shape, dtype=bool)
    np.put_along_axis(mask, order, kept, -1)
    return mask


def head_summaries(maps: AttentionMaps) -> pd.DataFrame:
    """One row per layer and head, averaged over this input's queries.

    entropy in nats; special, previous, next, itself: share of the row on such keys, the last three
    over the queries that have one; top_key: the token read most over all queries.
    """
    rows = shares(maps.weights)
    square = rows.shape[-1] == rows.shape[-2]
    columns = {
        "entropy": entropy_nats(rows).mean(-1),
        "special": rows[..., maps.keys.special].sum(-1).mean(-1),
    }
    if square and rows.shape[-1] > 1:
        for name, offset in (("previous", -1), ("itself", 0), ("next", 1)):
            columns[name] = np.diagonal(rows, offset, -2, -1).mean(-1)
    top = rows.sum(-2).argmax(-1)
    tokens = np.asarray(maps.keys.tokens, dtype=object)
    layer, head = np.indices(rows.shape[:2]).reshape(2, -1)
    return pd.DataFrame(
        {
            "layer": np.asarray(maps.layer_numbers)[layer],
            "head": head,
            "top_key": tokens[top.ravel()],
            **{name: values.ravel() for name, values in columns.items()},
        }
    )


def shares(weights: np.ndarray) -> np.ndarray:
    """Rows divided by their sum, so that norms and unnormalised rows read as shares."""
    total = weights.sum(-1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def entropy_nats(rows: np.ndarray) -> np.ndarray:
    """Entropy in nats of each row (…, keys), which sums to 1."""
    from scipy.special import entr

    return entr(rows).sum(-1)


def special_share(maps: AttentionMaps) -> np.ndarray:
    """Share of each layer's mass on special tokens, (layers,), mean over heads and queries."""
    total, special = maps.weights.sum(-1), maps.weights[..., maps.keys.special].sum(-1)
    return np.divide(special, total, out=np.zeros_like(total), where=total > 0).mean((1, 2))


def aligned_difference(
    first: np.ndarray, first_tokens: list[str], second: np.ndarray, second_tokens: list[str]
) -> tuple[np.ndarray, list[int], list[int]]:
    """second − first over the tokens that both texts share, in order, and their places in each."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, first_tokens, second_tokens, autojunk=False)
    pairs = [(a + i, b + i) for a, b, size in matcher.get_matching_blocks() for i in range(size)]
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    return second[np.ix_(right, right)] - first[np.ix_(left, left)], left, right

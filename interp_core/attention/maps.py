"""The record of attention maps, and the ways to look at it: without special tokens, by word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.inputs.tokens import TokenSequence
from interp_core.inputs.words import merge, take, word_groups


@dataclass(frozen=True)
class AttentionMaps(Charted):
    """Attention of one input: `weights[l, h, i, j]` is what query i takes from key j.

    `weights` is float32 of shape (layers, heads, query, key). `layer_numbers` holds the true number
    of each layer that has a map (hybrids skip some). `kind` is "attention" (rows sum to 1), "norm"
    (‖α f(x)‖, Kobayashi et al. 2020), "zeroing" (one head a layer, rows sum to 1, Mohebbi et al.
    2023) or "gradient" (|α ∂F/∂α|). `even` is the map of a head that spreads evenly over
    the keys that a query may see, (layers or 1, query, key), changed as the weights are; None where
    every query sees every key. For encoder-decoder models `encoder`, `decoder` and `cross` are
    records of their own and the top record repeats the encoder's maps.
    """

    weights: np.ndarray
    queries: TokenSequence
    keys: TokenSequence
    layer_numbers: tuple[int, ...]
    kind: str = "attention"
    changes: tuple[str, ...] = ()
    reconstruction_error: float | None = None
    encoder: AttentionMaps | None = None
    decoder: AttentionMaps | None = None
    cross: AttentionMaps | None = None
    even: np.ndarray | None = None

    @property
    def tokens(self) -> list[str]:
        """Readable query tokens."""
        return list(self.queries.tokens)

    @property
    def key_tokens(self) -> list[str]:
        """Readable key tokens; the same as `tokens` except in cross attention."""
        return list(self.keys.tokens)

    @property
    def special(self) -> np.ndarray:
        """Bool mask (query,) of the tokens that the tokenizer added."""
        return self.queries.special

    @property
    def word_ids(self) -> list[int | None]:
        """Word number of each query token; None for special tokens."""
        return list(self.queries.word_ids)

    def row(self, layer: int) -> int:
        """The place of a true layer number in `weights`. Raises `BadInput`."""
        if layer not in self.layer_numbers:
            known = ", ".join(map(str, self.layer_numbers))
            raise BadInput(f"Layer {layer} has no attention map. Layers with maps: {known}.")
        return self.layer_numbers.index(layer)

    def head(self, layer: int, head: int) -> np.ndarray:
        """One map, (query, key). Raises `BadInput` for numbers out of range."""
        if not 0 <= head < self.weights.shape[1]:
            raise BadInput(
                f"Head {head} does not exist; heads go from 0 to {self.weights.shape[1] - 1}."
            )
        return self.weights[self.row(layer), head]

    def without_special(self, renormalize: bool = True) -> AttentionMaps:
        """Drop special tokens as queries and keys; `renormalize` makes the rest of a row sum to 1.

        Renormalising amplifies noise: a row with 95 % on [CLS] keeps 5 %.
        """
        rows, columns = ~self.queries.special, ~self.keys.special
        if not rows.any() or not columns.any():
            raise BadInput("Only special tokens are left. Enter a longer text.")

        def part(weights: np.ndarray) -> np.ndarray:
            weights = weights[..., rows, :][..., columns]
            if not renormalize:
                return weights
            total = weights.sum(-1, keepdims=True)
            return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)

        change = f"special tokens hidden, rows {'' if renormalize else 'not '}renormalised"
        queries = take(self.queries, np.flatnonzero(rows))
        keys = take(self.keys, np.flatnonzero(columns))
        return self._changed(part, queries, keys, change)

    def by_word(self) -> AttentionMaps:
        """Merge pieces into words: sum over key pieces, mean over query pieces."""
        query_groups, key_groups = word_groups(self.queries), word_groups(self.keys)
        to_words = _membership(query_groups, len(self.queries))
        to_words /= to_words.sum(1, keepdims=True)
        from_words = _membership(key_groups, len(self.keys))
        queries, keys = merge(self.queries, query_groups), merge(self.keys, key_groups)
        return self._changed(
            lambda weights: to_words @ weights @ from_words.T,
            queries,
            keys,
            "subword tokens merged into words",
        )

    def to_frame(self, layer: int, head: int) -> pd.DataFrame:
        """One head as a table: query_index, query, key_index, key, weight."""
        weights = self.head(layer, head)
        rows, columns = np.indices(weights.shape).reshape(2, -1)
        return pd.DataFrame(
            {
                "layer": layer,
                "head": head,
                "query_index": rows,
                "query": np.asarray(self.queries.tokens, dtype=object)[rows],
                "key_index": columns,
                "key": np.asarray(self.keys.tokens, dtype=object)[columns],
                "weight": weights.ravel(),
            }
        )

    def _changed(
        self,
        part: Callable[[np.ndarray], np.ndarray],
        queries: TokenSequence,
        keys: TokenSequence,
        change: str,
    ) -> AttentionMaps:
        even = self.even
        if even is None:
            even = np.full((1, *self.weights.shape[2:]), 1 / self.weights.shape[-1], np.float32)
        return replace(
            self,
            weights=part(self.weights),
            even=part(even),
            queries=queries,
            keys=keys,
            changes=(*self.changes, change),
            encoder=None,
            decoder=None,
            cross=None,
        )


def _membership(groups: list[np.ndarray], size: int) -> np.ndarray:
    matrix = np.zeros((len(groups), size), dtype=np.float32)
    for number, places in enumerate(groups):
        matrix[number, places] = 1
    return matrix

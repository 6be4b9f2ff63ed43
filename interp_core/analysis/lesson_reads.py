"""Measures of what a model reads: attention maps, and what arrives through them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

import interp_core as ic
from interp_core.errors import BadInput
from interp_core.models.record import LoadedModel

Place = str | int


@lru_cache(maxsize=8)
def loaded(name: str) -> LoadedModel:
    """The model, loaded once."""
    return ic.load_model(name)


@lru_cache(maxsize=64)
def _maps(model: str, text: str, kind: str = "attention") -> ic.AttentionMaps:
    call = ic.norm_weighted_attention if kind == "norm" else ic.attention_maps
    return call(loaded(model), text)


def _at(maps: ic.AttentionMaps, token: Place) -> int:
    """Where a token stands, the first time it does; or the place that was given."""
    if isinstance(token, int):
        return token
    if token not in maps.tokens:
        raise BadInput(f"There is no token {token!r} in the text: {', '.join(maps.tokens)}.")
    return maps.tokens.index(token)


def tokens(model: str, *, text: str) -> float:
    """How many tokens the text has."""
    return len(_maps(model, text).tokens)


def weight(model: str, *, text: str, layer: int, head: int, query: Place, key: Place) -> float:
    """How much of its attention a token spends on another, in one head."""
    maps = _maps(model, text)
    return float(maps.weights[layer, head, _at(maps, query), _at(maps, key)])


def row_sum(model: str, *, text: str, layer: int, head: int, query: Place) -> float:
    """The sum of a token's attention over all tokens."""
    maps = _maps(model, text)
    return float(maps.weights[layer, head, _at(maps, query)].sum())


def strongest_key(model: str, *, text: str, layer: int, head: int, query: Place) -> str:
    """The token that a token reads most."""
    maps = _maps(model, text)
    return maps.tokens[int(maps.weights[layer, head, _at(maps, query)].argmax())]


def one_back(model: str, *, text: str, layer: int, head: int) -> float:
    """Mean attention from each token to the one before it."""
    return float(np.diagonal(_maps(model, text).weights[layer, head], -1).mean())


def one_ahead(model: str, *, text: str, layer: int, head: int) -> float:
    """Mean attention from each token to the one after it."""
    return float(np.diagonal(_maps(model, text).weights[layer, head], 1).mean())


def spread(model: str, *, text: str, layer: int, head: int) -> float:
    """Over how many tokens a head spreads: e to the mean entropy of its rows."""
    weights = _maps(model, text).weights[layer, head].astype(float)
    return float(np.exp(-(weights * np.log(weights + 1e-12)).sum(-1).mean()))


def _received(model: str, text: str, key: Place, kind: str) -> np.ndarray:
    """(layers, heads): mean share of a row that goes to a token, over all other tokens."""
    maps = _maps(model, text, kind)
    at = _at(maps, key)
    shares = maps.weights[..., at] / maps.weights.sum(-1)
    return np.delete(shares, at, axis=-1).mean(-1)


def received(
    model: str, *, text: str, key: Place, layer: int, head: int = -1, kind: str = "attention"
) -> float:
    """Mean share of what the other tokens read that a token gets; all heads when head is −1."""
    found = _received(model, text, key, kind)[layer]
    return float(found.mean() if head < 0 else found[head])


def heads_resting(model: str, *, text: str, key: Place, kind: str = "attention") -> float:
    """How many heads put more than half of what the other tokens read on a token."""
    return int((_received(model, text, key, kind) > 0.5).sum())


def heads_in_all(model: str) -> float:
    """How many heads the model has."""
    return loaded(model).n_layers * loaded(model).n_heads

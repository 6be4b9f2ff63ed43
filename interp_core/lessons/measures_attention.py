"""Measures of what a model reads: attention maps, and what arrives through them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from interp_core import attention, embedding, heads, language
from interp_core.datasets import sample_table
from interp_core.embedding.quality import silhouettes
from interp_core.errors import BadInput
from interp_core.models.load import load_model
from interp_core.models.record import LoadedModel

Place = str | int


@lru_cache(maxsize=8)
def loaded(name: str) -> LoadedModel:
    """The model, loaded once."""
    return load_model(name)


@lru_cache(maxsize=64)
def _maps(model: str, text: str, kind: str = "attention") -> attention.AttentionMaps:
    call = attention.norm_weighted_attention if kind == "norm" else attention.attention_maps
    return call(loaded(model), text)


def _at(maps: attention.AttentionMaps, token: Place) -> int:
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


@lru_cache(maxsize=8)
def _senses(model: str, word: str) -> tuple[list[np.ndarray], np.ndarray]:
    """The word's vectors at every layer, each (sentences, dim), and the number of each sense."""
    table = sample_table("ambiguous_words")
    table = table[table["word"] == word]
    vectors = embedding.word_vectors(
        loaded(model), list(table["text"]), list(table["word"]), layer="all"
    )
    layers = [
        embedding.at_layer(vectors, layer).values for layer in range(loaded(model).n_layers + 1)
    ]
    return layers, pd.factorize(table["sense"])[0]


def sense_sentences(model: str, *, word: str) -> float:
    """How many sentences hold the word."""
    return len(_senses(model, word)[1])


def same_sense_nearest(model: str, *, word: str, layer: int) -> float:
    """How often the nearest vector (cosine) has the same sense."""
    layers, senses = _senses(model, word)
    unit = layers[layer] / np.linalg.norm(layers[layer], axis=1, keepdims=True)
    near = unit @ unit.T
    np.fill_diagonal(near, -np.inf)
    return float((senses[near.argmax(1)] == senses).mean())


def sense_silhouette(model: str, *, word: str, layer: int) -> float:
    """Mean silhouette of the senses."""
    layers, senses = _senses(model, word)
    return float(np.nanmean(silhouettes(layers[layer], senses)))


@lru_cache(maxsize=2)
def _induction(model: str) -> pd.DataFrame:
    return heads.induction_scores(loaded(model))


def head_score(model: str, *, layer: int, head: int, score: str) -> float:
    """A score of one head on repeated random tokens."""
    frame = _induction(model)
    return float(frame[(frame["layer"] == layer) & (frame["head"] == head)][score].iloc[0])


def best_head(model: str, *, score: str) -> str:
    """The head with the highest score, as layer.head."""
    line = _induction(model).nlargest(1, score).iloc[0]
    return f"{int(line['layer'])}.{int(line['head'])}"


def heads_above(model: str, *, score: str, above: float) -> float:
    """How many heads score more than that."""
    return int((_induction(model)[score] > above).sum())


@lru_cache(maxsize=4)
def _bits(model: str, text: str) -> np.ndarray:
    return language.surprisal(loaded(model), text)["surprisal"].to_numpy()


def copy_bits(model: str, *, text: str, copy: int) -> float:
    """Mean surprisal of a token in the first or second copy of a text written twice."""
    bits = _bits(model, text)
    half = len(bits) // 2
    return float(np.nanmean(bits[:half] if copy == 1 else bits[half:]))

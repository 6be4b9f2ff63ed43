"""Measures of where a model puts the senses of a word, and of how it copies."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

import interp_core as ic
from interp_core.analysis.lesson_reads import loaded
from interp_core.analysis.silhouettes import silhouettes


@lru_cache(maxsize=8)
def _senses(model: str, word: str) -> tuple[list[np.ndarray], np.ndarray]:
    """The word's vectors at every layer, each (sentences, dim), and the number of each sense."""
    table = ic.sample_table("ambiguous_words")
    table = table[table["word"] == word]
    vectors = ic.word_vectors(loaded(model), list(table["text"]), list(table["word"]), layer="all")
    layers = [ic.at_layer(vectors, layer).values for layer in range(loaded(model).n_layers + 1)]
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
    return ic.induction_scores(loaded(model))


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
    return ic.surprisal(loaded(model), text)["surprisal"].to_numpy()


def copy_bits(model: str, *, text: str, copy: int) -> float:
    """Mean surprisal of a token in the first or second copy of a text written twice."""
    bits = _bits(model, text)
    half = len(bits) // 2
    return float(np.nanmean(bits[:half] if copy == 1 else bits[half:]))

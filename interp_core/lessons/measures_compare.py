"""Measures of two models side by side: weights, layers, attention of one text."""

from __future__ import annotations

from functools import lru_cache

from interp_core import compare
from interp_core.attention.compute import attention_maps
from interp_core.compare.representations import RepresentationComparison
from interp_core.compare.weights import WeightComparison
from interp_core.datasets import sentences
from interp_core.errors import BadInput
from interp_core.lessons.measures_attention import loaded


@lru_cache(maxsize=2)
def _weights(model: str, other: str) -> WeightComparison:
    return compare.compare_weights(loaded(model), loaded(other))


@lru_cache(maxsize=2)
def _layers(model: str, other: str, texts: int) -> RepresentationComparison:
    return compare.compare_representations(loaded(model), loaded(other), sentences()[:texts])


def shared_matrices(model: str, *, other: str) -> float:
    """How many matrices both models have."""
    return len(compare.change_table(_weights(model, other)))


def equal_matrices(model: str, *, other: str) -> float:
    """How many of them are exactly equal."""
    return int((compare.change_table(_weights(model, other))["change"] == 0).sum())


def weight_change(model: str, *, other: str, matrix: str, layer: int = -1) -> float:
    """‖ΔW‖ / ‖W‖ of a matrix of a layer, or outside of the layers."""
    return _matrix(model, other, matrix, layer, "relative")


def change_rank(model: str, *, other: str, matrix: str, layer: int = -1) -> float:
    """The stable rank of its change."""
    return _matrix(model, other, matrix, layer, "stable_rank")


def _matrix(model: str, other: str, matrix: str, layer: int, column: str) -> float:
    frame = _weights(model, other).matrices
    found = frame[(frame["layer"] == layer) & (frame["matrix"] == matrix)]
    if len(found) != 1:
        raise BadInput(f"There is no matrix {matrix!r} in layer {layer}.")
    return float(found[column].iloc[0])


def layers_similarity(
    model: str, *, other: str, layer: int, texts: int, kind: str = "cka"
) -> float:
    """CKA ("cka"), RSA ("rsa") or common neighbours ("neighbours") of the states after a layer."""
    frame = _layers(model, other, texts).by_depth()
    return float(frame.loc[frame["first_layer"] == layer, kind].iloc[0])


def moved_attention(model: str, *, other: str, text: str, layer: int, head: int) -> float:
    """The share of a head's attention that goes elsewhere on one text."""
    one, two = (attention_maps(loaded(each), text) for each in (model, other))
    frame = compare.compare_maps(one, two).heads()
    return float(frame.set_index(["layer", "head"])["difference"][layer, head])

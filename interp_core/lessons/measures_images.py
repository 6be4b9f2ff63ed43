"""Measures of what a vision transformer does with the sample photographs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from interp_core import attention, images
from interp_core.datasets import PHOTOS, sample_photo
from interp_core.images.tables import over_patches
from interp_core.lessons.measures_attention import loaded


@lru_cache(maxsize=8)
def _maps(model: str, image: str) -> attention.AttentionMaps:
    return attention.attention_maps(loaded(model), sample_photo(image))


@lru_cache(maxsize=4)
def _components(model: str, layer: int) -> images.PatchPCA:
    return images.patch_pca(loaded(model), [sample_photo(name) for name in PHOTOS], layer=layer)


def picture_tokens(model: str, *, image: str) -> float:
    """How many tokens a photograph becomes."""
    return len(_maps(model, image).tokens)


def object_area(model: str, *, image: str, layer: int) -> float:
    """Share of the patches that the first component of a layer calls object."""
    return float(_object(model, image, layer).mean())


def object_attention(model: str, *, image: str, layer: int, head: int, by: int) -> float:
    """Share of the class token's attention to patches that lies on the object.

    Which patches are object says the first component of layer `by`.
    """
    maps = _maps(model, image)
    weights = over_patches(maps, maps.weights)[layer, head].astype(float)
    return float(weights[_object(model, image, by)].sum() / weights.sum())


def _object(model: str, image: str, layer: int) -> np.ndarray:
    return _components(model, layer).objects()[list(PHOTOS).index(image)]


def component_share(model: str, *, layer: int, component: int) -> float:
    """Share of the variance of a layer's patch vectors on a component, counted from 1."""
    return float(_components(model, layer).shares[component - 1])


def sink_share(model: str, *, image: str, layer: int, head: int) -> float:
    """Share of a head's map that lies on one patch."""
    table = images.find_patch_sinks(_maps(model, image)).set_index(["layer", "head"])
    return float(table.loc[(layer, head), "share"])


def sinks(model: str, *, image: str) -> float:
    """How many heads have a sink among the patches."""
    return int(images.find_patch_sinks(_maps(model, image))["sink"].sum())


def rollout_peak(model: str, *, image: str, without: str = "") -> float:
    """How many times its uniform share the brightest patch has in the last layer's rollout.

    Of the class token; `without` says what is left out ("heads", "layers", "patches").
    """
    maps = _maps(model, image)
    whole = attention.attention_rollout
    rolled = images.rollout_without_sinks(maps, leave_out=without) if without else whole(maps)
    patches = over_patches(maps, rolled)[-1]
    return float(patches.max() / patches.mean())

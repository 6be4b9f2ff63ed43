"""Caches that all sessions share, bounded, keyed on model, revision, text and scalars only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

import interp_core as ic
from interp_core.attention.norm_weighted import both_attentions
from interp_core.inputs.images import as_seen as pictures_seen
from interp_core.inputs.photo_region import Region, seen_region
from interp_core.models.record import LoadedModel
from interp_core.ui.server import limits, loading
from interp_core.ui.server.model_cache import Models
from interp_core.ui.server.queue import Turns
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.recipe import Recipe, named, supplied

# Two passes at once keep two cores busy; more only share them and multiply torch's threads.
COMPUTE = Turns(2)
# Long computations take one of these first: the other turn stays free for short ones.
LONG = Turns(1, event="long computation")
MOST_MAPS = 256
SHORT = 1_000  # characters up to which both kinds of attention come from one pass
# Kinds of maps beside the weights, and the function that computes each.
OTHER_KINDS = {
    "norm": "norm_weighted_attention",
    "zeroing": "value_zeroing",
    "gradient": "attention_gradient",
}
MAP_BYTES = 512 * 2**20


def stamp(name: str) -> str:
    """Changes with the files of a local model and of its base, and with how it is loaded.

    Raises `ModelClosed` for a model that a shared server does not open: no folder is looked into.
    """
    limits.check_model(name)
    chosen = loading.mark(name)
    times = [time for folder in loading.folders(name) for time in _changed(folder)]
    return f"{max(times)}{chosen}" if times else chosen


def _changed(folder: Path) -> list[int]:
    """When each file was last changed, of a folder and of those in it that hold modules."""
    try:
        modules = [path.parent for path in folder.glob("*/config.json")]  # such as 1_Pooling
        files = (path for place in (folder, *modules) for path in place.iterdir())
        return [path.stat().st_mtime_ns for path in files if path.is_file()]
    except (OSError, ValueError):
        return []


@st.cache_resource(show_spinner=False)
def _models() -> Models:
    return Models()


def _model(name: str, files: str) -> LoadedModel:
    return _models().get(name, files, loading.load)


def model(name: str) -> LoadedModel:
    """The model, loaded once for everybody. Raises `ModelClosed` on a shared server."""
    return _model(name, stamp(name))


def is_loaded(name: str) -> bool:
    """Whether nobody has to wait for the model. Raises `ModelClosed` on a shared server."""
    return _models().holds(name, stamp(name))


def model_recipe(name: str, called: str = "model") -> Recipe:
    """The model as part of a recipe, handed in by this cache; scripts call it `called`."""
    return named(called, supplied(loading.call(name), lambda: model(name)))


@st.cache_resource(show_spinner=False)
def _maps() -> Shared:
    return Shared(MOST_MAPS, MAP_BYTES, lambda maps: _bytes(maps), name="maps")


def _bytes(maps: ic.AttentionMaps) -> int:
    parts = [maps, maps.decoder, maps.cross]
    return sum(part.weights.nbytes for part in parts if part is not None)


def attention(name: str, text: str, pair: str | None, kind: str = "attention") -> ic.AttentionMaps:
    """Maps of a text of a kind of `AttentionMaps`, such as "attention" or "norm"; read only."""
    limits.check_texts((text, pair))
    files = stamp(name)

    key = (name, files, text, pair)

    def compute() -> ic.AttentionMaps:
        loaded = _model(name, files)
        if kind in OTHER_KINDS:
            with COMPUTE:
                return _read_only(getattr(ic, OTHER_KINDS[kind])(loaded, text, pair))
        with COMPUTE:
            maps, norms = _both(loaded, text, pair)
        if norms is not None:
            _maps().get((*key, "norm"), lambda: _read_only(norms))
        return _read_only(maps)

    return _maps().get((*key, kind), compute)


def _both(
    loaded: LoadedModel, text: str, pair: str | None
) -> tuple[ic.AttentionMaps, ic.AttentionMaps | None]:
    """The maps; of a short text with the norm-weighted ones, which the page asks for next."""
    if len(text) + len(pair or "") <= SHORT:
        try:
            return both_attentions(loaded, text, pair)
        except (ic.BadInput, ic.UnsupportedModel):  # not known for every architecture
            pass
    return ic.attention_maps(loaded, text, pair), None


def _read_only(maps: ic.AttentionMaps) -> ic.AttentionMaps:
    for part in (maps, maps.encoder, maps.decoder, maps.cross):
        if part is not None:
            part.weights.flags.writeable = False
    return maps


def of_picture(name: str, key: str, image: Any) -> ic.AttentionMaps:
    """Attention maps of a picture that `key` names; read only."""
    files = stamp(name)

    def compute() -> ic.AttentionMaps:
        with COMPUTE:
            maps = ic.attention_maps(_model(name, files), image)
        maps.weights.flags.writeable = False
        return maps

    return _maps().get((name, files, "picture", key), compute)


@st.cache_resource(show_spinner=False)
def _seen() -> Shared:
    return Shared(64, 64 * 2**20, lambda image: image.width * image.height * 3, name="seen")


def as_seen(name: str, key: str, image: Any) -> Any:
    """The part of a picture that the model's patches cover, as a PIL picture."""
    files = stamp(name)
    return _seen().get((name, files, key), lambda: pictures_seen(_model(name, files), image))


@st.cache_resource(show_spinner=False)
def _regions() -> Shared:
    return Shared(256, name="regions")


def region_of(name: str, image: Any) -> Region | None:
    """The part of pictures of this size that the model's patches cover; None where unknown."""
    files = stamp(name)
    # None is kept as a result of its own: the store takes it for missing.
    found = _regions().get(
        (name, files, image.size), lambda: (seen_region(_model(name, files), image),)
    )
    return found[0]

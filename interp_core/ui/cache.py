"""Caches that all sessions share, bounded, keyed on model, revision, text and scalars only."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import streamlit as st

import interp_core as ic
from interp_core.models.record import LoadedModel

# Two passes at once keep two cores busy; more only share them and multiply torch's threads.
COMPUTE = threading.BoundedSemaphore(2)


def stamp(name: str) -> str:
    """Changes when the files of a local model folder change, so that caches do not go stale."""
    folder = Path(name).expanduser()
    try:
        times = [path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()]
    except (OSError, ValueError):
        return ""
    return str(max(times, default=0))


@st.cache_resource(max_entries=4, show_spinner=False)
def _model(name: str, files: str) -> LoadedModel:
    import torch

    torch.set_num_threads(1)
    loaded = ic.load_model(name)
    gc.collect()
    gc.freeze()  # a model's objects never die: keep them out of every later collection
    return loaded


def model(name: str) -> LoadedModel:
    """The model, loaded once for everybody."""
    return _model(name, stamp(name))


@st.cache_data(max_size="512MiB", show_spinner=False)
def _attention(name: str, files: str, text: str, pair: str | None, kind: str) -> ic.AttentionMaps:
    loaded = _model(name, files)
    with COMPUTE:
        if kind == "norm":
            return ic.norm_weighted_attention(loaded, text, pair)
        return ic.attention_maps(loaded, text, pair)


def attention(name: str, text: str, pair: str | None, kind: str = "attention") -> ic.AttentionMaps:
    """Attention maps ("attention") or norm-weighted attention ("norm") of a text."""
    return _attention(name, stamp(name), text, pair, kind)


def displayed(maps: ic.AttentionMaps, stack: str, words: bool, special: str) -> ic.AttentionMaps:
    """The part of the model, the tokens and the words that the user chose to see."""
    if maps.encoder is not None:
        maps = getattr(maps, stack)
    if special != "show":
        maps = maps.without_special(renormalize=special == "hide")
    return maps.by_word() if words else maps

"""Figures of the maps that every rerun needs, cached; keyed by what the maps depend on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.views import head_summaries, special_share
from interp_core.ui import cache
from interp_core.ui.attention.frames import pictures
from interp_core.ui.sidebar import Choice


@dataclass(frozen=True)
class Shown:
    """Which maps are shown; hashable, so that it can be the key of a cache."""

    asked: Choice
    files: str
    kind: str = "attention"
    stack: str = "encoder"
    words: bool = False
    special: str = "show"

    def maps(self) -> ic.AttentionMaps:
        """The maps themselves."""
        maps = cache.attention(self.asked.model, self.asked.text, self.asked.pair, self.kind)
        return cache.displayed(maps, self.stack, self.words, self.special)


_HASH = {Shown: repr}


@st.cache_data(max_size="64MiB", show_spinner=False, hash_funcs=_HASH)
def summaries(shown: Shown) -> pd.DataFrame:
    """One row per head, see `head_summaries`."""
    return head_summaries(shown.maps())


@st.cache_data(max_size="128MiB", show_spinner=False, hash_funcs=_HASH)
def urls(shown: Shown) -> list[str]:
    """The small pictures of all heads."""
    return pictures(shown.maps())


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs=_HASH)
def row_sums(shown: Shown) -> tuple[float, float]:
    """Smallest and largest sum of a row over all heads."""
    sums = shown.maps().weights.sum(-1)
    return float(sums.min()), float(sums.max())


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs=_HASH)
def special_shares(shown: Shown) -> list[float]:
    """Share of each layer's mass on special tokens."""
    return special_share(shown.maps()).tolist()

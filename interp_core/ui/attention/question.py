"""The controls of the attention page, in the address, and the words for what they chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attention.tables import head_summaries, special_share
from interp_core.drawing.attention import UNIT, pictures
from interp_core.inputs.tokens import TokenSequence
from interp_core.inputs.vocabulary import SPACE
from interp_core.inputs.words import word_groups
from interp_core.ui.server import cache
from interp_core.ui.widgets import downloads, layout
from interp_core.ui.widgets.choices import (
    BOUND,
    follow,
    keep_valid,
    list_of,
    one_of,
    to_address,
    view_of,
)
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import Choice

__all__ = ["UNIT"]

VIEWS = {
    "overview": "Overview",
    "to_token": "Attention to a token",
    "lines": "Head view",
    "heatmap": "Heatmap",
    "overlay": "Token overlay",
    "layers": "Across layers",
    "compare": "Compare",
    "switches": "Ablation",
    "patching": "Activation patching",
}
INTERVENING = ("switches", "patching")  # views that change something inside, with own controls
STACKS = {"encoder": "Encoder", "decoder": "Decoder", "cross": "Cross attention"}
KINDS = {
    "attention": "Attention weights",
    "norm": "Norm-weighted",
    "zeroing": "Value zeroing",
    "gradient": "Attention × gradient",
}
SPECIAL = {"show": "Show", "hide": "Hide and renormalise", "drop": "Hide"}
MASS = {0.5: "50%", 0.8: "80%", 0.9: "90%", 0.95: "95%", 1.0: "all"}


@dataclass(frozen=True)
class Options:
    """What the user chose to see."""

    view: str
    layer: int
    heads: tuple[int, ...]
    mass: float
    shown: Shown

    @property
    def kind(self) -> str:
        """Raw weights or norm-weighted attention."""
        return self.shown.kind


def open_head(layer: int, head: int, view: str = "heatmap") -> None:
    """Show one head; called from callbacks, before the controls are drawn."""
    st.session_state.update(layer=layer, heads=[head], view=view)


def view_choice() -> str:
    """Which picture to draw."""
    return view_of(VIEWS, key="view")


def kind_choice(two_stacks: bool) -> str:
    """Raw weights or norm-weighted attention; the latter needs a single stack."""
    names = list(KINDS)[:1] if two_stacks else list(KINDS)
    return list_of(
        "Weights",
        {name: KINDS[name] for name in names},
        key="kind",
        width=190,
        help="Attention weights ignore the size of the value vectors. Norm-weighted attention "
        "‖α f(x)‖ (Kobayashi et al. 2020) multiplies each weight by the norm of the "
        "transformed value vector: the size of what each token adds to the layer's "
        "attention output. Value zeroing (Mohebbi et al. 2023): how far a token's state turns when "
        "the value vectors of the key are set to zero in this layer, all heads together. Attention "
        "× gradient: to first order, how much the logit of the prediction depends on the weight.",
    )


def stack_choice() -> str:
    """Encoder, decoder or cross attention of an encoder-decoder model."""
    return one_of("Attention type", STACKS, key="stack")


def head_choice(
    maps: ic.AttentionMaps, view: str, first: tuple[int, int]
) -> tuple[int, tuple[int, ...]]:
    """A layer and one or more of its heads; `first` is what a new visitor sees.

    Across layers there is no head to begin with, but the mean of all.
    """
    default = [] if view == "layers" else [first[1]]
    layers, heads = list(maps.layer_numbers), list(range(maps.weights.shape[1]))
    follow("layer", first[0])
    follow("heads", default)
    keep_valid("layer", layers)
    keep_valid("heads", heads)
    layer = st.selectbox(
        "Layer",
        layers,
        index=layers.index(first[0]),
        key="layer",
        **BOUND,
        width=100,
    )
    chosen = st.multiselect(
        "Heads" if view != "compare" else "Head",
        heads,
        default=default,
        key="heads",
        **BOUND,
        placeholder="All heads (mean)",
        help="The first one is shown." if view == "compare" else None,
        width=190 if view != "compare" else 130,
    )
    return layer, tuple(chosen or heads)


def display_choice() -> tuple[bool, str, float]:
    """Words or pieces, special tokens, how much of the mass to draw."""
    with layout.options():
        words = st.toggle(
            "Merge subword tokens into words",
            key="words",
            **BOUND,
            help="Attention to a word is summed over its subword tokens; attention from a word "
            "is averaged.",
        )
        special = st.radio(
            "Special tokens",
            list(SPECIAL),
            format_func=SPECIAL.get,
            key="special",
            **BOUND,
            help="Renormalising amplifies noise: if a row puts 95% on [CLS], the remaining 5% "
            "is scaled up to 100%.",
        )
        mass = st.select_slider(
            "Head view: share of each query token's attention to draw",
            list(MASS),
            value=0.9,
            format_func=MASS.get,
            key="mass",
            **BOUND,
        )
    return words, special, mass


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
        return value(self.recipe())

    def recipe(self, other: str | None = None) -> Recipe:
        """How they are made, or those of another text."""
        name, text, pair = self.asked.model, self.asked.text, self.asked.pair
        if other is not None:
            text, pair = other, None
        given = [cache.model_recipe(name), named("text", text), *([pair] if pair else [])]
        call = cache.OTHER_KINDS.get(self.kind, "attention_maps")
        maps = getattr(calls, call)(*given)
        maps = supplied(maps, lambda: cache.attention(name, text, pair, self.kind))
        if self.stack != "encoder":
            maps = getattr(maps, self.stack)
        if self.special != "show":
            maps = maps.without_special(renormalize=self.special == "hide")
        return named("maps", maps.by_word() if self.words else maps)


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


def result(drawn: Any, maps: ic.AttentionMaps, options: Options) -> ViewResult:
    """What a view has drawn, its chart or its result, with its table; one head of the `maps` as a
    table, and the weights of all heads."""
    shown, layer, head = options.shown, options.layer, options.heads[0]
    made = supplied(shown.recipe(), lambda: maps)
    if isinstance(drawn, ViewResult):
        drawn, table = drawn.chart, drawn.recipe
    elif options.view == "overview":
        table = supplied(calls.head_summaries(made), lambda: summaries(shown))
    else:
        table = calls.attention_table(made, layer, list(options.heads))
    arrays = {
        "weights": maps.weights,
        "query_tokens": maps.tokens,
        "key_tokens": maps.key_tokens,
        "special": maps.special,
        "layers": maps.layer_numbers,
    }
    more = {
        f"CSV, layer {layer} head {head}": (
            f"attention_layer{layer}_head{head}.csv",
            "text/csv",
            lambda: downloads.csv(maps.to_frame(layer, head)),
        ),
        "NPZ, all heads": ("attention.npz", "application/zip", lambda: downloads.npz(arrays)),
    }
    return ViewResult(drawn, table, more)


BARE = f"{SPACE} "  # around the name of a token


def token_choice(maps: ic.AttentionMaps, label: str, everything: str | None) -> int | None:
    """A query token, chosen by name or by a click in a picture; None where `everything` is set."""
    return _choice(maps.queries, label, everything)


def key_choice(maps: ic.AttentionMaps, label: str, everything: str) -> int | None:
    """The same of the key tokens, which are other ones in cross attention."""
    return _choice(maps.keys, label, everything)


def _choice(sequence: TokenSequence, label: str, everything: str | None) -> int | None:
    names = [f"{place}: {token}" for place, token in enumerate(sequence.tokens)]
    kept, given = st.session_state.get("token"), st.query_params.get("token", "")
    if kept is None and given and given not in names:
        place = place_of(given, sequence)
        if place is not None:
            to_address("token", names[place])
    elif kept is not None and kept not in names:  # of a text or of pieces that were merged since
        place = place_of(kept, sequence)
        st.session_state["token"] = None if place is None else names[place]
    name = st.selectbox(
        label,
        names,
        index=None,
        placeholder=everything or "Choose a token",
        key="token",
        bind="query-params",
        persist_state="session",
        width=190,
    )
    return None if name is None else names.index(name)


def place_of(given: str, sequence: TokenSequence) -> int | None:
    """Which token is meant by "4: not", "not" or "4": of several, the one that is nearest.

    Other pages name words: one that the model reads in pieces is found by its first piece.
    """
    number, colon, name = given.partition(": ")
    numbered = number.isdecimal() and len(number) < 8
    wanted = int(number) if numbered else 0
    if numbered and not colon:
        return wanted if wanted < len(sequence) else None
    name = (name if numbered else given).strip(BARE).casefold()
    tokens = [token.strip(BARE).casefold() for token in sequence.tokens]
    alike = [place for place, token in enumerate(tokens) if token == name]
    if not alike:
        words = {int(places[0]): sequence.word_ids[places[0]] for places in word_groups(sequence)}
        alike = [
            place
            for place, word in words.items()
            if word is not None and sequence.word_text(word).casefold() == name
        ]
    return min(alike, key=lambda place: abs(place - wanted), default=None)


def pick_token(maps: ic.AttentionMaps, place: int) -> None:
    """Make a clicked token the chosen one; a second click lets it go."""
    if not 0 <= place < len(maps.tokens):
        return
    name = f"{place}: {maps.tokens[place]}"
    st.session_state["token"] = None if st.session_state.get("token") == name else name


def chosen_map(maps: ic.AttentionMaps, options: Options) -> np.ndarray:
    """One head, or the mean of the chosen heads, (query, key)."""
    return maps.weights[maps.row(options.layer), list(options.heads)].mean(0)


def strongest_named(maps: ic.AttentionMaps, weights: np.ndarray) -> str:
    """The strongest weight of a map in words."""
    query, key = np.unravel_index(int(weights.argmax()), weights.shape)
    return (
        f"strongest: {maps.tokens[query]} (token {query}) → {maps.key_tokens[key]} (token "
        f"{key}), {weights[query, key]:.2f}"
    )


def heads_named(options: Options, all_heads: int) -> str:
    """`layer 2, head 5`, or the heads that were averaged."""
    if all_heads == 1 and options.kind == "zeroing":
        return f"layer {options.layer}, all heads together"
    if len(options.heads) == 1:
        return f"layer {options.layer}, head {options.heads[0]}"
    if len(options.heads) == all_heads:
        return f"layer {options.layer}, mean of all {all_heads} heads"
    return f"layer {options.layer}, mean of heads {', '.join(map(str, options.heads))}"

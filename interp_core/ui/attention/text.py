"""Words for what a picture shows, and the choice of a token, shared by the views."""

from __future__ import annotations

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.inputs.tokens import TokenSequence
from interp_core.inputs.vocabulary import SPACE
from interp_core.inputs.words import word_groups
from interp_core.ui.attention.question import Options
from interp_core.ui.widgets.choices import to_address

BARE = f"{SPACE} "  # around the name of a token
UNIT = {"attention": "attention weight", "norm": "‖α f(x)‖"}


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
        width=240,
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
    if len(options.heads) == 1:
        return f"layer {options.layer}, head {options.heads[0]}"
    if len(options.heads) == all_heads:
        return f"layer {options.layer}, mean of all {all_heads} heads"
    return f"layer {options.layer}, mean of heads {', '.join(map(str, options.heads))}"

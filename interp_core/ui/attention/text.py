"""Words for what a picture shows, and the choice of a token, shared by the views."""

from __future__ import annotations

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.ui.attention.question import Options
from interp_core.ui.widgets.choices import keep_valid

UNIT = {"attention": "attention weight", "norm": "‖α f(x)‖"}


def token_choice(maps: ic.AttentionMaps, label: str, everything: str | None) -> int | None:
    """A query token, chosen by name or by a click in a picture; None where `everything` is set."""
    names = [f"{place}: {token}" for place, token in enumerate(maps.tokens)]
    keep_valid("token", names)
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

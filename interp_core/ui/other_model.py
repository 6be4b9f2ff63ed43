"""Another model: the one that fits a page, with one click, or a second one beside the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

import interp_core as ic
from interp_core.ui import sharing
from interp_core.ui.choices import BOUND, follow
from interp_core.ui.examples import examples, is_example


def take(name: str) -> None:
    """Choose an embedded model, and an example that suits it unless there is a text of one's own.

    For callbacks: before the sidebar is drawn.
    """
    st.session_state["model"] = name
    text = st.session_state.get("text", "")
    if is_example(text) or not text.strip():
        task = next(card.task for card in ic.bundled_models() if card.name == name)
        st.session_state["text"] = examples(task, name)[0]


def instead(name: str) -> None:
    """The button that takes a model that fits."""
    st.button(f"Use `{name}` instead", on_click=take, args=(name,))


def second(
    label: str,
    first: str,
    *,
    key: str,
    prefer: Sequence[str] = (),
    fits: Callable[[ic.ModelCard], bool] = lambda card: True,
    **more: Any,
) -> str | None:
    """The name of a model beside `first`; those to `prefer` stand at the top.

    Offers the embedded models that fit, what a shared server has on its list beside them, and the
    name that was typed or came with the address.
    """
    cards = {card.name: card for card in ic.bundled_models()}
    known = sharing.allowed_models() if sharing.is_shared() else cards
    names = [name for name in known if name != first and (name not in cards or fits(cards[name]))]
    names.sort(key=lambda name: name not in prefer)
    if names:
        follow(key, names[0])
    given = st.session_state.get(key) or st.query_params.get(key)
    names += [given] if given and given not in (*names, first) else []
    if st.session_state.get(key) == first:
        del st.session_state[key]
    return st.selectbox(
        label, names, key=key, accept_new_options=not sharing.is_shared(), **BOUND, **more
    )

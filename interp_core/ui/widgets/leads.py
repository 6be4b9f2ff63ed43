"""Links from a finding to the page that goes on from it, with the model and the text kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from interp_core.ui.widgets.markdown import plain

ICON = ":material/arrow_forward:"
LONGEST = 24  # characters of a token in a label
MOST_LETTERS = 2_000  # of a text in a link
TO_TOKEN = "to_token"  # the attention page's view of one key token in all heads


def lead(page: str, label: str, query: Mapping[str, Any], *, icon: str = ICON, **more: Any) -> None:
    """A link to a page of the app."""
    st.page_link(f"pages/{page}.py", label=label, icon=icon, query_params=dict(query), **more)


def explain(model: str, text: str, label: str = "Explain this text", **query: str) -> None:
    """To the words that decide about a text; nothing for a text too long for a link."""
    from interp_core.ui.attribution import VIEWS  # beside its charts

    if text.strip() and len(text) <= MOST_LETTERS:
        query = {"model": model, "text": text, "show": VIEWS["explanation"], **query}
        lead("word_attributions", label, query)


def head(model: str, text: str, layer: int, head: int, label: str) -> None:
    """To the attention map of one head."""
    query = {"model": model, "text": text, "layer": str(layer), "heads": str(head)}
    lead("attention_heads", label, query | {"view": "Heatmap"})


def over_texts(model: str, layer: int, head: int) -> None:
    """To the statistics of one head over many texts."""
    label = f"Layer {layer}, head {head} over many texts"
    lead("head_entropy", label, {"model": model, "unit": f"{layer}.{head}"})


def attention_to(model: str, text: str, pair: str | None, token: str, place: int) -> None:
    """To the attention that a token receives in every head."""
    from interp_core.ui.attention.question import VIEWS  # beside its charts

    if TO_TOKEN in VIEWS and len(text) <= MOST_LETTERS:
        query = {"model": model, "text": text, **({"pair": pair} if pair else {})}
        query |= {"view": VIEWS[TO_TOKEN], "token": f"{place}: {token}"}
        lead("attention_heads", f"Attention to “{shown(token)}”", query)


def without(model: str, text: str, span: tuple[int, int]) -> None:
    """To the prediction for the text without a word."""
    from interp_core.attribution.what_if import replace_span
    from interp_core.ui.attribution import VIEWS

    edited = replace_span(text, span)
    if edited.strip() and len(text) <= MOST_LETTERS:
        query = {"model": model, "text": text, "show": VIEWS["what_if"], "edited": edited}
        lead("word_attributions", f"Without “{shown(text[slice(*span)])}”", query)


def pick(key: str, tokens: Sequence[str], place: int) -> None:
    """Note a clicked token of a strip; a second click lets it go. For callbacks."""
    again = picked(key, tokens) == place
    st.session_state[f"picked_{key}"] = None if again else (place, tuple(tokens))


def picked(key: str, tokens: Sequence[str]) -> int | None:
    """The clicked token of a strip, while it shows the same tokens."""
    place, seen = st.session_state.get(f"picked_{key}") or (None, ())
    return place if seen == tuple(tokens) else None


def shown(token: str) -> str:
    """A token as a label, where Streamlit's Markdown would read its signs."""
    return plain(token if len(token) <= LONGEST else f"{token[: LONGEST - 1]}…")

"""The sidebar of all pages, which model and which text, both in the address; the model loaded."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import interp_core as ic
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, limits, loading
from interp_core.ui.widgets.choices import follow
from interp_core.ui.widgets.markdown import message
from interp_core.ui.widgets.model_choice import examples, shelf

DEFAULT_MODEL = "sentiment"
MAX_CHARACTERS = 20_000
TYPED = (
    "Choose a built-in model, or type a local model folder or a Hugging Face Hub id (for "
    "example `distilbert/distilbert-base-uncased`) and press Enter. A folder of an adapter "
    "(LoRA and its relatives) loads with its base model."
)
LISTED = "Shared server: only the models in this list can be loaded."


@dataclass(frozen=True)
class Choice:
    """What the sidebar says: model name, text, and the second text or None."""

    model: str
    text: str
    pair: str | None


def show() -> None:
    """Draw the shared controls."""
    with st.sidebar:
        cards = {card.name: card for card in ic.bundled_models()}
        st.selectbox(
            "Model",
            _model_names(cards),
            accept_new_options=not limits.is_shared(),
            key="model",
            bind="query-params",
            help=LISTED if limits.is_shared() else TYPED,
        )
        loading.base_field(_state("model", DEFAULT_MODEL))
        loading.read_as_field(_state("model", DEFAULT_MODEL))
        shelf()
        loading.controls()
        card = cards.get(_state("model", DEFAULT_MODEL))
        offers = examples(card.task, card.name) if card else examples("")
        follow("text", offers[0])
        st.session_state.setdefault("text", offers[0])
        st.text_area(
            "Text",
            key="text",
            height=130,
            max_chars=MAX_CHARACTERS,
            bind="query-params",
            help="Press Ctrl+Enter (⌘+Enter) to run the model on the changed text.",
        )
        st.selectbox(
            "Examples",
            offers,
            index=None,
            placeholder="Insert an example text",
            key="example",
            on_change=_use_example,
            label_visibility="collapsed",
        )
        with st.expander("Second text (optional)", expanded=bool(_state("pair", ""))):
            st.text_area(
                "Second text",
                key="pair",
                height=80,
                max_chars=MAX_CHARACTERS,
                bind="query-params",
                label_visibility="collapsed",
                help="Second sequence for sentence-pair and question-answering models; decoder "
                "input for encoder-decoder models.",
            )
        if card:
            st.caption(_about(card))


def _model_names(cards: dict) -> list[str]:
    """The built-in models, and the one that was typed or came with the address."""
    known = limits.allowed_models() if limits.is_shared() else cards
    names = sorted(known, key=lambda name: name != DEFAULT_MODEL)
    present = st.session_state.get("model") or st.query_params.get("model")
    return names if present in (None, "", *names) else [*names, present]


def choice() -> Choice:
    """The current model and texts. Raises `NotShared` for what a shared server refuses."""
    pair, text = _state("pair", ""), _state("text", "")
    limits.check_texts((text, pair))
    return Choice(model(), text, pair or None)


def model() -> str:
    """The name of the current model."""
    return _state("model", DEFAULT_MODEL)


def _state(key: str, default: str) -> str:
    return st.session_state.get(key) or default


def _use_example() -> None:
    if st.session_state.example:
        st.session_state.text = st.session_state.example
        st.session_state.example = None


def _about(card: ic.ModelCard) -> str:
    figures = [f"{name} {value:.1%}" for name, value in card.metrics.items()]
    size = f"{_shape(card)}, {card.parameters / 1e6:.1f} M parameters"
    return " · ".join([card.title, size, *figures])


def _shape(card: ic.ModelCard) -> str:
    layers = f"{card.layers} layer{'' if card.layers == 1 else 's'}"
    if not card.heads:  # recurrent networks
        return f"{layers}, no attention heads"
    return f"{layers} × {card.heads} head{'' if card.heads == 1 else 's'}"


def opened(name: str) -> LoadedModel:
    """The model by its name in the sidebar; its notes stand above everything that is drawn."""
    with st.spinner("Loading the model …"):
        model = cache.model(name)
    for note in model.notes:
        st.caption(message(note))
    return model

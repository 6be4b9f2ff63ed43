"""The reader's model and text: what links ask for, and what is given back afterwards."""

from __future__ import annotations

import streamlit as st

from interp_core.errors import ClearheadError
from interp_core.lessons.record import KEYS, SHARED
from interp_core.models.registry import bundled_card
from interp_core.ui import navigation
from interp_core.ui.server import cache, loading
from interp_core.ui.widgets.model_choice import DEFAULT_MODEL, is_example

# Pages that keep a model of their own while the others keep theirs: the one to begin with, and
# the tasks of those that do as well.
OWN_MODEL = {"language_models": ("language-model", ("causal-lm", "masked-lm", "encoder-decoder"))}
MODEL = ("model", "base", loading.READ_AS)
SIDE, MODELS, HELD = "clearhead_side", "clearhead_models", "clearhead_held"
CHOICES = (*SHARED, *MODEL, SIDE, MODELS, *sorted(set().union(*KEYS.values())))


def arrive(page: str) -> None:
    """Before the controls of a page: its own model, then what the link to it asks for.

    Streamlit reads an address into controls that are new to the session alone, and the model and
    the texts are not. It leaves them in the address on the way to another page, so an address that
    says no more than they did before is not a link that asks for them.
    """
    if page not in KEYS and page != navigation.START:
        return
    came = st.session_state.get(navigation.HERE) not in (None, page)
    own = KEYS.get(page, frozenset()) & set(st.query_params)
    asked = {key: st.query_params.get_all(key)[-1] for key in SHARED if key in st.query_params}
    told = bool(own) or any(st.session_state.get(key) != each for key, each in asked.items())
    _own_model(page)
    if not came:
        return
    if st.session_state.get("text") == st.session_state.get("default_text"):
        st.session_state.pop("text", None)  # an example that nobody has chosen
    if own:
        for key in KEYS[page]:
            st.session_state.pop(key, None)
    for key, each in asked.items() if told else ():
        if each != st.session_state.get(key):
            st.session_state[key] = each


def _own_model(page: str) -> None:
    side = page if page in OWN_MODEL else ""
    before = st.session_state.get(SIDE, None if navigation.HERE not in st.session_state else "")
    if side == before:
        return
    st.session_state[SIDE] = side
    kept = dict(st.session_state.get(MODELS, {}))
    if before is not None:
        kept[before] = {key: st.session_state.get(key) for key in MODEL}
        st.session_state[MODELS] = kept
    if side in kept:
        put_back(kept[side])
    elif side and not st.query_params.get("model") and not _suits(side) and _is_there():
        kept.setdefault("", {key: st.session_state.get(key) for key in MODEL})
        st.session_state[MODELS] = kept
        put_back({"model": OWN_MODEL[side][0], "base": None, loading.READ_AS: None})
    else:
        return
    # A model set here replaces the address, which Streamlit then takes for all there is to say.
    for key in ("text", "pair"):
        value = st.session_state.get(key)
        if value and not is_example(value):
            st.session_state[key] = value


def _suits(page: str) -> bool:
    """Whether the present model does for a page with a model of its own."""
    name, tasks = st.session_state.get("model") or DEFAULT_MODEL, OWN_MODEL[page][1]
    card = bundled_card(name)
    if card is not None:
        return card.task in tasks
    try:
        return cache.model(name).task in tasks
    except ClearheadError:
        return True  # the page says what is wrong with it


def _is_there() -> bool:
    """Whether the built-in language model is installed."""
    from interp_core.ui.language import question  # brings charts, for the page that needs them

    return question.why_missing() is None


def put_back(values: dict) -> None:
    """Give choices these values; None leaves one at what the page begins with."""
    for key, value in values.items():
        if value is None:
            st.session_state.pop(key, None)
        else:
            st.session_state[key] = value


def hold() -> None:
    """Note all choices, unless they are noted already."""
    if HELD not in st.session_state:
        st.session_state[HELD] = {key: st.session_state.get(key) for key in CHOICES}


def restore() -> None:
    """Give the noted choices back; for callbacks."""
    put_back(st.session_state.pop(HELD, {}))

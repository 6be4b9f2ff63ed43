"""What the language page asks of a model, and the offer of a model that can answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.inputs.tokens import TokenSequence, encode
from interp_core.models import language_model
from interp_core.models.record import LoadedModel
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets import recipe
from interp_core.ui.widgets.asked import AskedOfText
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.markdown import message
from interp_core.ui.widgets.model_choice import take
from interp_core.ui.widgets.recipe import Recipe

PLACE = "lm_place"


@st.cache_resource(show_spinner=False)
def _store() -> Shared:
    return Shared(128, 256 * 2**20, _bytes, name="language")


def _bytes(result: Any) -> int:
    if isinstance(result, ic.Generation):
        return result.maps.weights.nbytes
    return result.ids.nbytes * 4 if isinstance(result, ic.LogitLens) else 0


@dataclass(frozen=True)
class Asked(AskedOfText):
    """The model and the text of a view of language models."""

    UNIT, COUNTS = "tokens", True
    store = staticmethod(_store)


def surprisals(asked: Asked) -> Recipe | None:
    """The table of `ic.surprisal`."""
    return asked.run("Running the model", recipe.calls.surprisal(*asked.recipes))


def sequence(asked: Asked) -> TokenSequence:
    """The text's tokens."""
    return encode(asked.loaded, asked.text).sequence


def place_name(tokens: tuple[str, ...], place: int) -> str:
    """How the list of places and the address name a token."""
    return f"{place}: {tokens[place]}"


def place_choice(asked: Asked, read: TokenSequence) -> int:
    """The chosen place: from a click, from the list, from the address; else the natural one."""
    names = [place_name(read.tokens, place) for place in range(len(read))]
    keep_valid(PLACE, names)
    masked = asked.loaded.task == "masked-lm"
    chosen = st.selectbox(
        "Masked position" if masked else "Predict after token",
        names,
        index=None,
        placeholder="the mask" if masked else "the last token",
        key=PLACE,
        width=210,
        **BOUND,
    )
    return natural_place(asked, read) if chosen is None else names.index(chosen)


def natural_place(asked: Asked, read: TokenSequence) -> int:
    """The first mask, or the last token that stands in the text."""
    masks = np.flatnonzero(read.ids == asked.loaded.tokenizer.mask_token_id)
    if asked.loaded.task == "masked-lm" and len(masks):
        return int(masks[0])
    return int(np.flatnonzero(~read.special)[-1])


def pick_place(read: TokenSequence, place: int) -> None:
    """Make a clicked token the chosen one."""
    if 0 <= place < len(read):
        st.session_state[PLACE] = place_name(read.tokens, place)


FITTING = "language-model"
TASKS = ("causal-lm", "masked-lm")
WRITING = ("causal-lm", "encoder-decoder")


def fits(model: LoadedModel, tasks: tuple[str, ...] = TASKS) -> bool:
    """Whether the model predicts words; otherwise offers one that does."""
    if model.task in tasks:
        return True
    predicts = "continue a text" if TASKS[1] not in tasks else "predict words"
    st.info(
        message(
            f"`{model.name}` is not a language model (it cannot {predicts}). Choose a language "
            "model to use this page."
        ),
        icon=":material/info:",
    )
    switch("Switch to the built-in language model")
    return False


def switch(label: str) -> None:
    """The button, or how to install the model when it is missing."""
    missing = why_missing()
    if missing:
        st.markdown(message(missing))
    else:
        st.button(
            label,
            on_click=take,
            args=(FITTING,),
            icon=":material/swap_horiz:",
            type="primary",
            key="lm_use",
        )


def why_missing() -> str | None:
    """A sentence about how to add the built-in language model, or None when it is there."""
    return language_model.MODEL.why_missing()

"""A model that fits the page, with one click."""

from __future__ import annotations

from importlib.util import find_spec

import streamlit as st

import interp_core as ic
from interp_core.models import language_model
from interp_core.models.record import LoadedModel
from interp_core.ui.widgets.markdown import message, plain
from interp_core.ui.widgets.model_choice import take

FITTING = "language-model"
TASKS = ("causal-lm", "masked-lm")


def fits(model: LoadedModel, tasks: tuple[str, ...] = TASKS) -> bool:
    """Whether the model predicts words; otherwise offers one that does."""
    if model.task in tasks:
        return True
    predicts = "continue a text" if TASKS[1] not in tasks else "predict words"
    st.info(
        f"`{plain(model.name)}` is not a language model (it cannot {predicts}). Choose a "
        "language model to use this page.",
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
    if language_model.is_converted():
        return None
    try:
        language_model.WEIGHTS.find()
    except ic.ClearheadError as error:
        return str(error)
    if find_spec(language_model.READER) is None:
        return (
            f"The language model needs the package {language_model.READER}: "
            f"`{language_model.INSTALL}`."
        )
    return None

"""The texts over which two models are compared, and what reading them costs."""

from __future__ import annotations

import streamlit as st

from interp_core.ui.comparison.question import Side
from interp_core.ui.heads import corpus
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.server import costs
from interp_core.ui.widgets.recipe import Recipe

UPLOAD = "Upload a file to start. It is processed on the Clearhead server only."


def controls(choose) -> Asked | None:  # noqa: ANN001 - see `corpus.controls`
    """Which texts and how many; None while there is no file."""
    asked = corpus.controls(choose)
    if asked is None:
        st.info(UPLOAD)
    return asked


def given(asked: Asked) -> tuple[list[str], Recipe]:
    """The texts that the first model can read, and the same as part of recipes."""
    texts = corpus.texts(asked, asked.most if asked.source != "text" else 10**6)
    step = corpus.readable(asked, asked.most if asked.source != "text" else len(texts))
    return texts, step


def passes(sides: tuple[Side, Side], texts: list[str]) -> float:
    """Operations of reading the texts by both models."""
    return sum(
        costs.passes(side.model, sum(costs.tokens(side.model, text) for text in texts))
        for side in sides
    )

"""The model that a page is about, loaded once, with what has to be said of it."""

from __future__ import annotations

import streamlit as st

from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache
from interp_core.ui.widgets.markdown import message


def opened(name: str) -> LoadedModel:
    """The model by its name in the sidebar; its notes stand above everything that is drawn."""
    with st.spinner("Loading the model …"):
        model = cache.model(name)
    for note in model.notes:
        st.caption(message(note))
    return model

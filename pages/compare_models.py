"""Compare classifiers: two models on one text, and on sentences with negations."""

import streamlit as st

from interp_core.ui import errors, navigation
from interp_core.ui.comparison import DRAW, VIEWS, question
from interp_core.ui.widgets import downloads, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
st.title("Compare models")
st.markdown(
    "Compare two text classifiers: predictions, attributions, sensitivity to each position, "
    "and handling of negation."
)

with errors.shown():
    choice = sidebar.choice()
    model = opened(choice.model)
    both = question.choose(choice.model, model)
    drawn = None
    if both is not None:
        view = view_of(VIEWS, key="versus")
        drawn = DRAW[view](both, choice.text)
    st.markdown(
        "**How to read this.** A recurrent network carries what it read step by step; attention "
        "reaches every word at once. See whether the figures bear that out here, on this text, "
        "before you believe it in general."
    )
    if drawn is not None:
        downloads.below(drawn, "comparison")

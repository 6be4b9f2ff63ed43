"""Compare classifiers: two models on one text, and on sentences with negations."""

import streamlit as st

from interp_core.ui import downloads, errors, routing, sidebar
from interp_core.ui.choices import view_of
from interp_core.ui.opened import opened
from interp_core.ui.versus import DRAW, VIEWS, sides

routing.guard()
st.title("Compare classifiers")
st.markdown("Do two models answer alike, for the same reasons, and how far back do they remember?")

with errors.shown():
    choice = sidebar.choice()
    model = opened(choice.model)
    both = sides.choose(choice.model, model)
    drawn = None
    if both is not None:
        view = view_of(VIEWS, key="versus")
        drawn = DRAW[view](both, choice.text)
    st.markdown(
        "**What to look for.** A recurrent network carries what it read step by step; attention "
        "reaches every word at once. See whether the figures bear that out here, on this text, "
        "before you believe it in general."
    )
    if drawn is not None:
        downloads.below(drawn.chart, drawn.table, "comparison", drawn.script)

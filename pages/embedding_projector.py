"""Embedding projector: where words and texts live, layer by layer."""

import streamlit as st

from interp_core.ui import errors, routing, sidebar
from interp_core.ui.choices import view_of
from interp_core.ui.opened import opened
from interp_core.ui.projector import VIEWS, downloads, which_points

routing.guard()
st.title("Embedding projector")
st.markdown(
    "Which words or texts does the model hold close, what is out of place, and how far may you "
    "trust the picture?"
)

with errors.shown():
    choice = sidebar.choice()
    model = opened(choice.model)
    view = view_of({name: page.title for name, page in VIEWS.items()}, key="look")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    points = which_points.choose(model, choice, row, depth=VIEWS[view].one_layer)
    drawn = VIEWS[view].draw(points, model, row) if points else None
    st.markdown(f"**What to look for.** {VIEWS[view].look_for}")
    if drawn is not None:
        downloads.show(drawn, view)

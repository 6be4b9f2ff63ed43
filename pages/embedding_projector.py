"""Embedding projector: where words and texts live, layer by layer."""

import streamlit as st

from interp_core.ui import cache, errors, routing, sidebar
from interp_core.ui.attributions.asked import BOUND
from interp_core.ui.projector import ALL_LAYERS, DRAW, VIEWS, controls, downloads

routing.guard()
st.title("Embedding projector")
st.markdown(
    "Which words or texts does the model hold close, what is out of place, and how far may you "
    "trust the picture?"
)

with errors.shown():
    choice = sidebar.choice()
    with st.spinner("Loading the model …"):
        model = cache.model(choice.model)
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.get,
        default="picture",
        required=True,
        key="look",
        label_visibility="collapsed",
        **BOUND,
    )
    row = st.container(horizontal=True, vertical_alignment="bottom")
    points = controls.points(model, choice, row, depth=view not in ALL_LAYERS)
    drawn = DRAW[view](points, model, row) if points else None
    st.markdown(
        "**What to look for.** Do points that belong together lie together? Which lie among "
        "strangers? A picture of hundreds of dimensions on a plane must tear some neighbours "
        "apart: believe the table of true neighbours before the picture."
    )
    if drawn is not None:
        downloads.show(drawn, view)

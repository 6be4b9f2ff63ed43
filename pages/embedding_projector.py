"""Embedding projector: where words and texts live, layer by layer."""

import streamlit as st

from interp_core.ui import errors, navigation
from interp_core.ui.embedding import VIEWS, downloads, point_choice
from interp_core.ui.widgets import sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
st.title("Embedding projector")
st.markdown(
    "How the model arranges words and texts: neighbours, clusters, outliers and label errors, "
    "and how faithful the projection is."
)

with errors.shown():
    choice = sidebar.choice()
    model = opened(choice.model)
    view = view_of({name: page.title for name, page in VIEWS.items()}, key="look")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    points = point_choice.choose(model, choice, row, depth=VIEWS[view].one_layer)
    drawn = VIEWS[view].draw(points, model, row) if points else None
    st.markdown(f"**How to read this.** {VIEWS[view].look_for}")
    if drawn is not None:
        downloads.show(drawn, view)

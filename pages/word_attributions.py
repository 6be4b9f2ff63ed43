"""Word attributions: which words made the decision, and can the answer be trusted?"""

import streamlit as st

from interp_core.ui import errors, pictures, routing, sidebar
from interp_core.ui.attributions import DRAW, VIEWS, downloads, notes
from interp_core.ui.attributions.asked import controls
from interp_core.ui.choices import view_of
from interp_core.ui.downloads import section
from interp_core.ui.opened import opened

routing.guard()
st.title("Word attributions")
st.markdown("Which words made the decision, and how far should you believe it?")

with errors.shown():
    choice = sidebar.choice()
    model = opened(choice.model)
    if pictures.reads_pictures(model):
        pictures.attributions.draw(model, choice)
        st.stop()
    view = view_of(VIEWS, key="show")
    asked = controls(model, choice)
    drawn = DRAW[view](asked, model)

    st.markdown(
        "**What to look for.** Do the words you would name carry the weight? Does a negation "
        "count? Do filler words? An explanation says what moved this model's output against this "
        "baseline, not what is true of the text."
    )
    section("About the methods", ":material/menu_book:", lambda: notes.draw(model))
    if drawn is not None:
        downloads.show(drawn, view)

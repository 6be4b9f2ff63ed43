"""The start page: a text, the prediction, why; and where to go on."""

import streamlit as st

from interp_core.ui import errors, navigation, start
from interp_core.ui.images.question import reads_pictures
from interp_core.ui.widgets import sidebar
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
st.title("Clearhead")
st.markdown(
    "See which words, attention heads and layers drive a transformer's prediction, and how "
    "reliable the explanation is."
)

look, steps = st.container(), st.empty()
images = start.first.known_to_read_images(sidebar.model())
start.cards.show(steps, images)
start.cards.models()

with look, errors.shown():
    model = opened(sidebar.model())
    if reads_pictures(model) != images:
        start.cards.show(steps, not images)
    start.first.draw(model, sidebar.choice(model, here=True))

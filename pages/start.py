"""The start page: a text, the prediction, why; and where to go on."""

import streamlit as st

from interp_core.ui import errors, navigation, start
from interp_core.ui.widgets import sidebar
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
st.title("Clearhead")
st.markdown(
    "See which words, attention heads and layers drive a transformer's prediction, and how "
    "reliable the explanation is."
)

look = st.container()
start.cards.show()
start.cards.models()

with errors.shown(), look:
    model = opened(sidebar.model())
    start.first.draw(model, sidebar.choice(model, here=True))

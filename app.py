"""Clearhead: see inside a transformer. Start with `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from interp_core.ui import routing, sidebar

st.set_page_config(
    page_title="Clearhead", page_icon=Path(routing.__file__).parent / "icon.png", layout="wide"
)
page = st.navigation(routing.pages())
sidebar.show()
st.session_state.routed = True
page.run()

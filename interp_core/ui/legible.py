"""The few rules that make Streamlit's own text legible for everybody."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

RULES = Path(__file__).with_name("legible.css")


def show() -> None:
    """Put the rules on the page; they take no room."""
    st.html(RULES)

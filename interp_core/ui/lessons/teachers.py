"""The page for teachers: our own Markdown, which may use all of it."""

from __future__ import annotations

import streamlit as st

from interp_core.analysis.lessons import EMBEDDED


def show() -> None:
    """How to run a workshop and how to write a lesson."""
    with st.container(width=820):
        st.markdown((EMBEDDED / "teachers.md").read_text(encoding="utf-8"))

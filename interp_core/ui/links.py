"""Addresses that come from elsewhere, made harmless before any control reads them."""

from __future__ import annotations

import math

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

# Parameters that hold words: "Infinity" is one.
WORDS = {
    "text", "pair", "base",
    "text_b", "edited", "becomes", "many", "labels", "word", "instead", "find",
    "containing",
}  # fmt: skip


def clean() -> None:
    """Drop numbers without end: Streamlit's number fields raise an error for them."""
    given = st.query_params
    endless = [name for name in given if any(map(_endless, given.get_all(name)))]
    endless = [name for name in endless if name not in WORDS]
    for name in endless:
        del given[name]
    context = get_script_run_ctx()
    if endless and context is not None:  # what controls begin with was noted before
        with context.session_state.query_params() as parameters:
            parameters.set_initial_query_params_from_current()


def _endless(value: str) -> bool:
    try:
        return math.isinf(float(value))
    except ValueError:
        return False

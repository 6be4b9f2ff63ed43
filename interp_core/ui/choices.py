"""Choices that live in the address, and outlive what they were chosen from."""

from __future__ import annotations

import streamlit as st

BOUND = {"bind": "query-params", "persist_state": "session"}  # the choice lives in the address


def keep_valid(key: str, options: list) -> None:
    """Forget a choice that the present model or text does not offer."""
    value = st.session_state.get(key)
    values = value if isinstance(value, list) else [value]
    if value is not None and any(each not in options for each in values):
        kept = [each for each in values if each in options]
        if isinstance(value, list) and kept:
            st.session_state[key] = kept
        else:
            del st.session_state[key]

"""Choices that live in the address, and outlive what they were chosen from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from interp_core.ui.widgets import layout

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


def follow(key: str, default: Any, *, shown: bool = False) -> None:
    """Let an untouched choice follow a default that depends on the model or the text.

    The address leaves out what is at its default. So a choice that was at the default of another
    model or text is let go, or the address opened anew would show something else. With `shown` the
    new default is set: buttons and lists of choices go on showing in the browser what is let go.
    """
    last = st.session_state.get(f"default_{key}", default)
    if last != default and key not in st.query_params and st.session_state.get(key) == last:
        if shown:
            st.session_state[key] = default
        else:
            del st.session_state[key]
    st.session_state[f"default_{key}"] = default


def to_address(key: str, value: str) -> None:
    """Say in the address what it means, before the control that it is for has been drawn."""
    st.query_params[key] = value
    context = get_script_run_ctx()
    if context is not None:  # what controls begin with was noted before
        with context.session_state.query_params() as parameters:
            parameters.set_initial_query_params_from_current()


def one_of(title: str, options: Mapping | Sequence, *, key: str, **more: Any) -> Any:
    """Buttons of which one is always pressed, at the start the first.

    A mapping gives what is chosen and how it is called. The address names it as it is called; what
    is chosen is understood there as well, as it stays when names change.
    """
    if isinstance(options, Mapping):
        if key not in st.session_state and (given := st.query_params.get(key)) in options:
            to_address(key, options[given])
        more.setdefault("format_func", options.get)
    choices = list(options)
    more.setdefault("default", choices[0])
    return st.segmented_control(title, choices, required=True, key=key, **BOUND, **more)


def list_of(title: str, options: Mapping, *, key: str, **more: Any) -> Any:
    """The same as a list, for more choices than a row has room for."""
    if key not in st.session_state and (given := st.query_params.get(key)) in options:
        to_address(key, options[given])
    keep_valid(key, list(options))
    return st.selectbox(title, list(options), format_func=options.get, key=key, **BOUND, **more)


def view_of(views: Mapping[str, str], *, key: str) -> str:
    """Which view of a page to draw, chosen beside its title."""
    with layout.beside_title():
        return one_of("View", views, key=key, label_visibility="collapsed")

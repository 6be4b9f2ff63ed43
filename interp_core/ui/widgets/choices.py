"""Choices that live in the address, and outlive what they were chosen from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from interp_core.ui.widgets import layout

BOUND = {"bind": "query-params", "persist_state": "session"}  # the choice lives in the address


def keep_valid(key: str, options: Collection) -> None:
    """Let go of a choice that the present model or text does not offer.

    A control goes back from what it does not offer to its default, and tells the browser; a choice
    that was only taken out of the session would go on being shown there.
    """
    value = st.session_state.get(key)
    default = st.session_state.get(f"default_{key}")  # of `follow`
    if isinstance(value, list):
        kept = [each for each in value if each in options]
        if len(kept) < len(value):
            st.session_state[key] = kept or list(default or [])
    elif value is None or value in options:
        return
    elif default in options:
        st.session_state[key] = default
    elif not options:
        del st.session_state[key]


def follow(key: str, default: Any, *, drawn: bool = True) -> None:
    """Let an untouched choice follow a default that depends on the model or the text.

    The address leaves out what is at its default. So a choice that was at the default of another
    model or text takes the new one, or the address opened anew would show something else. It is
    set, as the browser goes on showing what is only let go; where the control may not be `drawn`,
    it is let go, as the session would keep it for a choice of the reader's.
    """
    last = st.session_state.get(f"default_{key}", default)
    if last != default and key not in st.query_params and st.session_state.get(key) == last:
        if drawn:
            st.session_state[key] = default
        else:
            del st.session_state[key]
    st.session_state[f"default_{key}"] = default


def within(key: str, last: int, default: int) -> None:
    """Keep the choice of a slider from 0 to `last`, which depends on the model or the text.

    A slider of another range is a new one to the browser, at its default until it is told more.
    """
    follow(key, default)
    value, before = st.session_state.get(key), st.session_state.get(f"last_{key}", last)
    if value is not None and (value > last or before != last):
        st.session_state[key] = value if value <= last else default
    st.session_state[f"last_{key}"] = last


def made_for(key: str, what: Any, default: Any = None) -> None:
    """Let go of a choice that was made for something else than `what`, such as another file.

    The same number means something else there. What a link or the history asks for stays: a link's
    choice is not in the session before its control is drawn, and Streamlit lets the history win.
    """
    kept = f"{key}_for"
    if key in st.session_state and st.session_state.get(kept, what) != what:
        st.session_state[key] = default
    st.session_state[kept] = what


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

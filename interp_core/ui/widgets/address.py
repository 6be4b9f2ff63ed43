"""What the address says of the controls of a page. The browser writes most of it, this the rest.

A control that is bound to the address writes its value there in the browser. Streamlit's browser
stops doing so for a control that has moved to another container of the page within one run: it is
drawn at the new place before it is taken away from the old one, which ends the bond of both. A
value that a callback sets before its control is first drawn does not reach the address either.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.query_params import is_empty_url_value, parse_url_param

TOLD = "clearhead_told"  # the session's key for the page and the values of its controls


def complete(page: str) -> None:
    """Once the page has run: put into the address what was chosen since its last run.

    That is what would open with another value than its control has. What a page begins with by
    itself is left alone, and so is what the reader went back to.
    """
    context = get_script_run_ctx()
    if context is None:
        return
    state = context.session_state._state
    address, said = state.query_params, parse_qs(context.query_string, keep_blank_values=True)
    last_page, before = st.session_state.get(TOLD, (None, {}))
    arrived = last_page != page or context.is_history_navigation
    known = {} if last_page != page else dict(before)
    for widget in context.shared.widget_ids_this_run.snapshot():
        bound, control = address.get_binding_for_widget(widget), state.get_widget_metadata(widget)
        if bound is None or control is None:
            continue
        key, value = bound.param_key, state.get_widget_value(widget)
        default = control.deserializer(None)
        last, known[key] = known.get(key, (default, default)), (value, default)
        if arrived or (value, default) == last:
            continue
        let_go = key in said and value == default != last[0]
        if _opens_as(control, said.get(key)) == value and not let_go:
            continue
        if value == default:
            address.set_with_no_forward_msg(key, "")
            address.remove_param(key)
        else:
            address.set_corrected_value(key, control.serializer(value), bound.value_type)
    st.session_state[TOLD] = (page, known)


def _opens_as(control: Any, said: list[str] | None) -> Any:
    """The value with which a control begins where the address says this."""
    default = control.deserializer(None)
    if said is None or (is_empty_url_value(said) and not control.clearable):
        return default
    try:
        given = parse_url_param(said, control.value_type)
        offered = control.formatted_options
        if offered is not None and isinstance(given, list):
            given = [each for each in given if each in offered] or None
        elif offered is not None and isinstance(given, str) and given not in offered:
            given = None
        return control.deserializer(given)
    except (ValueError, TypeError, IndexError):
        return default

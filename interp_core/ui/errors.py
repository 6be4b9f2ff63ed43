"""Every error becomes a sentence; no traceback reaches a user."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from interp_core.errors import ClearheadError, UnsupportedModel
from interp_core.ui.plain import message

log = logging.getLogger("clearhead")


@contextmanager
def shown(instead: str = "sentiment") -> Iterator[None]:
    """Show what goes wrong inside as a message, and stop the page there.

    When the model does not suit the page, `instead` is offered with one click.
    The server's log gets the kind of an unexpected error and where it arose, never its message,
    which may quote a user's text.
    """
    try:
        yield
    except ClearheadError as error:
        st.error(message(str(error)), icon=":material/info:")
        if isinstance(error, UnsupportedModel) and st.session_state.get("model") != instead:
            st.button(f"Use `{instead}` instead", on_click=_use, args=(instead,))
        st.stop()
    except Exception as error:
        code = secrets.token_hex(3)
        log.error("error %s: %s at %s", code, type(error).__name__, _place(error))
        st.error(
            f"Something went wrong that should not. The server's log has more under `{code}`.",
            icon=":material/bug_report:",
        )
        st.stop()


def _use(name: str) -> None:
    st.session_state["model"] = name


def _place(error: Exception) -> str:
    steps, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        steps.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(steps[-8:])

"""Every error becomes a sentence; no traceback reaches a user."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from interp_core.errors import ClearheadError
from interp_core.ui.plain import message

log = logging.getLogger("clearhead")


@contextmanager
def shown() -> Iterator[None]:
    """Show what goes wrong inside as a message, and stop the page there.

    The server's log gets the kind of an unexpected error and where it arose, never its message,
    which may quote a user's text.
    """
    try:
        yield
    except ClearheadError as error:
        st.error(message(str(error)), icon=":material/info:")
        st.stop()
    except Exception as error:
        code = secrets.token_hex(3)
        log.error("error %s: %s at %s", code, type(error).__name__, _place(error))
        st.error(
            f"Something went wrong that should not. The server's log has more under `{code}`.",
            icon=":material/bug_report:",
        )
        st.stop()


def _place(error: Exception) -> str:
    steps, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        steps.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(steps[-8:])

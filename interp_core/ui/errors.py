"""Every error becomes a sentence; no traceback reaches a user."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from interp_core.errors import ClearheadError, MissingBase, NothingFound, UnsupportedModel
from interp_core.models.registry import bundled_models
from interp_core.ui.server import loading, logs
from interp_core.ui.server.limits import ModelClosed
from interp_core.ui.server.logs import place
from interp_core.ui.widgets import model_choice, sidebar
from interp_core.ui.widgets.markdown import message

TELLING = (UnsupportedModel, ModelClosed)  # another model may help


def _named(sentence: str) -> str | None:
    """The built-in model that a sentence says to choose."""
    found = re.search(r"Choose `([\w-]+)`", sentence)
    known = {card.name for card in bundled_models()}
    return found[1] if found and found[1] in known else None


@contextmanager
def shown(instead: str = "sentiment") -> Iterator[None]:
    """Show what goes wrong inside as a message, and stop the page there.

    When the model does not suit the page, another is offered with one click: the built-in one that
    the sentence names, else `instead`.
    The server's log gets the kind of an unexpected error and where it arose, never its message,
    which may quote a user's text.
    """
    try:
        yield
    except ClearheadError as error:
        logs.wrong("refused", type(error).__name__)
        if isinstance(error, MissingBase) and loading.came_late():
            st.rerun()  # the adapter was fetched after the sidebar was drawn, without the field
        # A page that does not suit a model that loads is no failure.
        expected = isinstance(error, UnsupportedModel) and sidebar.is_open()
        expected = expected or isinstance(error, NothingFound)
        tell = st.info if expected else st.error
        tell(message(str(error)), icon=":material/info:")
        better = _named(str(error)) or instead
        if isinstance(error, TELLING) and st.session_state.get("model") != better:
            model_choice.instead(better)
        st.stop()
    except Exception as error:
        code = secrets.token_hex(3)
        logs.wrong("error", type(error).__name__, code=code, place=place(error))
        st.error(
            f"Unexpected error. Try again; if it happens again, report the code `{code}` "
            "(details are in the server log).",
            icon=":material/bug_report:",
        )
        st.stop()

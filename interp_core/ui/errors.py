"""Every error becomes a sentence; no traceback reaches a user."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NoReturn

import streamlit as st

from interp_core.errors import (
    ClearheadError,
    EmptyText,
    MissingBase,
    NothingFound,
    UnsupportedModel,
)
from interp_core.models.registry import bundled_models
from interp_core.ui.server import loading, logs
from interp_core.ui.server.limits import ModelClosed
from interp_core.ui.server.logs import place
from interp_core.ui.widgets import model_choice, sidebar
from interp_core.ui.widgets.markdown import message

TELLING = (UnsupportedModel, ModelClosed)  # another model may help
ANSWERS = (EmptyText, NothingFound)  # no failures
_ON_PAGE: ContextVar[bool] = ContextVar("on_page", default=False)


class _Ended(BaseException):
    """The page has nothing more to draw."""


@contextmanager
def page() -> Iterator[None]:
    """A page runs inside; where it calls `stop`, what stands around it is drawn nevertheless."""
    token = _ON_PAGE.set(True)
    try:
        yield
    except _Ended:
        pass
    finally:
        _ON_PAGE.reset(token)


def stop() -> NoReturn:
    """End the page here. `st.stop` would end the app's run: the link to the view would be missing,
    and neither the address nor the report would be kept."""
    if _ON_PAGE.get():
        raise _Ended
    st.stop()


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
        expected = expected or isinstance(error, ANSWERS)
        tell = st.info if expected else st.error
        tell(message(str(error)), icon=":material/info:")
        better = _named(str(error)) or instead
        if isinstance(error, TELLING) and st.session_state.get("model") != better:
            model_choice.instead(better)
        if isinstance(error, EmptyText):
            sidebar.offer_example()
        stop()
    except Exception as error:
        code = secrets.token_hex(3)
        logs.wrong("error", type(error).__name__, code=code, place=place(error))
        st.error(
            f"Unexpected error. Try again; if it happens again, report the code `{code}` "
            "(details are in the server log).",
            icon=":material/bug_report:",
        )
        stop()

"""How all pages are laid out: title and views in one line, the controls in one row, and beside each
picture a quiet row of what belongs to it. The rules for it stand in `server/layout.css`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

import streamlit as st

READ = "How to read this"
LETTER, AROUND, WIDEST = 7, 54, 430  # px of a letter, of what stands beside a name, of a list
# Places on the page that is being drawn: the line of the title, the row of controls, what opens
# behind "Options", and the row beside the main picture.
_PLACES: ContextVar[dict[str, Any] | None] = ContextVar("places", default=None)


def _places() -> dict[str, Any]:
    places = _PLACES.get()
    if places is None:
        _PLACES.set(places := {})
    return places


def head(title: str, tagline: str) -> None:
    """Begin a page: its title, with room for its views in the same line."""
    row = st.container(key="page_head", horizontal=True, vertical_alignment="center")
    row.title(title, anchor=False, help=tagline, width="content")
    _PLACES.set({"head": row})


def beside_title() -> AbstractContextManager:
    """Where the views of the page are chosen."""
    return _places().get("head") or nullcontext()


def controls() -> Any:
    """The one row of controls, of the page and its view; what is rarely used is in `options`."""
    places = _places()
    if "controls" not in places:
        with st.container(key="controls", horizontal=True, vertical_alignment="bottom"):
            places["controls"] = st.container(
                horizontal=True, vertical_alignment="bottom", width="content"
            )
            places["end"] = st.container(width="content")
    return places["controls"]


def room(names: Iterable[str], least: int) -> int:
    """The px of a list in which its longest name can be read, within reason."""
    return min(WIDEST, max(least, AROUND + LETTER * max(map(len, names), default=0)))


def options() -> Any:
    """What opens behind "Options", at the end of the row of controls."""
    places = _places()
    if "options" not in places:
        controls()
        with places["end"]:
            places["options"] = st.popover("Options", icon=":material/tune:", key="options")
    return places["options"]


def beside(title: str, *, main: bool) -> AbstractContextManager:
    """The quiet row beside the picture `title`; the page's `main` one has room for its foot."""
    row, places = _row(title), _places()
    if main and "main" not in places:
        places["main"] = row.container(horizontal=True, width="content", gap=None)
    elif "first" not in places:
        places["first"] = row.container(horizontal=True, width="content", gap=None)
    return row


def has_table() -> bool:
    """Whether the row that `beside_main` gives holds a picture's own table."""
    return "main" not in _places() and "first" in _places()


def beside_main() -> AbstractContextManager:
    """The row beside the main picture: the first one where none is said to be, or the page's
    foot where there is none at all."""
    places = _places()
    if place := places.get("main") or places.get("first"):
        return place
    places["main"] = _row("foot")
    return places["main"]


def _row(name: str) -> Any:
    return st.container(
        key=f"beside_{name}", horizontal=True, horizontal_alignment="right", gap=None
    )


def how_to_read(text: str) -> None:
    """What to look for in the main picture, beside it."""
    with beside_main(), st.popover(READ, icon=":material/help:", type="tertiary", help=READ):
        st.markdown(text)

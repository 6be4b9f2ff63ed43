"""The report of this session, and the views that were looked at. Nobody else's session sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import streamlit as st

from interp_core.report.record import Report
from interp_core.ui.server import limits

KEY, VIEWS = "clearhead_report", "clearhead_views"
# Of pictures and tables: a third more when saved, and 50 MB can be uploaded to open it again.
MOST_BYTES = 33 * 2**20
MOST_FIGURES = 60


def report() -> Report:
    """The report as it is now."""
    return st.session_state.get(KEY) or Report()


def keep(new: Report) -> None:
    """Put another report in its place."""
    st.session_state[KEY] = new


def room() -> int:
    """How many bytes a report may hold: what can be opened again when it was saved."""
    most = limits.limits()
    return MOST_BYTES if most is None else most.upload_bytes * 2 // 3


def views() -> dict[str, str]:
    """The query string of the view last seen on each page, by the name of the page's file."""
    return dict(st.session_state.get(VIEWS, {}))


@contextmanager
def remembered(page: str) -> Iterator[None]:
    """Note what the address of this page says at the end of its run, however it ends."""
    try:
        yield
    finally:
        st.session_state.setdefault(VIEWS, {})[page] = query()


def query() -> str:
    """The query string of the present page."""
    return urlencode(
        [(key, each) for key in st.query_params for each in st.query_params.get_all(key)]
    )

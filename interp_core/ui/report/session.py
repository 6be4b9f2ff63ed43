"""The report of this session, and the views that were looked at. Nobody else's session sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import streamlit as st

from interp_core.report.record import Report
from interp_core.report.saved import Session
from interp_core.ui.report import kept
from interp_core.ui.server import limits
from interp_core.ui.widgets.markdown import counted

KEY, VIEWS = "clearhead_report", "clearhead_views"
# Of pictures and tables: a third more when saved, and 50 MB can be uploaded to open it again.
MOST_BYTES = 33 * 2**20
MOST_FIGURES = 60


def report() -> Report:
    """The report as it is now."""
    return st.session_state.get(KEY) or Report()


def keep(new: Report) -> None:
    """Put another report in its place; a copy outlives a reload of the tab."""
    st.session_state[KEY] = new
    kept.note(Session(new, views()))


def offer() -> None:
    """In the sidebar of every page: the report that this browser had before."""
    if report().figures:
        return
    before = kept.offered()
    if before is None or not before.report.figures:
        return
    count = len(before.report.figures)
    with st.sidebar.container(border=True, gap="xsmall"):
        st.caption(
            f"Your report of {counted(count, 'chart')} was kept when the tab was "
            "closed or reloaded."
        )
        with st.container(horizontal=True):
            st.button("Open it", key="kept_open", type="primary", on_click=_take)
            st.button("Delete it", key="kept_delete", on_click=kept.discard)


def resume() -> None:
    """Go on with the report that this browser had before, unless there is another one by now.

    Whoever adds a chart after a reload adds it to that report, and loses none of it.
    """
    before = None if report().figures else kept.offered()
    if before is not None and before.report.figures:
        _take()


def _take() -> None:
    before = kept.take()
    keep(before.report)
    st.session_state.setdefault(VIEWS, {}).update(before.views)


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

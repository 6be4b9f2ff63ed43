"""The report as a file: a page, a notebook, or a session, saved and opened again."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.lessons.record import FRONT, KEYS, SHARED
from interp_core.report.document import document
from interp_core.report.notebook import notebook
from interp_core.report.record import Report, now
from interp_core.report.saved import Session, load, parameters, save
from interp_core.ui.navigation import PAGES
from interp_core.ui.report import kept
from interp_core.ui.report import session as report_session
from interp_core.ui.widgets import downloads, uploads


def show(report: Report) -> None:
    """The three downloads and what each is good for."""
    trusted = False
    if any(figure.opened for figure in report.figures):
        trusted = st.checkbox(
            "I have reviewed the code in the opened file. Include it as runnable cells in the "
            "notebook.",
            key="report_trusted",
        )
    downloads.buttons(
        {
            "Report (HTML)": ("report.html", "text/html", lambda: _page(report)),
            "Notebook": (
                "report.ipynb",
                "application/x-ipynb+json",
                lambda: notebook(report, now(), trusted=trusted).encode(),
            ),
            "Session (JSON)": session(),
        },
        key="report",
    )
    st.caption(
        "HTML: charts, data and notes in one file, works offline. Notebook: recomputes every "
        "table and compares it with the recorded values. Session: continue later. "
        + (
            f"After a reload this server offers your report again for {kept.DAYS} days, to this "
            "browser only."
            if kept.is_on()
            else "The report is kept in this browser tab only and is lost when you reload or close "
            "it."
        )
    )


def session() -> downloads.Offer:
    """The offer of this session as a file.

    What it holds is looked up now: a download is made where no session is at hand.
    """
    now = Session(report_session.report(), report_session.views())
    return "session.json", "application/json", lambda: save(now)


def _page(report: Report) -> bytes:
    return document(report, downloads.csv, now()).encode()


OPENED = "clearhead_opened"  # how many files this session has opened


def sessions() -> None:
    """The sections under the report."""
    st.header("Sessions")
    st.caption(
        "A session file contains the report and the last view of each page. Code in a session "
        "file from someone else is never run automatically."
    )
    if not report_session.report().figures:
        downloads.buttons({"Session (JSON)": session()}, key="session")
    # Another name makes a fresh field, without the file that was opened.
    field = f"session_file_{st.session_state.get(OPENED, 0)}"
    given = uploads.uploader("Open a saved session", ["json"], key=field)
    if given is not None:
        _offer(load(given.getvalue()))
    _views(report_session.views())


def _offer(session: Session) -> None:
    """What the file holds, before it takes the place of anything."""
    count, views = len(session.report.figures), _known(session.views)
    st.text(f"“{session.report.title}”. Charts: {count}. Views: {len(views)}.")
    if session.report.bytes > report_session.room():
        raise ic.BadInput("The report in this file is too large for this server.")
    mine = len(report_session.report().figures)
    label = "Open it" if not mine else f"Replace the {mine} charts above"
    st.button(label, key="open_session", type="primary", on_click=_take, args=(session,))


def _take(session: Session) -> None:
    report_session.keep(session.report)
    st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1
    st.session_state[report_session.VIEWS] = _known(session.views)


def _known(views: dict[str, str]) -> dict[str, str]:
    """Views of pages that there are."""
    return {page: query for page, query in views.items() if page in KEYS}


def _views(views: dict[str, str]) -> None:
    """A link to the view last seen on each page."""
    seen = [(page, title) for page, title in PAGES if page in KEYS and page in views]
    if seen:
        st.markdown("**Last view of each page**")
    with st.container(horizontal=True):
        for page, title in seen:
            link(f"{page}?{views[page]}", title, page)


def link(address: str, label: str, key: str) -> None:
    """A link to a view; nothing where the address names no page or choice of the app."""
    place, _, query = address.partition("?")
    page = place.strip("/") or FRONT
    if page not in KEYS:
        return
    known = KEYS[page] | set(SHARED)
    chosen: dict[str, str | list[str]] = {}
    for name, value in parameters(query):
        if name in known:
            before = chosen.get(name)
            chosen[name] = value if before is None else [*_several(before), value]
    with st.container(key=f"link_{key}", width="content"):
        st.page_link(f"pages/{page}.py", label=label, query_params=chosen)


def _several(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]

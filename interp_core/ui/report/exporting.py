"""Handing a report on: a page, a notebook, or the session to go on from."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from interp_core.report.document import document
from interp_core.report.notebook import notebook
from interp_core.report.record import Report
from interp_core.report.saved import Session, save
from interp_core.ui.report import session as report_session
from interp_core.ui.widgets import downloads


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
                lambda: notebook(report, _now(), trusted=trusted).encode(),
            ),
            "Session (JSON)": session(),
        },
        key="report",
    )
    st.caption(
        "HTML: charts, data and notes in one file, works offline. Notebook: recomputes every "
        "table and compares it with the recorded values. Session: continue later. The report "
        "is kept in this browser tab only and is lost when you reload or close it."
    )


def session() -> downloads.Offer:
    """The offer of this session as a file.

    What it holds is looked up now: a download is made where no session is at hand.
    """
    now = Session(report_session.report(), report_session.views())
    return "session.json", "application/json", lambda: save(now)


def _page(report: Report) -> bytes:
    return document(report, downloads.csv, _now()).encode()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")

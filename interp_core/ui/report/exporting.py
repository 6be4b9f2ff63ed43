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
            "I have read the scripts that came with the opened file: let the notebook run them",
            key="report_trusted",
        )
    downloads.buttons(
        {
            "Page (HTML)": ("report.html", "text/html", lambda: _page(report)),
            "Notebook": (
                "report.ipynb",
                "application/x-ipynb+json",
                lambda: notebook(report, _now(), trusted=trusted).encode(),
            ),
            "Session": session(),
        },
        key="report",
    )
    st.caption(
        "The page opens without a network and holds pictures, numbers and notes. The notebook "
        "computes every table again and compares. The session is for going on later: the report "
        "lives in this browser tab only, and is gone when you reload or close it."
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

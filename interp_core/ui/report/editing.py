"""The report's title, and its figures: order, titles, notes."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from interp_core.report.document import about, data_url
from interp_core.report.record import Figure, Report
from interp_core.ui.report import exporting, session

MOST_NOTE, MOST_TITLE = 5_000, 200


def title() -> None:
    """The field for the report's title."""

    def keep() -> None:
        typed = st.session_state["report_title"].strip()[:MOST_TITLE]
        session.keep(replace(session.report(), title=typed or Report().title))

    st.text_input(
        "Title", session.report().title, key="report_title", max_chars=MOST_TITLE, on_change=keep
    )


def figures(report: Report) -> None:
    """Every figure in a frame with its controls."""
    for place, figure in enumerate(report.figures):
        named = f"{place}_{figure.made}_{abs(hash(figure.script)) % 10**8}"
        with st.container(border=True):
            _title(place, figure, named)
            st.html(picture(figure))
            _note(place, figure, named)
            _controls(place, figure, named, len(report.figures))
            _details(figure, named)


def picture(figure: Figure) -> str:
    """The picture as HTML. An image element: scripts of a drawing from a file do not run in it."""
    alt = escape(figure.alt, quote=True)
    style = "max-width:100%;max-height:32rem;background:#fff;border-radius:4px"
    return f'<img style="{style}" alt="{alt}" src="{data_url(figure.picture, figure.kind)}">'


def _title(place: int, figure: Figure, named: str) -> None:
    st.text_input(
        f"Chart {place + 1}: title",
        figure.title,
        key=f"title_{named}",
        max_chars=MOST_TITLE,
        on_change=_changed,
        args=(place, "title", f"title_{named}"),
    )


def _controls(place: int, figure: Figure, named: str, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        _button("Up", "arrow_upward", named, place == 0, place, -1)
        _button("Down", "arrow_downward", named, place == count - 1, place, 1)
        st.button(
            "Remove",
            key=f"out_{named}",
            type="tertiary",
            icon=":material/delete:",
            on_click=lambda: session.keep(session.report().without(place)),
        )
        exporting.link(figure.link, "Open in app", f"view_{named}")


def _button(label: str, icon: str, named: str, off: bool, place: int, by: int) -> None:
    st.button(
        label,
        key=f"{label}_{named}",
        type="tertiary",
        icon=f":material/{icon}:",
        disabled=off,
        on_click=lambda: session.keep(session.report().moved(place, by)),
    )


def _note(place: int, figure: Figure, named: str) -> None:
    key = f"note_{named}"
    st.text_area(
        f"Chart {place + 1}: notes",
        figure.note,
        key=key,
        height=80,
        max_chars=MOST_NOTE,
        placeholder="What does this chart show, and what do you conclude?",
        on_change=_changed,
        args=(place, "note", key),
    )


def _details(figure: Figure, named: str) -> None:
    box = st.expander(
        "Details, data and code",
        icon=":material/fact_check:",
        on_change="rerun",
        key=f"about_{named}",
    )
    if box.open:
        with box:
            if figure.opened:
                st.warning("From an opened file. Clearhead did not compute or check this content.")
            for name, value in about(figure):
                st.text(f"{name}: {value}")
            st.dataframe(figure.numbers, hide_index=True, height=280)
            st.code(figure.script, language="python")


def _changed(place: int, part: str, key: str) -> None:
    most = MOST_TITLE if part == "title" else MOST_NOTE
    typed = st.session_state[key][:most]
    if typed.strip() or part == "note":
        session.keep(session.report().changed(place, **{part: typed}))

"""Downloads: the picture, the numbers, and a script that computes them again."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.report.spreadsheet import csv as csv
from interp_core.ui.report import adding
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.result import Offer, ViewResult

SHOWN_ROWS = 500  # of a table on the page
WIDE = 640  # px of what opens beside a picture


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as a compressed NumPy archive without pickled objects."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def buttons(offers: Mapping[str, Offer], *, key: str) -> None:
    """A row of download buttons: label -> (file name, MIME type, maker). Made when clicked."""
    with st.container(horizontal=True, gap="small"):
        for label, (name, mime, make) in offers.items():
            st.download_button(
                label,
                make,
                file_name=name,
                mime=mime,
                key=f"{key}_{label}",
                on_click="ignore",
                icon=":material/download:",
            )


def pictures(chart: Any, name: str) -> dict[str, Offer]:
    """Offers of one chart as PNG and SVG."""
    from interp_core.charts.export import picture

    return {
        "PNG": (f"{name}.png", "image/png", lambda: picture(chart, "png")),
        "SVG": (f"{name}.svg", "image/svg+xml", lambda: picture(chart, "svg")),
    }


def usual(chart: Any, table: pd.DataFrame, name: str) -> dict[str, Offer]:
    """Offers of a picture (none where there is no chart) and of the table behind it."""
    offers = {} if chart is None else pictures(chart, name)
    return {**offers, "CSV": (f"{name}.csv", "text/csv", lambda: csv(table))}


def below(result: ViewResult, name: str, *, key: str = "", **kept: Any) -> None:
    """What opens beside the main picture: its numbers, its downloads and its script.

    `name` is that of the files, `key` that of the buttons; `kept` are arguments of `foot`.
    """
    offers = usual(result.picture, result.table, name) | result.more
    foot(result.table, result.script, lambda: buttons(offers, key=key or name), **kept)


def foot(
    table: pd.DataFrame,
    script: Callable[[], str],
    offer: Callable[[], None],
    *,
    shows_numbers: bool = True,
    note: str = "",
) -> None:
    """What `offer` draws, the script, and a `note` below; the table unless the view shows it."""

    def drawn() -> None:
        offer()
        st.code(script(), language="python")
        if note:
            st.caption(note)

    adding.finish(table, script)
    with layout.beside_main():
        if shows_numbers and not layout.has_table():
            _quiet("Data table", ":material/table:", lambda: numbers(table))
        _quiet("Download and code", ":material/download:", drawn)


def _quiet(title: str, icon: str, draw: Callable[[], None]) -> None:
    """What a sign beside the picture opens; filled when it is opened, as a `section` is."""
    box = st.popover(
        title, icon=icon, type="tertiary", help=title, on_change="rerun", key=f"section_{title}"
    )
    if box.open:
        with box, st.container(width=WIDE):
            draw()


def numbers(table: pd.DataFrame) -> None:
    """The first rows of a table."""
    st.dataframe(table.head(SHOWN_ROWS), hide_index=True, height=280, placeholder="–")
    if len(table) > SHOWN_ROWS:
        st.caption(f"First {SHOWN_ROWS:,} of {len(table):,} rows.")


def section(title: str, icon: str, draw: Callable[[], None]) -> None:
    """A closed section that is filled when it is opened.

    Tables and code cost the browser megabytes of scripts, and the server the time to make them.
    """
    box = st.expander(title, icon=icon, on_change="rerun", key=f"section_{title}")
    if box.open:
        with box:
            draw()

"""Tables of texts of an audit, from which one opens its explanation."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from interp_core.ui.attribution import VIEWS
from interp_core.ui.audit.answers import Audited
from interp_core.ui.widgets import clicks, leads
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, made_for

SHOWN = 300  # rows of a table on the page
COLUMNS = {
    "row": st.column_config.NumberColumn("row", format="%d", width=60),
    "text": st.column_config.TextColumn("text", width="large"),
    "confidence": st.column_config.NumberColumn("confidence", format="percent", width=90),
    "similarity": st.column_config.NumberColumn("cosine similarity", format="%.3f", width=110),
    "error": st.column_config.NumberColumn("error", format="%+.3f", width=80),
}


def listed(frame: pd.DataFrame, *, key: str, chooses: str, height: int = 300) -> None:
    """The first rows of a table with columns row and place; a selected row is kept in `chooses`."""
    shown = frame.head(SHOWN)

    def selected(row: int) -> None:
        st.session_state[chooses] = int(shown["row"].iloc[row])

    clicks.table(
        shown.drop(columns="place").round({"confidence": 3}),
        height=min(height, 38 + 35 * max(len(shown), 1)),
        key=key,
        on_row=selected,
        column_config=COLUMNS,
    )
    if len(frame) > SHOWN:
        st.caption(f"First {SHOWN:,} of {len(frame):,} texts.")


def chosen(found: Audited, key: str, frame: pd.DataFrame, *, first: bool = False) -> int | None:
    """The place of the chosen text, which the address keeps by its row.

    Before one is chosen it is None, or the `first` one; so it is where other texts are audited.
    """
    rows = dict(zip(frame["row"].astype(int), frame["place"].astype(int)))
    usual = next(iter(rows)) if first else None
    if first:
        follow(key, usual)
    keep_valid(key, list(rows))
    made_for(key, (found.asked.source, found.asked.data), usual)
    row = st.selectbox(
        "Row of the text",
        list(rows),
        index=0 if first else None,
        placeholder="select a row or choose",
        key=key,
        width=220,
        **BOUND,
    )
    return None if row is None else rows[row]


def explanation(found: Audited, place: int) -> None:
    """The link to the attribution of one text."""
    data = found.data
    query = {"model": found.asked.model, "text": data.texts[place], "show": VIEWS["explanation"]}
    if data.pairs is not None:
        query["pair"] = data.pairs[place]
    leads.lead("word_attributions", "Explain this prediction", query)

"""Downloads of the language page, and a script that computes its figures again."""

from __future__ import annotations

import streamlit as st

from interp_core.ui import downloads
from interp_core.ui.language.asked import Asked, Shown


def show(shown: Shown, asked: Asked, view: str) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.section(
        "Numbers", ":material/table:",
        lambda: st.dataframe(shown.table, hide_index=True, height=280),
    )  # fmt: skip
    downloads.section(
        "Download and reproduce", ":material/download:", lambda: _offer(shown, asked, view)
    )


def _offer(shown: Shown, asked: Asked, view: str) -> None:
    name = f"language_{view}"
    downloads.buttons(
        {
            **downloads.pictures(shown.chart, name),
            "CSV": (f"{name}.csv", "text/csv", lambda: downloads.csv(shown.table)),
        },
        key="language",
    )
    st.code(script(shown, asked), language="python")


def script(shown: Shown, asked: Asked) -> str:
    """Python that computes the same numbers with `interp_core`."""
    lines = ["import interp_core as ic", "", f"model = ic.load_model({asked.model!r})"]
    return "\n".join([*lines, f"text = {asked.text!r}", shown.script])

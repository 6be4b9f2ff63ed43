"""The chosen head: from a click, from the list, from the address."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from interp_core.analysis.head_tables import head_name as name
from interp_core.ui import clicks
from interp_core.ui.choices import BOUND, keep_valid

__all__ = ["KEY", "chooser", "name", "on_chart"]

KEY = "unit"


def chooser(frame: pd.DataFrame) -> tuple[int, int] | None:
    """The list of heads; returns the chosen one."""
    names = [name(*pair) for pair in zip(frame["layer"], frame["head"])]
    keep_valid(KEY, names)
    chosen = st.selectbox(
        "Head", names, index=None, key=KEY, width=170, placeholder="click one, or choose", **BOUND
    )
    if chosen is None:
        return None
    layer, _, head = chosen.partition(".")
    return int(layer), int(head)


def on_chart(key: str, param: str, frame: pd.DataFrame) -> Callable[[], None]:
    """A click in the chart of these heads chooses the head."""

    def selected() -> None:
        hit = clicks.mark(key, param, layer=set(frame["layer"]), head=set(frame["head"]))
        if hit:
            st.session_state[KEY] = name(*hit)

    return selected

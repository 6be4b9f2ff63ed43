"""Maps of layer × head on this page: the chosen one, and the way to the attention page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from interp_core.drawing.units import unit_name
from interp_core.language.tables import MLP
from interp_core.ui.language.question import Asked
from interp_core.ui.widgets import clicks, leads
from interp_core.ui.widgets.figure import figure

__all__ = ["MLP", "chooser", "link", "show", "strongest", "unit_name"]


def strongest(frame: pd.DataFrame, digits: str = ".2f") -> str:
    """The three units of the largest size, in words."""
    top = frame.reindex(frame["value"].abs().sort_values(ascending=False).index).head(3)
    rows = zip(top["layer"], top["unit"], top["value"])
    told = [f"{unit_name(layer, unit)} ({value:{digits}})" for layer, unit, value in rows]
    return f"highest in {', '.join(told)}"


def show(chart: Any, frame: pd.DataFrame, *, key: str, state: str, **more: Any) -> None:
    """Draw a map of the units of `frame`; a click writes the unit into the session's `state`.

    `more` is what `figure` takes: title, alt, perhaps numbers and script.
    """

    def clicked() -> None:
        hit = clicks.mark(key, "unit", layer=set(frame["layer"]), unit=set(frame["unit"]))
        if hit:
            st.session_state[state] = unit_name(*hit)

    figure(chart, key=key, on_select=clicked, selection_mode="unit", **more)


def chooser(state: str, names: list[str], first: str, label: str = "Head") -> str:
    """The list of units; `first` stands where nothing was chosen."""
    from interp_core.ui.widgets.choices import BOUND, keep_valid

    keep_valid(state, names)
    chosen = st.selectbox(
        label, names, index=None, placeholder=first, key=state, width=150, **BOUND
    )
    return first if chosen is None else chosen


def link(asked: Asked, name: str, text: str | None = None) -> None:
    """To the attention page, opened at this head."""
    layer, _, head = name.partition(".")
    if head == MLP:
        return
    label = f"Show attention of layer {layer}, head {head}"
    leads.head(asked.model, asked.text if text is None else text, int(layer), int(head), label)

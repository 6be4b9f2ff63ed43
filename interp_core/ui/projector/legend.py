"""Colours of the two themes, and a legend for pictures that have none of their own."""

from __future__ import annotations

from html import escape

import streamlit as st

from interp_core.analysis.point_names import short
from interp_core.charts.points import in_order
from interp_core.ui.projector.colouring import Colouring

LIGHT = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a6761d", "#56b4e9", "#7a5195", "#4d4d4d"]
DARK = ["#56b4e9", "#e69f00", "#2fc49a", "#e08fc0", "#d0b25c", "#8fb8ff", "#b99ae0", "#c4c9d1"]
RAMP = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"]  # viridis
# Pictures without shapes need twelve colours that stay apart.
MORE = ["#b2182b", "#7a9a01", "#1b7f8c", "#e377c2"]
INK = {"light": ("#3c4656", "#ffffff"), "dark": ("#c6cfdb", "#10151c")}

LETTERS = 40  # of a name in the legend


def dark() -> bool:
    """Whether the reader's theme is dark."""
    return st.context.theme.type == "dark"


def inks() -> tuple[str, str]:
    """The colours of labels and of what is behind them."""
    return INK["dark" if dark() else "light"]


def names_of_colours(kind: str) -> list[str]:
    """The colours for groups, or the ramp for amounts."""
    if kind == "quantitative":
        return RAMP
    return [*(DARK if dark() else LIGHT), *MORE]


def show(colouring: Colouring | None) -> None:
    """One line: a dot and a name for each group, or the two ends of the ramp."""
    if colouring is None:
        return
    title = f"<b>{escape(short(colouring.title, LETTERS))}</b>"
    if colouring.kind == "quantitative":
        low, high = colouring.values.min(), colouring.values.max()
        ramp = f"linear-gradient(90deg, {', '.join(RAMP)})"
        bar = (
            f'<span style="display:inline-block;width:140px;height:10px;background:{ramp}"></span>'
        )
        st.html(f"{title} &nbsp; {_figure(low)} {bar} {_figure(high)}")
        return
    colours = names_of_colours("nominal")
    entries = [
        f'<span style="white-space:nowrap"><span style="color:{colours[place % len(colours)]}">'
        f"&#9679;</span> {escape(short(name, LETTERS))}</span>"
        for place, name in enumerate(in_order(colouring.values))
    ]
    st.html(f"{title} &nbsp; " + " &nbsp; ".join(entries))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

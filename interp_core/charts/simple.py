"""Small charts that several pages use: lines over layers, histograms."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import measured, named
from interp_core.charts.points import GREY


def lines(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    x_title: str,
    y_title: str,
    colour: str | None = None,
    height: int = 240,
    form: str = "",
) -> alt.Chart:
    """One line for each value of `colour`, or a single one; `x` holds whole numbers such as layers.

    `form` is the format of the numbers, such as ".0%".
    """
    shown = {}
    if colour:
        legend = alt.Legend(orient="top", title=None)
        shown["color"] = alt.Color(f"{colour}:N", legend=legend, sort=None)
        shown["strokeDash"] = alt.StrokeDash(f"{colour}:N", legend=legend, sort=None)
    axis = measured(format=form) if form else measured()
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=45), strokeWidth=2)
        .encode(
            x=alt.X(f"{x}:O", title=x_title, axis=named()),
            y=alt.Y(f"{y}:Q", title=y_title, axis=axis, scale=alt.Scale(zero=False)),
            tooltip=[
                *([colour] if colour else []),
                alt.Tooltip(f"{x}:O", title=x_title),
                alt.Tooltip(f"{y}:Q", title=y_title, format=form or ".4f"),
            ],
            **shown,
        )
        .properties(height=height)
    )


def histogram(
    values: pd.Series,
    *,
    title: str,
    height: int = 200,
    mark: float | None = None,
    mark_title: str = "expected by chance",
    step: float | None = None,
    unit: str = "points",
) -> alt.LayerChart:
    """Counts of values in bins; `mark` draws a line, such as what chance would give.

    `step` is the width of a bin, for values that come in steps; `unit` is what is counted.
    """
    bins = alt.Bin(maxbins=32) if step is None else alt.Bin(step=step)
    bars = (
        alt.Chart(pd.DataFrame({"value": values}))
        .mark_bar()
        .encode(
            x=alt.X("value:Q", bin=bins, title=title, axis=measured()),
            y=alt.Y("count():Q", title=unit, axis=measured(tickMinStep=1)),
            tooltip=[
                alt.Tooltip("value:Q", bin=bins, title=title),
                alt.Tooltip("count():Q", title=unit),
            ],
        )
    )
    if mark is None:
        return alt.layer(bars).properties(height=height)
    line = alt.Chart(pd.DataFrame({"mark": [mark]}))
    line = line.mark_rule(color=GREY, strokeWidth=2, strokeDash=[4, 3])
    line = line.encode(x="mark:Q", tooltip=[alt.Tooltip("mark:Q", title=mark_title)])
    return alt.layer(bars, line).properties(height=height)


def dots(
    frame: pd.DataFrame, *, x: str, y: str, x_title: str, y_title: str, height: int = 300
) -> alt.Chart:
    """Small points, the first axis in powers of ten. `frame`: text, x, y."""
    return (
        alt.Chart(frame)
        .mark_point(filled=True, size=14, opacity=0.5)
        .encode(
            x=alt.X(f"{x}:Q", scale=alt.Scale(type="log"), title=x_title, axis=measured()),
            y=alt.Y(f"{y}:Q", scale=alt.Scale(zero=False), title=y_title, axis=measured()),
            tooltip=["text", x, alt.Tooltip(f"{y}:Q", format=".3f")],
        )
        .properties(height=height)
    )

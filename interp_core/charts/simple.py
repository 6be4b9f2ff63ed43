"""Small charts that several pages use: lines over layers, histograms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import altair as alt
import pandas as pd

from interp_core.charts.axes import measured, named, of_bars, round_numbers
from interp_core.charts.heatmaps import OWN_SCALE
from interp_core.charts.points import GREY, POSITIVE, STROKES


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
        legend = alt.Legend(**STROKES)
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
    form: str = "",
) -> alt.LayerChart:
    """Counts of values in bins; `mark` draws a line, such as what chance would give.

    `step` is the width of a bin, for values that come in steps; `unit` is what is counted;
    `form` is the format of the values, such as ".0%".
    """
    tip = {"format": form} if form else {}
    reached = [*values.dropna(), *([] if mark is None else [mark])]
    ticks = round_numbers(min(reached, default=0), max(reached, default=0))
    axis = measured(values=ticks, format=form or ",~g")
    bins = alt.Bin(maxbins=32) if step is None else alt.Bin(step=step)
    bars = (
        alt.Chart(pd.DataFrame({"value": values}))
        .mark_bar()
        .encode(
            x=alt.X("value:Q", bin=bins, title=title, axis=axis),
            y=alt.Y("count():Q", title=unit, axis=measured(tickMinStep=1)),
            tooltip=[
                alt.Tooltip("value:Q", bin=bins, title=title, **tip),
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


def bars_with_errors(
    frame: pd.DataFrame, *, value: str, title: str, form: str = "+.4f"
) -> alt.LayerChart:
    """Lying bars in the order of the rows, with one standard error to each side where it is known.

    `frame`: name, the column `value` and perhaps `<value>_se`.
    """
    error = f"{value}_se"
    known = error in frame and frame[error].notna().any()
    ends = frame[["name", value]]
    if known:
        ends = ends.assign(
            se=frame[error], low=frame[value] - frame[error], high=frame[value] + frame[error]
        )
    base = alt.Chart(ends).encode(
        y=alt.Y("name:N", sort=list(frame["name"]), axis=named(title=None, ticks=False)),
        tooltip=[
            alt.Tooltip("name:N"),
            alt.Tooltip(f"{value}:Q", title=title, format=form),
            *([alt.Tooltip("se:Q", title="SE", format=".4f")] if known else []),
        ],
    )
    bars = base.mark_bar(cornerRadius=2, height=13, color=POSITIVE).encode(
        x=alt.X(f"{value}:Q", title=title, axis=of_bars())
    )
    errors = base.mark_rule(color=GREY, strokeWidth=2).encode(x="low:Q", x2="high:Q")
    return alt.layer(bars, *([errors] if known else [])).properties(height=24 * len(frame) + 50)


def beside(parts: Iterable[alt.Chart], *, apart: bool = False) -> alt.HConcatChart:
    """Charts side by side; `apart`: each with its own scale of colours."""
    if not apart:
        return alt.hconcat(*parts)
    own = (_of_part(part, f"concat_{place}_color") for place, part in enumerate(parts))
    return alt.hconcat(*own).resolve_scale(color="independent")


def _of_part(part: Any, scale: str) -> Any:
    """One of a row of charts; text on its cells goes by the `scale` of colours it has there."""
    part = part.copy(deep=False)
    if isinstance(part, alt.LayerChart):
        part.layer = [_of_part(each, scale) for each in part.layer]
        return part
    ink = part.mark["color"] if isinstance(part.mark, alt.MarkDef) else None
    if isinstance(ink, alt.ExprRef):
        part.mark = part.mark.copy()
        part.mark["color"] = alt.expr(ink["expr"].replace(f"'{OWN_SCALE}'", f"'{scale}'"))
    return part


def below(parts: Iterable[alt.Chart]) -> alt.VConcatChart:
    """Charts below each other."""
    return alt.vconcat(*parts)

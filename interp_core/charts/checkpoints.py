"""Charts of a training: values with intervals over checkpoints, and maps of part × checkpoint."""

from __future__ import annotations

from itertools import cycle

import altair as alt
import pandas as pd

from interp_core.charts.axes import BANDS, colours, measured, named
from interp_core.charts.heads import NONE
from interp_core.charts.heatmaps import printed, scale_of
from interp_core.charts.points import CATEGORIES, GREY, STROKES

ROW = 26  # px of a part in the map
AXIS = 120  # px of axes and legend, which the height includes
HEIGHT = 340
MOST_PRINTED = 12  # checkpoints up to which the map prints its values


def _steps(frame: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(frame["at"]))


def course(
    frame: pd.DataFrame,
    *,
    title: str,
    form: str = ".3f",
    zero: bool = False,
    colour: str = "series",
    x_title: str = "step (checkpoints, evenly spaced)",
) -> alt.LayerChart:
    """A line with intervals for each series over the checkpoints, in their order.

    `frame`: at (the label of a checkpoint), series, value, low, high, n. Checkpoints stand at even
    distances, since they are often saved at uneven ones. `zero` draws a line at 0.
    """
    order = _steps(frame)
    series = sorted(dict.fromkeys(frame[colour]), key=lambda name: name == NONE)  # that one last
    grey = [GREY if name == NONE else ink for name, ink in zip(series, cycle(CATEGORIES))]
    paint = {"scale": alt.Scale(domain=series, range=grey)} if NONE in series else {}
    legend = alt.Legend(**STROKES, symbolStrokeWidth=2, labelLimit=240)
    x = alt.X("at:N", sort=order, title=x_title, axis=named(labelOverlap=True))
    axis = measured(format=form.replace("3f", "2~f").replace(".2f", ".2~f").replace("1%", "0%"))
    y = alt.Y("value:Q", title=title, axis=axis, scale=alt.Scale(zero=zero))
    tooltip = [
        alt.Tooltip("at:N", title="step"),
        alt.Tooltip(f"{colour}:N", title=" "),
        alt.Tooltip("value:Q", title=title, format=form),
        alt.Tooltip("low:Q", format=form, title="from (95%)"),
        alt.Tooltip("high:Q", format=form, title="to (95%)"),
        alt.Tooltip("n:Q", format=","),
    ]
    base = alt.Chart(frame).encode(
        x=x,
        color=alt.Color(
            f"{colour}:N", sort=series, legend=legend if len(series) > 1 else None, **paint
        ),
        tooltip=tooltip,
    )
    dash = alt.StrokeDash(f"{colour}:N", sort=series, legend=legend if len(series) > 1 else None)
    layers = [
        base.mark_rule(strokeWidth=2, opacity=0.55).encode(
            y=alt.Y("low:Q", title=title), y2="high:Q"
        ),
        base.mark_line(strokeWidth=2).encode(y=y, strokeDash=dash),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=y),
    ]
    if zero:
        line = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 3])
        layers.insert(0, line.encode(y=alt.Y("zero:Q", title=title)))
    return alt.layer(*layers).properties(height=HEIGHT)


def part_map(frame: pd.DataFrame, *, title: str, form: str = ".3f") -> alt.LayerChart:
    """A map of a network's parts by checkpoint. `frame`: at, part, value, parameters.

    The parts stand in their order, the first at the top.
    """
    order, rows = _steps(frame), list(dict.fromkeys(frame["part"]))
    base = alt.Chart(frame).encode(
        x=alt.X(
            "at:N",
            sort=order,
            title="step (checkpoints, evenly spaced)",
            axis=alt.Axis(orient="top", **{**BANDS, "labelOverlap": True}),
        ),
        y=alt.Y("part:N", sort=rows, title=None, axis=alt.Axis(**{**BANDS, "labelOverlap": False})),
        tooltip=[
            alt.Tooltip("at:N", title="step"),
            alt.Tooltip("part:N"),
            alt.Tooltip("value:Q", title=title, format=".4f"),
            alt.Tooltip("parameters:Q", format=","),
        ],
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "value:Q",
            scale=scale_of(frame["value"], zero=True),
            legend=colours(title),
        )
    )
    layers = [cells]
    if len(order) <= MOST_PRINTED:
        known = base.transform_filter("isValid(datum.value)").encode(
            text=alt.Text("value:Q", format=form)
        )
        layers.append(printed(known, "value"))
    return alt.layer(*layers).properties(height=ROW * len(rows) + AXIS)

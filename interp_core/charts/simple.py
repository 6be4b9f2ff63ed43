"""Small charts that several pages use: lines over layers, histograms, two pictures side by side."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.scatter import GREY, HIDDEN_AXIS, MARKED, SHAPES, size

HALF_HEIGHT = 480
GAP, EDGE, TITLE = 0.12, 0.04, 0.1  # of the side of a picture


def lines(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    colour: str,
    x_title: str,
    y_title: str,
    height: int = 240,
) -> alt.Chart:
    """One line for each value of `colour`; `x` holds whole numbers such as layers."""
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=45), strokeWidth=2)
        .encode(
            x=alt.X(f"{x}:O", title=x_title, axis=alt.Axis(labelAngle=0)),
            y=alt.Y(f"{y}:Q", title=y_title, scale=alt.Scale(zero=False)),
            color=alt.Color(f"{colour}:N", title=None, legend=alt.Legend(orient="top")),
            strokeDash=alt.StrokeDash(f"{colour}:N", title=None),
            tooltip=[colour, x, alt.Tooltip(f"{y}:Q", format=".4f")],
        )
        .properties(height=height)
    )


def histogram(
    values: pd.Series,
    *,
    title: str,
    height: int = 200,
    mark: float | None = None,
    step: float | None = None,
) -> alt.LayerChart:
    """Counts of values in bins; `mark` draws a line, such as what chance would give.

    `step` is the width of a bin, for values that come in steps.
    """
    bins = alt.Bin(maxbins=32) if step is None else alt.Bin(step=step)
    bars = (
        alt.Chart(pd.DataFrame({"value": values}))
        .mark_bar()
        .encode(
            x=alt.X("value:Q", bin=bins, title=title),
            y=alt.Y("count():Q", title="points"),
            tooltip=[alt.Tooltip("value:Q", bin=bins, title=title), "count():Q"],
        )
    )
    if mark is None:
        return alt.layer(bars).properties(height=height)
    line = alt.Chart(pd.DataFrame({"chance": [mark]})).mark_rule(color=MARKED, strokeWidth=2)
    line = line.encode(x="chance:Q", tooltip=[alt.Tooltip("chance:Q", title="by chance")])
    return alt.layer(bars, line).properties(height=height)


def side_by_side(
    frame: pd.DataFrame, titles: tuple[str, str], colour: str | None, tooltip: tuple[str, ...]
) -> alt.LayerChart:
    """The same points in two pictures; a box in either keeps its points lit in both.

    `frame`: x, y (left), u, v (right), each in its own units, and what colour and tooltip name.
    Both pictures share one view, so that they share the width of the page and one box.
    """
    frame = frame.assign(
        **_unit_square(frame, "x", "y", 0.0), **_unit_square(frame, "u", "v", 1.0 + GAP)
    )
    box = alt.selection_interval(name="box", encodings=["x", "y"])
    inside = " || ".join(
        f"inrange(datum.{across}, box.x) && inrange(datum.{up}, box.y)"
        for across, up in (("x", "y"), ("u", "v"))
    )
    lit = f"!isArray(box.x) || {inside}"
    scale = {"axis": HIDDEN_AXIS, "title": None}
    layers = []
    for across, up in (("x", "y"), ("u", "v")):
        shown = {
            "x": alt.X(f"{across}:Q", scale=alt.Scale(domain=[-EDGE, 2 + GAP + EDGE]), **scale),
            "y": alt.Y(f"{up}:Q", scale=alt.Scale(domain=[-EDGE, 1 + EDGE + TITLE]), **scale),
            "opacity": alt.condition(lit, alt.value(0.85), alt.value(0.06)),
            "tooltip": list(tooltip),
            "color": alt.value("#4679bf"),
        }
        if colour:
            legend = alt.Legend(orient="top", columns=4, title=None, symbolOpacity=1)
            shown["color"] = alt.Color(f"{colour}:N", legend=legend)
            shown["shape"] = alt.Shape(f"{colour}:N", legend=legend, scale=alt.Scale(range=SHAPES))
        mark = alt.Chart(frame).mark_point(filled=True, size=size(len(frame)))
        layers.append(mark.encode(**shown))
    layers[0] = layers[0].add_params(box)
    heads = pd.DataFrame({"x": [0.0, 1 + GAP], "y": 1 + EDGE + TITLE / 2, "title": titles})
    text = alt.Chart(heads).mark_text(color=GREY, align="left", fontWeight=700, fontSize=13)
    layers.append(text.encode(x="x:Q", y="y:Q", text="title:N"))
    return alt.layer(*layers).properties(height=HALF_HEIGHT)


def _unit_square(frame: pd.DataFrame, across: str, up: str, start: float) -> dict:
    """Both columns scaled to a length of 1, the first from `start`."""
    part = frame[[across, up]]
    low, span = part.min(), (part.max() - part.min()).replace(0, 1)
    scaled = (part - low) / span
    return {across: scaled[across] + start, up: scaled[up]}


def trail(frame: pd.DataFrame, path: pd.DataFrame | None, colour: str | None) -> alt.LayerChart:
    """Points at one layer on axes fixed for all; and one point's way through the layers.

    `frame`: x, y, text, perhaps the colour; its attrs hold `domain` ((x0, x1), (y0, y1)). `path`:
    layer, x, y.
    """
    (left, right), (low, high) = frame.attrs["domain"]
    place = {
        "x": alt.X("x:Q", axis=HIDDEN_AXIS, scale=alt.Scale(domain=[left, right]), title=None),
        "y": alt.Y("y:Q", axis=HIDDEN_AXIS, scale=alt.Scale(domain=[low, high]), title=None),
    }
    shown = {"tooltip": ["text", *([colour] if colour else [])]}
    if colour:
        names = sorted(frame.attrs["groups"])
        legend = alt.Legend(orient="top", columns=4, title=None, symbolOpacity=1)
        shown["color"] = alt.Color(f"{colour}:N", legend=legend, scale=alt.Scale(domain=names))
        shown["shape"] = alt.Shape(
            f"{colour}:N", legend=legend, scale=alt.Scale(domain=names, range=SHAPES)
        )
    else:
        shown["color"] = alt.value("#4679bf")
    points = alt.Chart(frame).mark_point(filled=True, opacity=0.8, size=size(len(frame)))
    layers = [points.encode(**place, **shown)]
    if path is not None:
        way = alt.Chart(path).encode(**place)
        layers += [
            way.mark_line(color=MARKED, strokeWidth=2).encode(order="layer:O"),
            way.mark_point(filled=True, color=MARKED, size=70, opacity=1).encode(
                tooltip=["layer", alt.Tooltip("moved:Q", format=".2f")]
            ),
            way.mark_text(color=GREY, dy=-12, fontWeight=700).encode(text="layer:O"),
        ]
    return alt.layer(*layers).properties(height=480)

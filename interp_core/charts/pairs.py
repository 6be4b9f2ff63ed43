"""The same points twice: two pictures side by side, and layer after layer."""

from __future__ import annotations

from collections.abc import Collection

import altair as alt
import pandas as pd

from interp_core.charts.points import (
    GREY,
    HIDDEN_AXIS,
    MARKED,
    PLAIN,
    by_group,
    legend_height,
    size,
    with_tips,
)
from interp_core.charts.scatter import group_layers

HEIGHT = 420  # px, without the legend
GAP, EDGE, TITLE = 0.12, 0.04, 0.1  # of the side of a picture
SIDES = (("x", "y"), ("u", "v"))


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
    frame, tips = with_tips(frame, tooltip)
    box = alt.selection_interval(name="box", encodings=["x", "y"])
    inside = " || ".join(
        f"inrange(datum.{across}, box.x) && inrange(datum.{up}, box.y)" for across, up in SIDES
    )
    shown = {
        "opacity": alt.condition(f"!isArray(box.x) || {inside}", alt.value(0.85), alt.value(0.06)),
        "tooltip": tips,
        **(by_group(colour, frame[colour]) if colour else {"color": alt.value(PLAIN)}),
    }
    mark = alt.Chart(frame).mark_point(filled=True, size=size(len(frame)))
    layers = [mark.encode(**_halves(across, up), **shown) for across, up in SIDES]
    layers[0] = layers[0].add_params(box)
    heads = pd.DataFrame({"x": [0.0, 1 + GAP], "y": 1 + EDGE + TITLE / 2, "title": titles})
    text = alt.Chart(heads).mark_text(color=GREY, align="left", fontWeight=700, fontSize=13)
    layers.append(text.encode(x="x:Q", y="y:Q", text="title:N"))
    legend = legend_height(frame[colour]) if colour else 0
    return alt.layer(*layers).properties(height=HEIGHT + legend)


def _halves(across: str, up: str) -> dict:
    bare = {"axis": HIDDEN_AXIS, "title": None}
    return {
        "x": alt.X(f"{across}:Q", scale=alt.Scale(domain=[-EDGE, 2 + GAP + EDGE]), **bare),
        "y": alt.Y(f"{up}:Q", scale=alt.Scale(domain=[-EDGE, 1 + EDGE + TITLE]), **bare),
    }


def _unit_square(frame: pd.DataFrame, across: str, up: str, start: float) -> dict:
    """Both columns scaled to a length of 1, the first from `start`."""
    part = frame[[across, up]]
    low, span = part.min(), (part.max() - part.min()).replace(0, 1)
    scaled = (part - low) / span
    return {across: scaled[across] + start, up: scaled[up]}


def trail(
    frame: pd.DataFrame,
    domain: tuple[tuple[float, float], tuple[float, float]],
    *,
    colour: str | None = None,
    groups: Collection[str] = (),
    path: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
    inks: tuple[str, str] = (GREY, "transparent"),
) -> alt.LayerChart:
    """Points at one layer on axes fixed for all; and one point's way through the layers.

    `frame`: x, y, text, perhaps the colour, of which `groups` are all values; `domain`:
    ((x0, x1), (y0, y1)); `path`: layer, x, y, moved; `labels`: x, y, label; `inks`: of labels and
    of what is behind them.
    """
    bare = {"axis": HIDDEN_AXIS, "title": None}
    place = {
        "x": alt.X("x:Q", scale=alt.Scale(domain=list(domain[0])), **bare),
        "y": alt.Y("y:Q", scale=alt.Scale(domain=list(domain[1])), **bare),
    }
    frame, tips = with_tips(frame, ("text", *([colour] if colour else [])))
    shown = by_group("tip1", groups, inks[0]) if colour else {"color": alt.value(PLAIN)}
    points = alt.Chart(frame).mark_point(filled=True, opacity=0.8, size=size(len(frame)))
    layers = [points.encode(**place, **shown, tooltip=tips)]
    layers += [] if path is None else _way(path, place)
    layers += [] if labels is None or not len(labels) else group_layers(labels, *inks)
    legend = legend_height(groups) if colour else 0
    return alt.layer(*layers).properties(height=HEIGHT + legend)


def _way(path: pd.DataFrame, place: dict) -> list[alt.Chart]:
    way = alt.Chart(path).encode(**place)
    moved = alt.Tooltip("moved:Q", format=".2f", title="step / mean step")
    return [
        way.mark_line(color=MARKED, strokeWidth=2).encode(order="layer:O"),
        way.mark_point(filled=True, color=MARKED, size=70, opacity=1).encode(
            tooltip=["layer", moved]
        ),
        way.mark_text(color=GREY, dy=-12, fontWeight=700).encode(text="layer:O"),
    ]

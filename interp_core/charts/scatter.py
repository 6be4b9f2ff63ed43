"""Points of a projection in the plane: pan, zoom, pick, box, labels that make room."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import pandas as pd

HEIGHT = 560
GREY = "#7d8899"  # legible on white and on dark: text marks are not themed
MARKED = "#d55e00"
# One fewer than there are colours, so that pairs of colour and shape do not repeat.
SHAPES = [
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-left",
]
OTHER = "other"
LABEL_WIDTH = 900  # px of the window that labels are placed for
LOOKUP = 4  # place of the look-up among the transforms of the lines
HIDDEN_AXIS = alt.Axis(labels=False, ticks=False, grid=False, domain=False, titleFontSize=11)


@dataclass(frozen=True)
class Look:
    """How points are drawn. `colour` names a column of the frame, or is None.

    `kind` of the colour: "nominal" or "quantitative" (`reverse` turns its scale, for ranks).
    `picked` is a row that is marked from the start. `drag` "moves" the picture or "selects".
    """

    colour: str | None = None
    kind: str = "nominal"
    title: str = ""
    picked: int | None = None
    drag: str = "moves"
    axes: tuple[str, str] = ("", "")
    tooltip: tuple[str, ...] = ("text",)
    height: int = HEIGHT
    ink: str = GREY
    paper: str = "transparent"


def scatter(frame: pd.DataFrame, labels: pd.DataFrame, look: Look) -> alt.LayerChart:
    """The picture. Selections: `pick` (row), `box` (x, y), and `panned`, which moves the view.

    `frame`: row, x, y, found (search hit), the colour, what the tooltip shows, and perhaps near
    (rows of the true neighbours, separated by spaces), to which a picked point gets lines.
    `labels`: x, y, label, level (of magnification from which it is shown; −1 always, bold).
    """
    box, panned = _drags(look)
    pick = alt.selection_point(
        name="pick",
        fields=["row"],
        on="symbol:click",
        empty=False,
        clear="dblclick",
        **({} if look.picked is None else {"value": [{"row": look.picked}]}),
    )
    layers = [_points(frame, look, pick).add_params(pick, box, panned)]
    if "near" in frame:
        layers.insert(0, _lines(frame, pick))
    layers += [_rings(frame, pick)]
    if frame["found"].any():
        layers.append(_hits(frame))
    if len(labels):
        layers += _labels(labels, frame, look)
    return alt.layer(*layers).properties(height=look.height)


def _drags(look: Look) -> tuple[alt.Parameter, alt.Parameter]:
    """Shift turns dragging from moving to selecting, and back."""
    shifted = "[pointerdown[{}event.shiftKey], window:pointerup] > window:pointermove!"
    box_on = shifted.format("" if look.drag == "moves" else "!")
    pan_on = shifted.format("!" if look.drag == "moves" else "")
    mark = alt.BrushConfig(fill=GREY, fillOpacity=0.15, stroke=GREY)
    box = alt.selection_interval(
        name="box", on=box_on, translate=False, zoom=False, mark=mark, clear="dblclick"
    )
    panned = alt.selection_interval(
        name="panned", bind="scales", on=pan_on, translate=pan_on, zoom="wheel!", clear="dblclick"
    )
    return box, panned


def _place(frame: pd.DataFrame, look: Look) -> dict:
    def axis(name: str, title: str) -> dict:
        low, high = float(frame[name].min()), float(frame[name].max())
        edge = 0.05 * (high - low or 1.0)
        return {
            "scale": alt.Scale(domain=[low - edge, high + edge], nice=False, zero=False),
            "axis": HIDDEN_AXIS,
            "title": title or None,
        }

    return {
        "x": alt.X("x:Q", **axis("x", look.axes[0])),
        "y": alt.Y("y:Q", **axis("y", look.axes[1])),
    }


def size(count: int) -> float:
    """px² of a point: large in small sets, small in large ones."""
    return 80 if count <= 500 else 40 if count <= 2_500 else 16 if count <= 10_000 else 8


def _points(frame: pd.DataFrame, look: Look, pick: alt.Parameter) -> alt.Chart:
    tooltip = [alt.Tooltip(f"{name}:{_type(frame[name])}", title=name) for name in look.tooltip]
    chart = alt.Chart(frame).mark_point(filled=True, opacity=0.8, size=size(len(frame)))
    return chart.encode(**_place(frame, look), **_colour(frame, look), tooltip=tooltip)


def _type(column: pd.Series) -> str:
    return "Q" if pd.api.types.is_numeric_dtype(column) and column.dtype != bool else "N"


def _colour(frame: pd.DataFrame, look: Look) -> dict:
    if look.colour is None:
        return {"color": alt.value("#4679bf")}
    legend = alt.Legend(
        title=look.title or look.colour,
        orient="top",
        columns=4,
        labelLimit=150,
        symbolOpacity=1,
        symbolSize=90,
    )
    if look.kind == "quantitative":
        return {
            "color": alt.Color(f"{look.colour}:Q", legend=legend, scale=alt.Scale(scheme="viridis"))
        }
    names = [name for name in dict.fromkeys(frame[look.colour]) if name != OTHER]
    names = [*sorted(names), *([OTHER] if (frame[look.colour] == OTHER).any() else [])]
    scale = {"domain": names}
    field = f"{look.colour}:N"
    return {
        "color": alt.Color(field, legend=legend, scale=alt.Scale(**scale)),
        "shape": alt.Shape(field, legend=legend, scale=alt.Scale(**scale, range=SHAPES)),
    }


def _rings(frame: pd.DataFrame, pick: alt.Parameter) -> alt.Chart:
    ring = alt.Chart(frame).mark_point(filled=False, size=260, strokeWidth=2.5, color=MARKED)
    return ring.encode(x="x:Q", y="y:Q").transform_filter(pick)


def _hits(frame: pd.DataFrame) -> alt.Chart:
    hits = alt.Chart(frame).mark_point(filled=False, size=110, strokeWidth=1.8, color=MARKED)
    return hits.encode(x="x:Q", y="y:Q").transform_filter("datum.found")


def _lines(frame: pd.DataFrame, pick: alt.Parameter) -> alt.Chart:
    """From the picked point to its true neighbours, made in the browser: no round trip."""
    there = alt.LookupData(data=alt.NamedData("points"), key="row", fields=["x", "y"])
    chart = (
        alt.Chart(frame)
        .transform_filter(pick)
        .transform_calculate(to="split(datum.near, ' ')")
        .transform_flatten(["to"])
        .transform_calculate(to="toNumber(datum.to)")
        .transform_lookup(lookup="to", from_=there, as_=["x2", "y2"])
        .transform_filter("isValid(datum.x2)")
        .mark_rule(color=MARKED, opacity=0.75, strokeWidth=1.2)
        .encode(x="x:Q", y="y:Q", x2="x2:Q", y2="y2:Q")
    )
    # Put in last: while a chart is being made, Altair refuses data of more than 5,000 rows here.
    chart.transform[LOOKUP]["from"].data = frame
    return chart


def _labels(labels: pd.DataFrame, frame: pd.DataFrame, look: Look) -> list[alt.Chart]:
    """Each label on a halo of the background, so that it reads over points."""
    span = float(frame["x"].max() - frame["x"].min()) or 1.0
    zoom = f"(isArray(panned.x) ? {span * 1.1:.8g} / abs(panned.x[1] - panned.x[0]) : 1)"
    level = f"log({zoom} * width / {LABEL_WIDTH}) / LN2 + 1.05"  # level 0 is half the size
    drawn = []
    for groups in (False, True):
        part = labels[(labels["level"] < 0) == groups]
        if not len(part):
            continue
        font = {"fontSize": 13, "fontWeight": 700} if groups else {"fontSize": 11}
        base = alt.Chart(part).encode(x="x:Q", y="y:Q", text="label:N")
        if not groups:
            base = base.transform_filter(f"datum.level <= {level}")
        font |= {"dy": 0 if groups else -9, "limit": 220}
        drawn += [
            base.mark_text(stroke=look.paper, strokeWidth=3, strokeOpacity=0.85, **font),
            base.mark_text(color=look.ink, **font),
        ]
    return drawn

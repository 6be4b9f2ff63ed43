"""Points of a projection in the plane: pan, zoom, pick, box, lines to neighbours, labels."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import pandas as pd

from interp_core.charts.points import (
    GREY,
    HIDDEN_AXIS,
    MARKED,
    OTHER,
    PLAIN,
    SHAPES,
    by_group,
    legend_height,
    size,
    with_tips,
)

HEIGHT = 500  # px, without the legend


@dataclass(frozen=True)
class Look:
    """How points are drawn. `colour` names a column of the frame, or is None.

    `kind` of the colour: "nominal" or "quantitative". `picked` is a row that is marked from the
    start. `drag` is "pan" or "select". `ink` and `paper` are the colours of labels and
    of what is behind them. `thumbnails` are data URLs of pictures that are drawn as the points, one
    for each row of the frame; the colour is that of their frames then.
    """

    colour: str | None = None
    kind: str = "nominal"
    title: str = ""
    picked: int | None = None
    drag: str = "pan"
    axes: tuple[str, str] = ("", "")
    tooltip: tuple[str, ...] = ("text",)
    height: int = HEIGHT
    ink: str = GREY
    paper: str = "transparent"
    thumbnails: tuple[str, ...] = ()

    @property
    def edge(self) -> float:
        """Room around the points as a share of the picture's width or height, on each side."""
        return THUMBNAIL_EDGE if self.thumbnails else EDGE


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
    frame, tips = with_tips(frame, look.tooltip)
    layers = [_points(frame, look).encode(tooltip=tips).add_params(pick, box, panned)]
    if look.thumbnails:
        layers[:0] = _pictures(frame, look)
    if "near" in frame:
        layers.insert(0, _lines(frame, pick))
    picked_area, found_area, shape = 260, 110, "circle"
    if look.thumbnails:
        picked_area, found_area, shape = (FRAME + 12) ** 2, (FRAME + 6) ** 2, "square"
    layers.append(_rings(frame, picked_area, 2.5, shape).transform_filter(pick))
    if frame["found"].any():
        layers.append(_rings(frame[frame["found"]], found_area, 1.8, shape))
    if len(labels):
        span = (1 + 2 * look.edge) * (float(frame["x"].max() - frame["x"].min()) or 1.0)
        below = {"beside": FRAME / 2 + 13} if look.thumbnails else {}
        layers += label_layers(labels, span, look.ink, look.paper, **below)
    return alt.layer(*layers).properties(height=_height(frame, look))


__all__ = ["GREY", "HIDDEN_AXIS", "MARKED", "OTHER", "SHAPES", "Look", "scatter", "size"]
LOOKUP = 4  # place of the look-up among the transforms of the lines
MOST_NAMED = 2_000
UNNAMED = {"aria": False}  # repeats points that have names, or is a graphic without any
EDGE = 0.05  # of the picture's width or height, on each side
THUMBNAIL, FRAME = 48, 52  # px of a picture that is drawn as a point, and of its frame
THUMBNAIL_EDGE = 0.12  # keeps pictures and the labels below them inside
ABOVE = -9  # px from the middle of a point to that of its label


def _height(frame: pd.DataFrame, look: Look) -> int:
    if look.colour is None:
        return look.height
    if look.kind == "quantitative":
        return look.height + 60
    return look.height + legend_height(frame[look.colour])


def _drags(look: Look) -> tuple[alt.Parameter, alt.Parameter]:
    """Shift turns dragging from moving to selecting, and back."""
    shifted = "[pointerdown[{}event.shiftKey], window:pointerup] > window:pointermove!"
    box_on = shifted.format("" if look.drag == "pan" else "!")
    pan_on = shifted.format("!" if look.drag == "pan" else "")
    mark = alt.BrushConfig(fill=GREY, fillOpacity=0.15, stroke=GREY)
    box = alt.selection_interval(
        name="box", on=box_on, translate=False, zoom=False, mark=mark, clear="dblclick"
    )
    panned = alt.selection_interval(
        name="panned", bind="scales", on=pan_on, translate=pan_on, zoom="wheel!", clear="dblclick"
    )
    return box, panned


def _place(frame: pd.DataFrame, look: Look) -> dict:
    # Of many points, which are drawn on a canvas, no style sheet mends the colour of words.
    hidden = HIDDEN_AXIS.copy()
    if look.ink != GREY:
        hidden.titleColor = look.ink

    def axis(name: str, title: str) -> dict:
        low, high = float(frame[name].min()), float(frame[name].max())
        edge = look.edge * (high - low or 1.0)
        return {
            "scale": alt.Scale(domain=[low - edge, high + edge], nice=False, zero=False),
            "axis": hidden,
            "title": title or None,
        }

    return {
        "x": alt.X("x:Q", **axis("x", look.axes[0])),
        "y": alt.Y("y:Q", **axis("y", look.axes[1])),
    }


def _points(frame: pd.DataFrame, look: Look) -> alt.Chart:
    # Beyond this the browser draws on a canvas, where nobody reads the descriptions of points.
    named = {} if len(frame) <= MOST_NAMED else UNNAMED
    if look.thumbnails:
        return _frames(frame, look)
    chart = alt.Chart(frame).mark_point(filled=True, opacity=0.8, size=size(len(frame)), **named)
    return chart.encode(**_place(frame, look), **_colour(frame, look))


def _frames(frame: pd.DataFrame, look: Look) -> alt.Chart:
    """The points where pictures are drawn: frames around them, which a click inside hits too."""
    marks = alt.Chart(frame).mark_point(
        filled=False, fill="transparent", shape="square", size=FRAME**2, strokeWidth=2, opacity=1
    )
    colour = {name: each for name, each in _colour(frame, look).items() if name == "color"}
    return marks.encode(**_place(frame, look), **colour)


def _pictures(frame: pd.DataFrame, look: Look) -> list[alt.Chart]:
    """The pictures in their proportions, each at its point, on squares that hide lines."""
    base = alt.Chart(frame[["x", "y"]].assign(url=list(look.thumbnails))).encode(x="x:Q", y="y:Q")
    square = {"shape": "square", "size": FRAME**2, "color": look.paper, "opacity": 1}
    images = base.mark_image(width=THUMBNAIL, height=THUMBNAIL, aspect=True, **UNNAMED)
    return [base.mark_point(filled=True, **square, **UNNAMED), images.encode(url="url:N")]


def _colour(frame: pd.DataFrame, look: Look) -> dict:
    if look.colour is None:
        return {"color": alt.value(PLAIN)}
    if look.kind == "nominal":
        return by_group(look.colour, frame[look.colour], look.ink)
    ink = {} if look.ink == GREY else {"labelColor": look.ink, "titleColor": look.ink}
    legend = alt.Legend(title=look.title or look.colour, orient="top", **ink)
    scale = alt.Scale(scheme="viridis")
    return {"color": alt.Color(f"{look.colour}:Q", legend=legend, scale=scale)}


def _rings(frame: pd.DataFrame, area: int, width: float, shape: str) -> alt.Chart:
    ring = alt.Chart(frame).mark_point(
        filled=False, size=area, strokeWidth=width, shape=shape, color=MARKED, **UNNAMED
    )
    return ring.encode(x="x:Q", y="y:Q")


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
        .mark_rule(color=MARKED, opacity=0.75, strokeWidth=1.2, **UNNAMED)
        .encode(x="x:Q", y="y:Q", x2="x2:Q", y2="y2:Q")
    )
    # Put in last: while a chart is being made, Altair refuses data of more than 5,000 rows here.
    chart.transform[LOOKUP]["from"].data = frame
    return chart


LABEL_WIDTH, LABEL_HEIGHT = 820, 440  # px that labels are placed for: of a window of 900
GROUP = -1  # the level of a group's name, which is always shown
SLACK = 0.05  # of a doubling: a window as wide as planned counts as wide enough


def label_layers(
    labels: pd.DataFrame, span: float, ink: str, paper: str, *, beside: float = ABOVE
) -> list[alt.Chart]:
    """Texts on a halo of the background. `labels`: x, y, label, level (see `label_levels`).

    The chart they join has a selection `panned` on scales; `span` is the width of its whole domain.
    `beside` is how many px below its point a text stands, negative above it.
    """
    zoom = f"(isArray(panned.x) ? {span:.8g} / abs(panned.x[1] - panned.x[0]) : 1)"
    level = f"max(0, log({zoom} * width / {LABEL_WIDTH}) / LN2 + 1) + {SLACK}"
    layers = []
    groups = labels["level"] == GROUP
    if (~groups).any():
        base = alt.Chart(labels[~groups]).transform_filter(f"datum.level <= {level}")
        layers += _texts(base, ink, paper, fontSize=11, dy=beside)
    if groups.any():
        layers += group_layers(labels[groups], ink, paper)
    return layers


def group_layers(labels: pd.DataFrame, ink: str, paper: str) -> list[alt.Chart]:
    """Names of groups in bold. `labels`: x, y, label."""
    return _texts(alt.Chart(labels), ink, paper, fontSize=13, fontWeight=700)


def _texts(base: alt.Chart, ink: str, paper: str, **font: float) -> list[alt.Chart]:
    placed = base.encode(x="x:Q", y="y:Q", text="label:N")
    return [
        placed.mark_text(stroke=paper, strokeWidth=3, strokeOpacity=0.85, limit=220, **font),
        placed.mark_text(color=ink, limit=220, **font),
    ]

"""Values of patches over a photograph in its proportions: one map, or one for each head.

Scales count pixels of the photograph, so a patch lies where the model has seen it; what the model
has not seen is dimmed.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from interp_core.charts.points import GREY, MARKED

SIDE = 500  # px of the longer side on the page
SMALL, TOGETHER = 150, 470  # px of one of many, and of all of them side by side
LABEL = 24  # px above each of many
LEGEND = 100  # px below the map
TRAVELS = 800  # px of a photograph that travels to the browser
QUALITY = 82  # of a JPEG
NEAREST = 128  # px up to which a picture is enlarged with its pixels visible
SHARP = 160  # px that a map gets at least, so that its patches have edges
# Least to most: one way from dark to light, so that it can be read without colours.
HEAT = ["#1d1145", "#57157e", "#a5296f", "#e2583e", "#f8a31c", "#fbf4a4"]
FAINT = 0.12  # opacity of a patch without weight over the photograph
DIM = {"fill": GREY, "fillOpacity": 0.72}
HOVER, CLICK = "hover", "patch"

Box = tuple[float, float, float, float]  # left, top, right, bottom in px of the photograph


def photo_url(picture: Any, longest: int = TRAVELS) -> str:
    """A photograph as a JPEG data URL; small pictures as a PNG, enlarged without blur."""
    from PIL import Image

    small, target = picture.convert("RGB"), io.BytesIO()
    if max(small.size) <= NEAREST:
        times = max(1, longest // max(small.size))
        small = small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
        small.save(target, "PNG", optimize=True)
        return _url("png", target)
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    small.save(target, "JPEG", quality=QUALITY)
    return _url("jpeg", target)


def _url(kind: str, data: io.BytesIO) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(data.getvalue()).decode()


def heat_url(
    values: np.ndarray,
    *,
    top: float,
    smooth: bool = False,
    bare: bool = False,
    side: int = SHARP,
) -> str:
    """A PNG data URL of values (rows, columns): colour tells √(value / top).

    Over a photograph faint patches let it through; `bare` maps are opaque. `smooth` interpolates
    between the middles of the patches.
    """
    from PIL import Image

    strength = np.sqrt(np.clip(values / (top or 1.0), 0, 1)).astype(np.float32)
    rows, columns = strength.shape
    times = max(1, -(-side // max(rows, columns)))
    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    whole = Image.fromarray(strength).resize((columns * times, rows * times), way)
    strength = np.asarray(whole).clip(0, 1)
    colours = _colours(strength)
    alpha = np.ones_like(strength) if bare else FAINT + (1 - FAINT) * strength
    return _png(np.dstack([colours, 255 * alpha]).round().astype(np.uint8))


def colour_url(colours: np.ndarray, side: int = SHARP) -> str:
    """A PNG data URL of colours (rows, columns, 3 or 4) uint8, each patch a square of its own."""
    times = max(1, -(-side // max(colours.shape[:2])))
    return _png(colours.repeat(times, 0).repeat(times, 1))


def _png(pixels: np.ndarray) -> str:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG", compress_level=6)
    return _url("png", target)


def _colours(strength: np.ndarray) -> np.ndarray:
    """(…, 3) colours of strengths from 0 to 1."""
    stops = np.array([[int(each[n : n + 2], 16) for n in (1, 3, 5)] for each in HEAT])
    places = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(strength, places, stops[:, n]) for n in range(3)], axis=-1)


def photo_map(
    frame: pd.DataFrame,
    photo: str,
    *,
    size: tuple[int, int],
    region: Box,
    title: str,
    top: float,
    opacity: float = 0.7,
    smooth: bool = False,
    bare: bool = False,
    query: tuple[int, int] | None = None,
    hovered: Sequence[str] | None = None,
    side: int = SIDE,
) -> alt.LayerChart:
    """A map over the photograph at the URL `photo`, or alone (`bare`).

    `frame`: row, column, value (shown √(value / `top`)). `size` (width, height) is that of the
    photograph and `region` the box that the patches cover, both in pixels of it. `query` is
    framed. `hovered` has a `heat_url` for each patch, row by row: shown while the pointer is on it.
    Selection: `patch` (row, column).
    """
    rows, columns = int(frame["row"].max()) + 1, int(frame["column"].max()) + 1
    values = np.zeros((rows, columns))
    values[frame["row"], frame["column"]] = frame["value"]
    plane = PhotoPlane(around(size, region), side, LEGEND)
    strong = 1.0 if bare else opacity
    layers = [] if bare else [plane.image(photo, (0, 0, *size)), *_dimmed(plane, size, region)]
    heat = heat_url(values, top=top, smooth=smooth, bare=bare)
    layers.append(_heat(plane, region, [heat, *(hovered or ())], columns, strong, smooth))
    layers.append(plane.frame(region))
    layers.append(_cells(plane, frame, region, (rows, columns), title, top, bool(hovered)))
    if query is not None:
        place = frame[(frame["row"] == query[0]) & (frame["column"] == query[1])]
        at = _placed(place, region, (rows, columns))
        layers.append(
            alt.Chart(at)
            .mark_rect(fill=None, stroke=MARKED, strokeWidth=3)
            .encode(**plane.at("left", "top", "right", "bottom"))
        )
    return plane.sized(alt.layer(*layers))


class PhotoPlane:
    """Pixels of a photograph on the page: as large as there is room for, and never stretched."""

    def __init__(self, box: Box, side: int, below: int = 0) -> None:
        left, top, right, bottom = box
        wide, high = right - left, bottom - top
        times = side / max(wide, high)
        self.width, self.height = round(times * wide), round(times * high)
        self._below = below
        self.times = f"min(width / {wide:.6g}, height / {high:.6g})"
        self._x = self._scale([left, right], wide)
        self._y = self._scale([top, bottom], high)

    def _scale(self, domain: list[float], length: float) -> alt.Scale:
        ends = [0, alt.expr(f"{length:.6g} * {self.times}")]
        return alt.Scale(domain=domain, range=ends, nice=False, zero=False)

    def at(self, x: str, y: str, x2: str | None = None, y2: str | None = None) -> dict:
        """Encodings of the columns that hold places."""
        found = {
            "x": alt.X(f"{x}:Q", scale=self._x, axis=None),
            "y": alt.Y(f"{y}:Q", scale=self._y, axis=None),
        }
        return found | ({"x2": f"{x2}:Q", "y2": f"{y2}:Q"} if x2 else {})

    def px(self, length: float) -> Any:
        """A length of the photograph on the page."""
        return alt.expr(f"{length:.6g} * {self.times}")

    def image(self, url: str, box: Box, **more: Any) -> alt.Chart:
        """A picture in a box."""
        data = pd.DataFrame({"x": [box[0]], "y": [box[1]]})
        mark = self.mark(alt.Chart(data), box, url=url, **more)
        return mark.encode(**self.at("x", "y"))

    def mark(self, chart: alt.Chart, box: Box, **more: Any) -> alt.Chart:
        """An image as large as a box, whose upper left corner is encoded."""
        return chart.mark_image(
            width=self.px(box[2] - box[0]),
            height=self.px(box[3] - box[1]),
            align="left",
            baseline="top",
            aspect=False,
            **more,
        )

    def frame(self, box: Box) -> alt.Chart:
        """A thin line around a box."""
        data = pd.DataFrame([dict(zip(("left", "top", "right", "bottom"), box))])
        marks = alt.Chart(data).mark_rect(fill=None, stroke=GREY, strokeWidth=1)
        return marks.encode(**self.at("left", "top", "right", "bottom"))

    def sized(self, chart: alt.LayerChart) -> alt.LayerChart:
        """The chart in its size on the page."""
        return chart.properties(
            width=self.width,
            height=self.height + self._below,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        )


def around(size: tuple[int, int], region: Box) -> Box:
    """The photograph and what the model has seen beside it."""
    return (min(0, region[0]), min(0, region[1]), max(size[0], region[2]), max(size[1], region[3]))


def _dimmed(plane: PhotoPlane, size: tuple[int, int], region: Box) -> list[alt.Chart]:
    """What of the photograph the patches do not cover, as at most four bands."""
    wide, high = size
    left, top, right, bottom = region
    inner = (max(0, top), min(high, bottom))
    bands = [
        (0, 0, wide, top),
        (0, bottom, wide, high),
        (0, inner[0], left, inner[1]),
        (right, inner[0], wide, inner[1]),
    ]
    kept = [band for band in bands if band[2] > band[0] and band[3] > band[1]]
    if not kept:
        return []
    return [dimmed(plane, pd.DataFrame(kept, columns=["left", "top", "right", "bottom"]))]


def dimmed(plane: PhotoPlane, bands: pd.DataFrame) -> alt.Chart:
    """Bands (left, top, right, bottom) that the model does not see."""
    return alt.Chart(bands).mark_rect(**DIM).encode(**plane.at("left", "top", "right", "bottom"))


def _heat(
    plane: PhotoPlane, region: Box, urls: Sequence[str], columns: int, opacity: float, smooth: bool
) -> alt.Chart:
    """The map that is kept, and while the pointer is on a patch that patch's own."""
    others = np.arange(-1, len(urls) - 1)
    data = pd.DataFrame(
        {
            "x": region[0],
            "y": region[1],
            "url": urls,
            "at_row": np.where(others < 0, -1, others // columns),
            "at_column": np.where(others < 0, -1, others % columns),
        }
    )
    marks = plane.mark(alt.Chart(data), region, opacity=opacity, smooth=smooth)
    if len(urls) > 1:
        marks = marks.transform_filter(
            f"isDefined({HOVER}.row) ? datum.at_row === {HOVER}.row[0] && "
            f"datum.at_column === {HOVER}.column[0] : datum.at_row < 0"
        )
    return marks.encode(**plane.at("x", "y"), url="url:N")


def _placed(frame: pd.DataFrame, region: Box, grid: tuple[int, int]) -> pd.DataFrame:
    """The frame with the box of each patch."""
    left, top, right, bottom = region
    broad, tall = (right - left) / grid[1], (bottom - top) / grid[0]
    x, y = left + frame["column"] * broad, top + frame["row"] * tall
    return frame.assign(left=x, top=y, right=x + broad, bottom=y + tall)


def _cells(
    plane: PhotoPlane,
    frame: pd.DataFrame,
    region: Box,
    grid: tuple[int, int],
    title: str,
    top: float,
    hovers: bool,
) -> alt.Chart:
    """Transparent patches: what tells a value, is clicked and pointed at; and the legend."""
    click = alt.selection_point(name=CLICK, fields=["row", "column"], on="click", empty=False)
    hover = alt.selection_point(
        name=HOVER, fields=["row", "column"], on="pointerover", clear="pointerout", empty=False
    )
    legend = alt.Legend(
        title=title,
        orient="bottom",
        gradientLength=200,
        gradientThickness=10,
        gradientOpacity=1,
        format=".2~g",
        values=[0, top / 4, top],  # evenly apart on a scale of square roots
    )
    scale = alt.Scale(
        type="sqrt", domain=[0, top], range=HEAT, interpolate="rgb", clamp=True, nice=False
    )
    marks = alt.Chart(_placed(frame, region, grid)).mark_rect(fillOpacity=0, cursor="pointer")
    marks = marks.encode(
        **plane.at("left", "top", "right", "bottom"),
        fill=alt.Fill("value:Q", scale=scale, legend=legend),
        stroke=alt.condition(hover, alt.value(MARKED), alt.value("transparent")),
        tooltip=[
            alt.Tooltip("row:O"),
            alt.Tooltip("column:O"),
            alt.Tooltip("value:Q", title=title, format=".4f"),
        ],
    )
    return marks.add_params(click, hover)


def head_maps(
    frame: pd.DataFrame,
    photo: str,
    *,
    size: tuple[int, int],
    region: Box,
    opacity: float = 0.7,
    bare: bool = False,
    columns: int = 3,
    width: int = TOGETHER,
) -> alt.LayerChart:
    """One small map for each head over the photograph, row by row; a click picks a head.

    `frame`: name (above the map), number, url (a `heat_url`), chosen, and weight and place of its
    strongest patch in words (`strongest`) for the tooltip. Selection: `head` (number).
    """
    shown = around(size, region)
    wide, high = shown[2] - shown[0], shown[3] - shown[1]
    count = len(frame)
    columns = min(columns, count)
    gap = 0.05 * wide
    px = width / (columns * (wide + gap) - gap)
    label = LABEL / px
    x = (np.arange(count) % columns) * (wide + gap)
    y = (np.arange(count) // columns) * (high + label) + label
    rows = -(-count // columns)
    whole = (0.0, 0.0, columns * (wide + gap) - gap, rows * (high + label))
    plane = PhotoPlane(whole, round(px * max(whole[2], whole[3])))
    data = frame.assign(
        left=x,
        top=y,
        right=x + wide,
        bottom=y + high,
        photo_x=x - shown[0],
        photo_y=y - shown[1],
        map_x=x - shown[0] + region[0],
        map_y=y - shown[1] + region[1],
        label_y=y - 0.2 * label,
    )
    layers = []
    if not bare:
        photos = plane.mark(alt.Chart(), (0, 0, *size), url=photo)
        layers.append(photos.encode(**plane.at("photo_x", "photo_y")))
    heat = plane.mark(alt.Chart(), region, opacity=1.0 if bare else opacity)
    layers.append(heat.encode(**plane.at("map_x", "map_y"), url="url:N"))
    click = alt.selection_point(name="head", fields=["number"], on="click", empty=False)
    frames = (
        alt.Chart()
        .mark_rect(fill="transparent", cursor="pointer")
        .encode(
            **plane.at("left", "top", "right", "bottom"),
            stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(GREY)),
            strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(0.8)),
            tooltip=[
                alt.Tooltip("name:N", title="head"),
                alt.Tooltip("strongest:N", title="strongest patch"),
            ],
        )
        .add_params(click)
    )
    names = alt.Chart().mark_text(align="left", baseline="bottom", color=GREY, fontSize=12)
    names = names.encode(**plane.at("left", "label_y"), text="name:N")
    return plane.sized(alt.layer(*layers, frames, names, data=data))

"""A value for each patch, laid over the picture that the patches are cut from."""

from __future__ import annotations

import base64
import io
from typing import Any

import altair as alt
import pandas as pd

from interp_core.charts.axes import colours
from interp_core.charts.heatmaps import below_zero, largest
from interp_core.charts.points import MARKED, POSITIVE, diverging

SIDE = 272  # px of the longer side on the page: three stand side by side in a narrow window
TITLE, LEGEND = 62, 66  # px above and below the picture
GREATEST = 512  # px of the picture that travels to the browser
MOST_DASHED = 16  # patches a side; dashes in smaller ones would cover them


def data_url(picture: Any) -> str:
    """The picture as a PNG data URL; small ones are enlarged without blur."""
    from PIL import Image

    small = picture.convert("RGB")
    if max(small.size) < GREATEST:
        times = GREATEST // max(small.size)
        small = small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
    small.thumbnail((GREATEST, GREATEST))
    target = io.BytesIO()
    small.save(target, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


def overlay(
    frame: pd.DataFrame,
    url: str | None,
    *,
    title: str,
    signed: bool = False,
    query: tuple[int, int] | None = None,
    side: int = SIDE,
    text_format: str = ".4f",
    aspect: float = 1.0,
) -> alt.LayerChart:
    """Opacity tells a patch's value over the picture at `url`; a click picks a patch.

    `frame`: row, column, value. `query` is a patch that is framed. Without `url` the values stand
    alone. With `signed` they must: opacity over dark pixels hides a colour, so signed values have
    a diverging scale with figures, and a dash where they are clearly negative. A patch is `aspect`
    times as wide as high. Selection: `patch` (row, column).
    """
    rows, columns = int(frame["row"].max()) + 1, int(frame["column"].max()) + 1
    longest = max(rows, columns)
    top = largest(frame["value"])
    drawn = frame.assign(
        strength=frame["value"].abs() / top,
        right=frame["column"] + 1,
        below=frame["row"] + 1,
    )
    bare = {"axis": None}
    x = alt.X("column:Q", scale=alt.Scale(domain=[0, columns], nice=False), **bare)
    y = alt.Y("row:Q", scale=alt.Scale(domain=[0, rows], reverse=True, nice=False), **bare)
    click = alt.selection_point(name="patch", fields=["row", "column"], on="click", empty=False)
    if signed:
        ends = diverging(top)
        legend = colours(None, gradientLength=200, format="+.2~f")
        look = {"color": alt.Color("value:Q", scale=ends, legend=legend)}
    else:
        shade = alt.Scale(domain=[0, 1], range=[0, 0.9])
        look = {
            "color": alt.value(POSITIVE),
            "opacity": alt.Opacity("strength:Q", scale=shade, legend=None),
        }
    cells = (
        alt.Chart(drawn)
        .mark_rect(cursor="crosshair")
        .encode(
            x=x,
            y=y,
            x2="right:Q",
            y2="below:Q",
            **look,
            tooltip=["row", "column", alt.Tooltip("value:Q", title=title, format=text_format)],
        )
        .add_params(click)
    )
    layers = [cells]
    if signed and longest <= MOST_DASHED:
        layers.append(_dashes(drawn, x, y, top))
    if url:
        layers.insert(0, _picture(url, rows, columns))
    if query is not None:
        framed = pd.DataFrame(
            {
                "row": [query[0]],
                "column": [query[1]],
                "right": [query[1] + 1],
                "below": [query[0] + 1],
            }
        )
        layers.append(
            alt.Chart(framed)
            .mark_rect(fill=None, stroke=MARKED, strokeWidth=3)
            .encode(x="column:Q", y="row:Q", x2="right:Q", y2="below:Q")
        )
    beside = TITLE + (LEGEND if signed else 0)  # the height on the page includes them
    size = _size(rows, columns, side, beside, aspect)
    return alt.layer(*layers).properties(title=title, **size)


def picture_alone(
    url: str, rows: int, columns: int, *, title: str, side: int = SIDE, aspect: float = 1.0
) -> alt.LayerChart:
    """The picture, as large as the `overlay` of its rows and columns of patches."""
    size = _size(rows, columns, side, TITLE, aspect)
    return alt.layer(_picture(url, rows, columns)).properties(title=title, **size)


def _picture(url: str, rows: int, columns: int) -> alt.Chart:
    bare = {"axis": None}
    whole = pd.DataFrame({"x": [columns / 2], "y": [rows / 2], "url": [url]})
    marks = alt.Chart(whole).mark_image(
        width=alt.expr("width"), height=alt.expr("height"), aspect=False
    )
    return marks.encode(
        x=alt.X("x:Q", scale=alt.Scale(domain=[0, columns], nice=False), **bare),
        y=alt.Y("y:Q", scale=alt.Scale(domain=[0, rows], reverse=True, nice=False), **bare),
        url="url:N",
    )


def _size(rows: int, columns: int, side: int, beside: int, aspect: float) -> dict:
    longest = max(rows, aspect * columns)
    return {
        "width": round(side * aspect * columns / longest),
        "height": round(side * rows / longest) + beside,
        # As on the page, so that patches keep their shape in a file too.
        "autosize": alt.AutoSizeParams(type="fit", contains="padding"),
    }


def _dashes(drawn: pd.DataFrame, x: alt.X, y: alt.Y, bound: float) -> alt.Chart:
    """A dash in the middle of each patch that clearly takes away."""
    middle = drawn.assign(column=drawn["column"] + 0.5, row=drawn["row"] + 0.5)
    return below_zero(alt.Chart(middle).encode(x=x, y=y), "value", bound)


PANEL = 220  # px of the longer side of a picture of coloured patches


def coloured_patches(frame: pd.DataFrame, title: str) -> alt.Chart:
    """Patches in colours of their own. `frame`: row, column, bottom, right, colour (hex), and
    columns that begin with "component"."""
    rows, columns = int(frame["bottom"].max()), int(frame["right"].max())
    longest, bare = max(rows, columns), {"axis": None}
    x = alt.X("column:Q", scale=alt.Scale(domain=[0, columns], nice=False), **bare)
    y = alt.Y("row:Q", scale=alt.Scale(domain=[0, rows], nice=False, reverse=True), **bare)
    told = [name for name in frame if name.startswith("component")]
    return (
        alt.Chart(frame, title=title)
        .mark_rect()
        .encode(
            x=x,
            x2="right:Q",
            y=y,
            y2="bottom:Q",
            color=alt.Color("colour:N", scale=None),
            tooltip=[
                "row:O",
                "column:O",
                *(alt.Tooltip(f"{name}:Q", format="+.2f") for name in told),
            ],
        )
        .properties(width=PANEL * columns / longest, height=PANEL * rows / longest)
    )

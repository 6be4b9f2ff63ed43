"""A value for each patch, laid over the picture that the patches are cut from."""

from __future__ import annotations

import base64
import io
from typing import Any

import altair as alt
import pandas as pd

from interp_core.charts.heatmaps import below_zero, largest
from interp_core.charts.scatter import MARKED

SIDE = 396  # px of the longer side on the page: two stand side by side on a laptop
TITLE, LEGEND = 34, 42  # px above and below the picture
GREATEST = 512  # px of the picture that travels to the browser
MOST_DASHED = 16  # patches a side; dashes in smaller ones would cover them
INK = {"light": "#2f6fd6", "dark": "#2f6fd6"}
POSITIVE, NEGATIVE = "#1f5fbf", "#d95f02"


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
) -> alt.LayerChart:
    """Opacity tells the size of a patch's value, colour and a dash its sign; a click picks a patch.

    `frame`: row, column, value. `query` is a patch that is framed. Without `url` the values stand
    alone. Selection: `patch` (row, column).
    """
    rows, columns = int(frame["row"].max()) + 1, int(frame["column"].max()) + 1
    longest = max(rows, columns)
    top = largest(frame["value"])
    drawn = frame.assign(
        strength=frame["value"].abs() / top,
        side=["adds" if value >= 0 else "takes away" for value in frame["value"]],
        right=frame["column"] + 1,
        below=frame["row"] + 1,
    )
    bare = {"axis": None}
    x = alt.X("column:Q", scale=alt.Scale(domain=[0, columns], nice=False), **bare)
    y = alt.Y("row:Q", scale=alt.Scale(domain=[0, rows], reverse=True, nice=False), **bare)
    click = alt.selection_point(name="patch", fields=["row", "column"], on="click", empty=False)
    scale = alt.Scale(domain=["adds", "takes away"], range=[POSITIVE, NEGATIVE])
    legend = alt.Legend(title=None, orient="bottom") if signed else None
    cells = (
        alt.Chart(drawn)
        .mark_rect(cursor="crosshair")
        .encode(
            x=x,
            y=y,
            x2="right:Q",
            y2="below:Q",
            color=alt.Color("side:N", scale=scale, legend=legend),
            opacity=alt.Opacity(
                "strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.9]), legend=None
            ),
            tooltip=["row", "column", alt.Tooltip("value:Q", title=title, format=text_format)],
        )
        .add_params(click)
    )
    layers = [cells]
    if signed and longest <= MOST_DASHED:
        layers.append(_dashes(drawn, x, y, top))
    if url:
        whole = pd.DataFrame({"x": [columns / 2], "y": [rows / 2], "url": [url]})
        picture = alt.Chart(whole).mark_image(
            width=alt.expr("width"), height=alt.expr("height"), aspect=False
        )
        layers.insert(
            0,
            picture.encode(
                x=alt.X("x:Q", scale=alt.Scale(domain=[0, columns], nice=False), **bare),
                y=alt.Y("y:Q", scale=alt.Scale(domain=[0, rows], reverse=True, nice=False), **bare),
                url="url:N",
            ),
        )
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
    return alt.layer(*layers).properties(
        width=round(side * columns / longest),
        height=round(side * rows / longest) + beside,
        title=title,
        # As on the page, so that patches are square in a file too.
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
    )


def _dashes(drawn: pd.DataFrame, x: alt.X, y: alt.Y, bound: float) -> alt.LayerChart:
    """A dash in the middle of each patch that clearly takes away."""
    middle = drawn.assign(column=drawn["column"] + 0.5, row=drawn["row"] + 0.5)
    return below_zero(alt.Chart(middle).encode(x=x, y=y), "value", bound)

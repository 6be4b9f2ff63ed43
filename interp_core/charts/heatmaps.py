"""Heatmaps: one map with numbers on hover, a signed difference, a whole map as a picture, and
every layer × head as a small picture in one grid; click one to open it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from interp_core.charts.axes import by_head, colours
from interp_core.charts.points import GREY, MARKED, diverging

CELL = 32  # px; smaller cells for longer texts, never below the size that can be hovered
MIN_CELL = 9
MAX_SIDE = 680
COMPACT_SIDE = 210
OWN_SCALE = "color"  # as Vega calls the scale of colours of a chart that stands alone
LIGHT = 0.179  # luminance of a colour on which black and white are read equally well
CLEARLY = 0.08  # of the largest value: smaller negative ones get no dash
LABELS = 130  # px that the query labels take beside the cells


def label_room(tokens: Sequence[str]) -> int:
    """px that the labels of the rows take."""
    return min(LABELS, 16 + 7 * max(map(len, tokens), default=0))


def compact_width(queries: Sequence[str], keys: Sequence[str]) -> int:
    """px of a compact map whose cells are square."""
    side = cell_size(max(len(queries), len(keys)), COMPACT_SIDE)
    return max(COMPACT_SIDE, len(keys) * side + label_room(queries))


def cell_size(count: int, side: int = MAX_SIDE) -> int:
    """Side of a cell in px so that `count` of them fit into `side` px."""
    return max(MIN_CELL if side == MAX_SIDE else 6, min(CELL, side // max(count, 1)))


def heatmap(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    value: str,
    title: str = "",
    signed: bool = False,
    domain: tuple[float, float] | None = None,
    compact: bool = False,
) -> alt.Chart | alt.LayerChart:
    """A heatmap of `value` over two columns of token keys (see `token_keys`).

    `signed` uses a diverging scale centred on zero, and a dash in cells clearly below it. `domain`
    fixes the scale. `compact` makes three of them fit side by side.
    """
    if signed and domain is None:
        domain = (-largest(frame[value]), largest(frame[value]))
    if domain is None and frame[value].isna().all():
        domain = (0.0, 1.0)
    scale = _scale(domain, signed)
    rows, columns = list(dict.fromkeys(frame[y])), list(dict.fromkeys(frame[x]))
    side = cell_size(max(len(rows), len(columns)), COMPACT_SIDE if compact else MAX_SIDE)
    legend = colours(title, format=".2~f", gradientLength=180)
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:N", sort=columns, axis=token_axis(angle=-60, orient="top")),
        y=alt.Y(f"{y}:N", sort=rows, axis=token_axis(limit=130)),
        tooltip=_tooltips(frame, value, title),
    )
    chart = base.mark_rect(cornerRadius=1).encode(
        color=alt.Color(f"{value}:Q", scale=scale, legend=legend)
    )
    if signed:
        chart = alt.layer(chart, below_zero(base, value, largest(frame[value])))
    return chart.properties(width=alt.Step(side), height=alt.Step(side))


def below_zero(base: alt.Chart, value: str, bound: float, **place: float) -> alt.Chart:
    """Dashes in the cells whose value is clearly negative: signs that survive greyscale."""
    low = base.transform_filter(f"datum['{value}'] < {-CLEARLY * bound}")
    return printed(low, value, **{"text": "–", "fontWeight": 700, "aria": False, **place})


def printed(base: alt.Chart, value: str, **font: Any) -> alt.Chart:
    """Text on cells that are coloured by `value`."""
    return base.mark_text(
        **{"fontSize": 11, "fontWeight": 600, "color": alt.expr(ink_on(value))} | font
    )


def ink_on(value: str, scale: str = OWN_SCALE) -> str:
    """An expression: black or white, whichever is read better on the colour of a cell.

    The theme gives the colours, so that only the browser knows them. Grey where there is no value
    and so no colour.
    """
    light = f"luminance(scale('{scale}', datum['{value}'])) > {LIGHT}"
    return f"isValid(datum['{value}']) ? ({light} ? 'black' : 'white') : '{GREY}'"


def _scale(domain: tuple[float, float] | None, signed: bool) -> alt.Scale:
    if signed and domain is not None:
        return diverging(domain[1])
    return alt.Scale() if domain is None else alt.Scale(domain=list(domain))


def _tooltips(frame: pd.DataFrame, value: str, title: str) -> list[alt.Tooltip]:
    shown = [name for name in ("query", "key", "layer", "head") if name in frame]
    kinds = {"query": "N", "key": "N", "layer": "O", "head": "O"}
    return [
        *(alt.Tooltip(f"{name}:{kinds[name]}", title=name) for name in shown),
        alt.Tooltip(f"{value}:Q", title=title or value, format=".4f"),
    ]


def map_picture(
    frame: pd.DataFrame, blocks: pd.DataFrame, *, size: int, selection: str
) -> alt.LayerChart:
    """A whole map as one picture with the zoomed window framed; click moves the window.

    `frame` has one row: url, tokens (n), and the window q0, q1, k0, k1. `blocks` has the clickable
    areas: q0, q1, k0, k1, query, key, weight (the largest inside).
    """
    keys, queries = float(frame["keys"].iloc[0]), float(frame["queries"].iloc[0])
    x = {"scale": alt.Scale(domain=[0, keys], nice=False), "axis": None}
    y = {"scale": alt.Scale(domain=[queries, 0], nice=False), "axis": None}
    image = (
        alt.Chart(frame)
        .mark_image(
            align="left",
            baseline="top",
            width=alt.expr("width"),
            height=alt.expr("height"),
            aspect=False,
            smooth=False,
        )
        .encode(x=alt.X("zero:Q", **x), y=alt.Y("zero:Q", **y), url="url:N")
    )
    click = alt.selection_point(name=selection, fields=["q0", "k0"], on="click")
    areas = (
        alt.Chart(blocks)
        .mark_rect(fill="transparent", stroke="transparent", cursor="pointer")
        .encode(
            x=alt.X("k0:Q", **x),
            x2="k1:Q",
            y=alt.Y("q0:Q", **y),
            y2="q1:Q",
            tooltip=[
                alt.Tooltip("query:N", title="queries"),
                alt.Tooltip("key:N", title="keys"),
                alt.Tooltip("weight:Q", title="largest weight", format=".4f"),
            ],
        )
        .add_params(click)
    )
    window = (
        alt.Chart(frame)
        .mark_rect(filled=False, strokeWidth=2, stroke=MARKED)
        .encode(x=alt.X("k0:Q", **x), x2="k1:Q", y=alt.Y("q0:Q", **y), y2="q1:Q")
    )
    border = (
        alt.Chart(frame)
        .mark_rect(filled=False, stroke=GREY, strokeWidth=1)
        .encode(x=alt.X("zero:Q", **x), x2="keys:Q", y=alt.Y("zero:Q", **y), y2="queries:Q")
    )
    return alt.layer(image, border, window, areas).properties(width=size, height=size + 22)


PRINT_TOKEN = "slice(datum.value, indexof(datum.value, '|') + 1)"


def largest(values: pd.Series) -> float:
    """The largest size among the values, for a scale: 1 where all are zero or none is a number."""
    sizes = np.abs(values.to_numpy(dtype=float))
    return float(sizes[np.isfinite(sizes)].max(initial=0.0)) or 1.0


def scale_of(values: pd.Series, **options: Any) -> alt.Scale:
    """A scale for the values; from 0 to 1 where none is a number, or Vega would print NaN."""
    return alt.Scale(**({} if values.notna().any() else {"domain": [0, 1]}), **options)


def token_keys(tokens: Sequence[str], *, first: int = 0) -> list[str]:
    """`"3|cat"` for the token at place 3: unique, in order, and printable by `token_axis`."""
    return [f"{place}|{token}" for place, token in enumerate(tokens, first)]


def token_axis(*, angle: int = 0, limit: int = 110, orient: str | None = None) -> alt.Axis:
    """An axis that prints the token of each key."""
    placed = {"orient": orient} if orient else {}
    return alt.Axis(
        title=None,
        labelExpr=PRINT_TOKEN,
        labelAngle=angle,
        labelLimit=limit,
        labelOverlap=False,
        labelFlush=False,
        ticks=False,
        domain=False,
        grid=False,
        labelPadding=6,
        **placed,
    )


ROW, LEAST = 84, 18  # px from one small picture to the next
SCREEN, ACROSS = 600, 1_000  # px that all of them take at most, down and across
AXIS = 40  # px of the head numbers, which the height includes
GAP = 6  # px between pictures


def overview(
    frame: pd.DataFrame, *, selection: str = "head", aspect: float = 1.0
) -> alt.LayerChart:
    """A grid of pictures, each `aspect` times as wide as high. `frame`: layer, head, url, and
    columns for the tooltip.

    Tooltip columns, shares between 0 and 1 unless said otherwise: entropy (nats), top_key, special,
    previous, next, itself. `chosen` marks the open head.
    """
    heads, rows = frame["head"].nunique(), frame["layer"].nunique()
    side = panel_side(rows, heads, aspect)
    place = by_head()
    # Never stretched, whatever the width of the page, or a diagonal would not look like one.
    room = f"max(min(width / {heads} - {GAP}, {aspect:.6g} * (height / {rows} - {GAP})), 8)"
    shape = {"width": alt.expr(room), "height": alt.expr(f"{room} / {aspect:.6g}")}
    pictures = alt.Chart().mark_image(**shape, aspect=False, smooth=False)
    pictures = pictures.encode(**place, url="url:N")
    click = alt.selection_point(name=selection, fields=["layer", "head"], on="click")
    hover = alt.selection_point(name=f"{selection}_hover", on="pointerover", empty=False)
    frames = (
        alt.Chart()
        .mark_rect(fill="transparent", cursor="pointer", cornerRadius=2, **shape)
        .encode(
            **place,
            stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(GREY)),
            strokeWidth=_thick(hover),
            tooltip=_panel_tooltips(frame),
        )
        .add_params(click, hover)
    )
    # Data once for both: Altair would compare the two frames with each other.
    return alt.layer(pictures, frames, data=frame, height=side * rows + AXIS)


def _thick(hover: alt.Parameter) -> dict:
    """The open head has a frame of its own colour; the one under the pointer a thicker one."""
    chosen = {"test": "datum.chosen", "value": 2.5}
    return alt.StrokeWidthValue(
        0.8, condition=[chosen, {"param": hover.name, "empty": False, "value": 2}]
    )


def panel_side(layers: int, heads: int, aspect: float = 1.0) -> int:
    """Height of a small picture in px, `aspect` times as wide, so that all fit into one screen."""
    return max(LEAST, min(ROW, SCREEN // layers, int(ACROSS / heads / aspect)))


_SHARES = {
    "special": "to special tokens",
    "previous": "to the previous token",
    "next": "to the next token",
    "itself": "to itself",
}


def _panel_tooltips(frame: pd.DataFrame) -> list[alt.Tooltip]:
    shares = [
        alt.Tooltip(f"{name}:Q", title=title, format=".0%")
        for name, title in _SHARES.items()
        if name in frame
    ]
    extra = []
    if "entropy" in frame:
        extra.append(alt.Tooltip("entropy:Q", title="mean entropy (nats)", format=".2f"))
    if "top_key" in frame:
        extra.append(alt.Tooltip("top_key:N", title="token with the most attention"))
    if "kv_group" in frame:
        extra.append(alt.Tooltip("kv_group:O", title="shares keys and values in group"))
    return [alt.Tooltip("layer:O"), alt.Tooltip("head:O"), *extra, *shares]


INK = (64, 126, 230)  # readable on white and on near-black; strength is told by opacity
SHADES = 256


def shrink(weights: np.ndarray, size: int) -> np.ndarray:
    """Reduce a map to at most size × size by the maximum of each block, so that no line is lost."""
    if max(weights.shape) <= size:
        return weights
    rows, columns = (_edges(length, size) for length in weights.shape)
    reduced = np.maximum.reduceat(weights, rows, axis=0)
    return np.maximum.reduceat(reduced, columns, axis=1)


def _edges(length: int, size: int) -> np.ndarray:
    count = min(length, size)
    return np.arange(count) * length // count


def picture_url(weights: np.ndarray, *, top: float = 1.0) -> str:
    """A PNG data URL whose opacity is √(weight / top), transparent at zero.

    The square root keeps faint lines visible; say so beside the picture.
    """
    from PIL import Image

    strength = np.sqrt(np.clip(weights / (top or 1.0), 0, 1))
    shades = (strength * (SHADES - 1)).astype(np.uint8)
    picture, transparent = Image.fromarray(shades, mode="P"), {"transparency": bytes(range(SHADES))}
    if shades.size < SHADES * 4:  # a palette would take more than four numbers for each cell
        ink = [np.full_like(shades, colour) for colour in INK]
        picture, transparent = Image.fromarray(np.dstack([*ink, shades])), {}
    else:
        picture.putpalette(bytes(INK) * SHADES)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1, **transparent)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

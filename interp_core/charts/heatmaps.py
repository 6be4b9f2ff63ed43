"""Heatmaps: one map with numbers on hover, a signed difference, a whole map as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

CELL = 32  # px; smaller cells for longer texts, never below the size that can be hovered
MIN_CELL = 9
MAX_SIDE = 680
COMPACT_SIDE = 210
ON_CELLS = "#17202c"  # of text with a white halo, readable on any colour
CLEARLY = 0.08  # of the largest value: smaller negative ones get no dash
LABELS = 130  # px that the query labels take beside the cells


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
    if domain is None and frame[value].isna().all():
        domain = (-1.0 if signed else 0.0, 1.0)
    scale = _scale(domain, signed)
    rows, columns = list(dict.fromkeys(frame[y])), list(dict.fromkeys(frame[x]))
    side = cell_size(max(len(rows), len(columns)), COMPACT_SIDE if compact else MAX_SIDE)
    legend = alt.Legend(title=title, format=".2~f", orient="bottom", gradientLength=180)
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


def below_zero(base: alt.Chart, value: str, bound: float, **place: float) -> alt.LayerChart:
    """Dashes in the cells whose value is clearly negative: signs that survive greyscale."""
    low = base.transform_filter(f"datum['{value}'] < {-CLEARLY * bound}")
    dash = {"text": "–", "fontSize": 11, "fontWeight": 700, "aria": False, **place}
    halo = low.mark_text(stroke="white", strokeWidth=3, strokeOpacity=0.8, **dash)
    return alt.layer(halo, low.mark_text(color=ON_CELLS, **dash))


def _scale(domain: tuple[float, float] | None, signed: bool) -> alt.Scale:
    options: dict = {}
    if domain is not None:
        options["domain"] = list(domain)
    if signed:
        options["domainMid"] = 0
    return alt.Scale(**options)


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
        .mark_rect(filled=False, strokeWidth=2, stroke="#d55e00")
        .encode(x=alt.X("k0:Q", **x), x2="k1:Q", y=alt.Y("q0:Q", **y), y2="q1:Q")
    )
    border = (
        alt.Chart(frame)
        .mark_rect(filled=False, stroke="#8896a8", strokeWidth=1)
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
        ticks=False,
        domain=False,
        grid=False,
        labelPadding=6,
        **placed,
    )

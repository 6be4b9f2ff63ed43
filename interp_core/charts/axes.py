"""The axes of all charts: few ticks, and labels that stand where their marks are."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

SIDE = 380  # px of a plot whose axes are alike, with its axes
LEGEND = 34  # px of a legend in one line above a plot
TICKS = 6  # wished for: round numbers make five to seven of them
# What d3 is asked for: it makes up to √2 times as many steps, so there are at most seven ticks.
ASKED = 4.9
# Of bands such as layers and heads: labels alone.
BANDS = {
    "ticks": False,
    "domain": False,
    "grid": False,
    "labelPadding": 6,
    "labelAngle": 0,
    "labelFlush": False,
}


def measured(**more: Any) -> alt.Axis:
    """An axis of amounts; `more` are further properties, such as the format "%".

    A format with a sign, such as "+.2f", leaves zero without one.
    """
    return alt.Axis(**{"tickCount": ASKED, "labelFlush": False} | _without_a_sign_at_zero(more))


def _without_a_sign_at_zero(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of an axis or a legend whose format has a sign: zero has none."""
    signed = properties.get("format", "")
    if not signed.startswith("+"):
        return properties
    return properties | {"labelExpr": f"datum.value == 0 ? '0' : format(datum.value, '{signed}')"}


def round_numbers(low: float, high: float) -> list[float]:
    """About `TICKS` round numbers from `low` to `high`: of bins, Vega would mark every edge."""
    span = (high - low) / (TICKS - 1)
    if not (math.isfinite(span) and span > 0):
        return [low]
    unit = 10.0 ** math.floor(math.log10(span))
    step = unit * next(times for times in (1, 2, 5, 10) if times * unit >= span * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def of_bars(**more: Any) -> alt.Axis:
    """An axis of amounts along lying bars, which need no lines across."""
    return measured(**{"grid": False, "ticks": True} | more)


def named(**more: Any) -> alt.Axis:
    """An axis of names or whole numbers, upright."""
    return alt.Axis(**{"labelAngle": 0, "labelFlush": False, "grid": False} | more)


def colours(title: str | None, **more: Any) -> alt.Legend:
    """The legend of a map's colours, below it, with room for the whole title."""
    place = {"orient": "bottom", "gradientLength": 220, "titleLimit": 400}
    return alt.Legend(title=title, **place | _without_a_sign_at_zero(more))


def head_room(heads: int) -> int | None:
    """px in which the cells of a map of few heads are not stretched; None: what the page has."""
    return 90 + 80 * heads if heads < 12 else None


def by_head() -> dict[str, alt.X | alt.Y]:
    """The places of a map of layer × head, as arguments of `encode`."""
    return {
        "x": alt.X("head:O", title="head", axis=alt.Axis(orient="top", **BANDS)),
        "y": alt.Y("layer:O", title="layer", axis=alt.Axis(**BANDS)),
    }

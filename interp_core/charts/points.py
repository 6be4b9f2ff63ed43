"""What all pictures of points share: colours, shapes, sizes."""

from __future__ import annotations

from collections.abc import Iterable

import altair as alt

GREY = "#7d8899"  # legible on white and on dark: text marks are not themed
MARKED = "#d55e00"
PLAIN = "#4679bf"  # points without a group
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
HIDDEN_AXIS = alt.Axis(labels=False, ticks=False, grid=False, domain=False, titleFontSize=11)


def size(count: int) -> float:
    """px² of a point: large in small sets, small in large ones."""
    return 80 if count <= 500 else 40 if count <= 2_500 else 16 if count <= 10_000 else 8


def in_order(groups: Iterable[str]) -> list[str]:
    """The names in the order of the alphabet, "other" last."""
    return sorted(set(groups), key=lambda name: (name == OTHER, name))


def by_group(column: str, groups: Iterable[str], title: str | None = None) -> dict:
    """Encodings that give each group a colour, a shape and a place in the legend."""
    names = in_order(groups)
    legend = alt.Legend(
        title=title, orient="top", columns=4, labelLimit=150, symbolOpacity=1, symbolSize=90
    )
    # A column name may hold dots and brackets, which would mean paths: hence no shorthand.
    shared = {"field": _literal(column), "type": "nominal", "legend": legend}
    return {
        "color": alt.Color(**shared, scale=alt.Scale(domain=names)),
        "shape": alt.Shape(**shared, scale=alt.Scale(domain=names, range=SHAPES)),
    }


def tip(column: str, *, numeric: bool = False, **options: str) -> alt.Tooltip:
    """One line of a tooltip, whatever characters the column's name holds."""
    kind = "quantitative" if numeric else "nominal"
    return alt.Tooltip(field=_literal(column), type=kind, title=column, **options)


def _literal(column: str) -> str:
    """The column's name as Vega reads a field that is no path."""
    escaped = column.replace("\\", "\\\\")
    for sign in ".[]'\"":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped

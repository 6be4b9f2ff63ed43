"""What all pictures of points share: colours, shapes, sizes."""

from __future__ import annotations

from collections.abc import Iterable

import altair as alt
import pandas as pd

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
NARROW, LABEL_LIMIT = 400, 160  # px of a chart on a small screen, and of a name in the legend
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
        title=title,
        orient="top",
        columns=_columns(names),
        labelLimit=LABEL_LIMIT,
        symbolOpacity=1,
        symbolSize=90,
    )
    return {
        "color": alt.Color(f"{column}:N", legend=legend, scale=alt.Scale(domain=names)),
        "shape": alt.Shape(
            f"{column}:N", legend=legend, scale=alt.Scale(domain=names, range=SHAPES)
        ),
    }


def _columns(names: list[str]) -> int:
    """As many columns of the legend as a narrow window has room for: what is too wide is cut."""
    longest = max(map(len, names), default=0)
    return max(1, min(4, int(NARROW / (34 + min(6.6 * longest, LABEL_LIMIT)))))


def legend_height(groups: Iterable[str], *, title: bool = False) -> int:
    """px that such a legend takes, which the height of a chart includes."""
    names = in_order(groups)
    return 30 + 26 * -(-len(names) // _columns(names)) + 18 * title


def with_tips(
    frame: pd.DataFrame, columns: Iterable[str], **forms: str
) -> tuple[pd.DataFrame, list[alt.Tooltip]]:
    """The frame with safe names for these columns, and the tooltips that show them.

    Vega reads dots, brackets and quotes in the names of columns, which people choose, as paths.
    `forms` are formats of numbers by column.
    """
    safe, tips = {}, []
    for place, name in enumerate(columns):
        field = f"tip{place}"
        safe[name] = field
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool
        form = {"format": forms[name]} if name in forms else {}
        title = name.replace("\\", "⧵")  # a backslash would end the description of the mark
        tips.append(alt.Tooltip(f"{field}:{'Q' if numeric else 'N'}", title=title, **form))
    return frame.rename(columns=safe), tips

"""What charts share: colours, shapes and sizes of points, and bars of several kinds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import altair as alt
import pandas as pd

# What colours mean in all charts. Each is legible on white and on dark: text marks are not themed.
POSITIVE = "#2f6fd6"  # supports, adds; also the only kind, and the first of two models
NEGATIVE = "#d9771f"  # opposes, lowers; always with a dash or an outline of dashes
SECOND = "#009e73"  # the second of two models
MARKED = "#c026d3"  # selected, framed, pointed at
GREY = "#7d8899"  # random, within noise, sums, lines of reference
CELL_LINE = "rgba(125, 136, 153, 0.45)"  # of cells that may have the colour of the page
CATEGORIES = [POSITIVE, "#d55e00", SECOND, "#cc79a7", "#a6761d", "#56b4e9", "#7a5195"]
PLAIN = POSITIVE  # points without a group
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
NARROW, LABEL_LIMIT = 760, 160  # px of a chart in a window of 900, and of a name in the legend
# Of lines: a stroke with its dash, where a disc would hide it.
STROKES = {"title": None, "orient": "top", "symbolType": "stroke", "symbolOpacity": 1}
HIDDEN_AXIS = alt.Axis(labels=False, ticks=False, grid=False, domain=False, titleFontSize=11)


def size(count: int) -> float:
    """px² of a point: large in small sets, small in large ones."""
    return 80 if count <= 500 else 40 if count <= 2_500 else 16 if count <= 10_000 else 8


def diverging(bound: float) -> alt.Scale:
    """The scale of signed values from −bound to bound, nearly the page's own colour at zero.

    Colours are mixed as light is: by hue, as Vega-Lite would, the way from orange to black leads
    through purple.
    """
    return alt.Scale(domain=[-bound, bound], domainMid=0, interpolate="rgb")


def in_order(groups: Iterable[str]) -> list[str]:
    """The names in the order of the alphabet, "other" last."""
    return sorted(set(groups), key=lambda name: (name == OTHER, name))


def by_group(column: str, groups: Iterable[str], ink: str = GREY) -> dict:
    """Encodings that give each group a colour, a shape and a place in the legend.

    `ink` is the colour of the names there, where another than that of the theme is known.
    """
    names = in_order(groups)
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=_columns(names),
        labelLimit=LABEL_LIMIT,
        symbolOpacity=1,
        symbolSize=90,
        **({} if ink == GREY else {"labelColor": ink}),
    )
    return {
        "color": alt.Color(f"{column}:N", legend=legend, scale=alt.Scale(domain=names)),
        "shape": alt.Shape(
            f"{column}:N", legend=legend, scale=alt.Scale(domain=names, range=SHAPES)
        ),
    }


def _columns(names: list[str]) -> int:
    """As many columns of the legend as a narrow window has room for: what is too wide is cut."""
    wide = [34 + min(6.6 * len(name), LABEL_LIMIT) for name in names]
    for count in range(len(wide), 1, -1):
        if sum(max(wide[at::count]) for at in range(count)) <= NARROW:
            rows = -(-len(wide) // count)
            return -(-len(wide) // rows)  # rows of about the same length
    return 1


def legend_height(groups: Iterable[str]) -> int:
    """px that such a legend takes, which the height of a chart includes."""
    names = in_order(groups)
    return 30 + 26 * -(-len(names) // _columns(names))


MEANT = ("image", "title")  # names to which tooltips give a meaning of their own


def with_tips(
    frame: pd.DataFrame, columns: Iterable[str], **forms: str
) -> tuple[pd.DataFrame, list[alt.Tooltip]]:
    """The frame with safe names for these columns, and the tooltips that show them.

    Vega reads dots, brackets and quotes in the names of columns, which people choose, as paths, and
    loads what stands in a tooltip under the name "image". `forms` are formats of numbers by column.
    """
    safe, tips = {}, []
    for place, name in enumerate(columns):
        field = f"tip{place}"
        safe[name] = field
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool
        form = {"format": forms[name]} if name in forms else {}
        title = name.replace("\\", "⧵")  # a backslash would end the description of the mark
        title += " " * (name in MEANT)
        tips.append(alt.Tooltip(f"{field}:{'Q' if numeric else 'N'}", title=title, **form))
    return frame.rename(columns=safe), tips


WEAK, FULL = 0.4, 0.95  # opacity of dashed kinds and of the others
OUTLINE = 1.5  # px


def by_kind(field: str, colours: Mapping[str, str], dashed: Collection[str]) -> dict[str, Any]:
    """Encodings for `mark_bar` by `field`, whose values are the keys of `colours`.

    The kinds in `dashed` are pale with a dashed outline, so that colour is not their only sign.
    All encodings share one legend, which there is for two kinds and more. Give the kinds that the
    data has, and no others.
    """
    kinds = list(colours)
    legend = None
    if len(kinds) > 1:
        legend = alt.Legend(
            title=None,
            orient="top",
            labelLimit=260,
            symbolType="square",
            symbolSize=140,
            symbolStrokeWidth=OUTLINE,
        )

    def scale(values: list) -> alt.Scale:
        return alt.Scale(domain=kinds, range=values)

    named = f"{field}:N"
    dashes = [[3, 2] if each in dashed else [1, 0] for each in kinds]
    # Opacity inside the colour, since legends leave out an opacity that is encoded beside it.
    fills = [_with_alpha(colours[each], WEAK if each in dashed else FULL) for each in kinds]
    return {
        "fill": alt.Fill(named, scale=scale(fills), legend=legend),
        "stroke": alt.Stroke(named, scale=scale(list(colours.values())), legend=legend),
        "strokeDash": alt.StrokeDash(named, scale=scale(dashes), legend=legend),
        "strokeWidth": alt.value(OUTLINE),
    }


def _with_alpha(colour: str, alpha: float) -> str:
    """A colour `#rrggbb` with an opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"

"""Bars of several kinds whose legend shows them as they are drawn: fill, opacity and dash."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import altair as alt

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

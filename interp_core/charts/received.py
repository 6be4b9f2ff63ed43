"""What every head gives to one token, over what an even spread would give it."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from interp_core.charts.axes import by_head, colours
from interp_core.charts.heatmaps import printed
from interp_core.charts.points import MARKED, diverging

REACH = 3  # doublings to either side of an even share at which the colour ends
CELL, LOW_CELL = 34, 17  # px of a layer, with figures in the cells and without
AXIS = 96  # px of axes and legend, which the height includes
FIGURES = (16, 14)  # heads and layers up to which cells have room for figures


def received_map(frame: pd.DataFrame, *, unit: str, selection: str = "head") -> alt.LayerChart:
    """Layer × head, coloured by the logarithm of `over_uniform`; a click picks a head.

    `frame`: the columns of `attention_to`, and chosen (bool).
    """
    heads, layers = frame["head"].nunique(), frame["layer"].nunique()
    with np.errstate(divide="ignore"):
        doublings = np.log2(frame["over_uniform"]).clip(-REACH, REACH)
    data = frame.assign(doublings=doublings, figure=[_times(x) for x in frame["over_uniform"]])
    base = alt.Chart(data).encode(**by_head())
    click = alt.selection_point(name=selection, fields=["layer", "head"], on="click", empty=False)
    legend = colours(
        "relative to uniform attention",
        values=list(range(-REACH, REACH + 1)),
        labelExpr="datum.value < 0 ? '1/' + pow(2, -datum.value) : pow(2, datum.value)",
    )
    cells = (
        base.mark_rect(cornerRadius=2, cursor="pointer")
        .encode(
            color=alt.Color(
                "doublings:Q",
                scale=diverging(REACH),
                legend=legend,
            ),
            stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(None)),
            strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(0)),
            tooltip=[
                alt.Tooltip("layer:O"),
                alt.Tooltip("head:O"),
                alt.Tooltip("figure:N", title="relative to uniform attention"),
                alt.Tooltip("received:Q", title=f"mean {unit} received", format=".4f"),
                alt.Tooltip("uniform:Q", title="uniform attention", format=".4f"),
                alt.Tooltip("query:N", title="strongest query token"),
                alt.Tooltip("weight:Q", title=f"its {unit}", format=".4f"),
            ],
        )
        .add_params(click)
    )
    roomy = heads <= FIGURES[0] and layers <= FIGURES[1]
    height = (CELL if roomy else LOW_CELL) * layers + AXIS
    figures = printed(base.encode(text="figure:N"), "doublings", fontWeight=400, aria=False)
    return alt.layer(cells, *([figures] if roomy else [])).properties(height=height)


def _times(ratio: float) -> str:
    """Two significant digits."""
    if np.isnan(ratio):
        return "–"
    if ratio < 0.01:
        return "0" if ratio == 0 else "<0.01"
    return f"{ratio:.2f}" if ratio < 0.995 else f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"

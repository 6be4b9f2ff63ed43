"""Pictures of the logit lens: layers × positions, and the way of one answer through the layers."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import token_axis
from interp_core.charts.language import AXES, BARE, BLUE
from interp_core.charts.points import MARKED

INK = "#17202c"  # of text on cells: the light theme's, as in downloaded pictures
ROW = 20  # px of a layer
SLANTED = 70  # px of the slanted tokens above the grid


def lens_grid(frame: pd.DataFrame, *, ink: str = INK) -> alt.LayerChart:
    """Layers up, positions across: the best token of each cell, shaded by its probability.

    `frame`: layer, position, key (a token key), token, best, probability, answer, answer_rank,
    divergence, chosen (bool). A click is the selection `cell`. Bold where it is the final answer.
    """
    layers = sorted(frame["layer"].unique(), reverse=True)
    columns = list(dict.fromkeys(frame["key"]))
    click = alt.selection_point(name="cell", fields=["layer", "position"], on="click", empty=False)
    base = alt.Chart(frame).encode(
        x=alt.X("key:N", sort=columns, axis=token_axis(angle=-35, orient="top", limit=90)),
        y=alt.Y("layer:O", sort=layers, title="layers passed", axis=alt.Axis(**BARE)),
        tooltip=[
            alt.Tooltip("token:N", title="read"), alt.Tooltip("layer:O", title="layers passed"),
            alt.Tooltip("best:N", title="best token"),
            alt.Tooltip("probability:Q", format=".2%"),
            alt.Tooltip("answer:N", title="final answer"),
            alt.Tooltip("answer_rank:Q", title="its rank here", format=","),
            alt.Tooltip("divergence:Q", title="KL to the end (bits)", format=".2f"),
        ],
    )  # fmt: skip
    # Opacity over the page's own background: the same in both themes, and text stays legible.
    cells = base.mark_rect(cornerRadius=2, cursor="pointer", fill=BLUE).encode(
        fillOpacity=alt.FillOpacity(
            "probability:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.62]),
            legend=None,
        ),
        stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(None)),
        strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(0)),
    ).add_params(click)  # fmt: skip
    room = alt.expr(f"max(14, width / {max(len(columns), 1)} - 4)")
    words = base.mark_text(limit=room, fontSize=11, color=ink, cursor="pointer").encode(
        text="best:N",
        opacity=alt.condition("datum.probability > 0.1", alt.value(1.0), alt.value(0.65)),
    )
    final = "datum.best == datum.answer"
    return alt.layer(
        cells,
        words.transform_filter(f"!({final})"),
        words.transform_filter(final).mark_text(
            limit=room, fontSize=11, fontWeight=700, color=ink, cursor="pointer"
        ),
    ).properties(height=ROW * len(layers) + AXES + SLANTED)


def fate(frame: pd.DataFrame, *, value: str, title: str, logarithmic: bool = False) -> alt.Chart:
    """One figure of the final answer by layer. `frame`: layer and the column `value`."""
    scale = alt.Scale(type="log", reverse=True) if logarithmic else alt.Scale(zero=True)
    form = "%" if value.endswith("probability") else ",d" if logarithmic else ".2~f"
    exact = ".3%" if form == "%" else ",d" if logarithmic else ".3f"
    upright = alt.Axis(format=form, tickCount=5, grid=not logarithmic)
    layers = frame["layer"].nunique()
    axis = alt.Axis(labelAngle=0, grid=False, values=list(range(0, layers, 1 + layers // 13)))
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=40, color=BLUE), strokeWidth=2, color=BLUE)
        .encode(
            x=alt.X("layer:O", title="layers passed", axis=axis),
            y=alt.Y(f"{value}:Q", title=title, scale=scale, axis=upright),
            tooltip=[
                alt.Tooltip("layer:O", title="layers passed"),
                alt.Tooltip(f"{value}:Q", title=title, format=exact),
            ],
        )
        .properties(height=230)
    )

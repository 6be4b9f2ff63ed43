"""How one token's attention changes from layer to layer: layers down, keys across."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import token_axis

ROW = 24
AXIS = 100  # px of title and token labels, which the height includes
_LAYER_AXIS = alt.Axis(ticks=False, domain=False, labelOverlap=False, labelAngle=0)


def layer_rows(frame: pd.DataFrame, *, title: str, value_title: str) -> alt.Chart:
    """A strip for each layer. `frame`: layer (label), key (a token key), token, value."""
    keys, layers = list(dict.fromkeys(frame["key"])), list(dict.fromkeys(frame["layer"]))
    # One strip leaves no room for a legend: its numbers are in the tooltips.
    side = {"gradientLength": ROW * len(layers) - 20}
    legend = alt.Legend(title=value_title, **side) if len(layers) > 2 else None
    angle = 0 if len(keys) <= 14 else -60
    return (
        alt.Chart(frame)
        .mark_rect(cornerRadius=1)
        .encode(
            x=alt.X("key:N", sort=keys, axis=token_axis(angle=angle, limit=90, orient="bottom")),
            y=alt.Y("layer:N", sort=layers, title="layer", axis=_LAYER_AXIS),
            color=alt.Color("value:Q", scale=alt.Scale(domainMin=0), legend=legend),
            tooltip=[
                alt.Tooltip("layer:N", title="layer"),
                alt.Tooltip("token:N", title="key"),
                alt.Tooltip("value:Q", title=value_title, format=".4f"),
            ],
        )
        .properties(height=ROW * max(len(layers), 1) + AXIS, title=title)
    )

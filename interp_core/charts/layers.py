"""How one token's attention changes from layer to layer: layers down, keys across."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.heatmaps import token_axis

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


BLUE, INK = "#2f6fd6", "#17202c"
ACROSS = 10  # tokens in a line
LINE, EDGES = 48, 40  # px of a line of tokens, and of the title


def token_lines(frame: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """Tokens in lines as they stand in the text, with a figure under each.

    `frame`: token, strength (0 to 1, how dark), note (the figure as text, perhaps empty).
    """
    data = frame.reset_index(drop=True)
    data = data.assign(line=data.index // ACROSS, column=data.index % ACROSS)
    lines = int(data["line"].max()) + 1
    bare = {"axis": None, "scale": alt.Scale(paddingInner=0.06, paddingOuter=0)}
    columns = list(range(min(ACROSS, len(data))))
    base = alt.Chart(data).encode(
        x=alt.X("column:O", sort=columns, **bare),
        y=alt.Y("line:O", sort=list(range(lines)), **bare),
        tooltip=[alt.Tooltip("token:N"), alt.Tooltip("note:N", title=title)],
    )
    shade = alt.Scale(domain=[0, 1], range=[0.04, 0.62])
    cells = base.mark_rect(cornerRadius=3, fill=BLUE).encode(
        fillOpacity=alt.FillOpacity("strength:Q", scale=shade, legend=None)
    )
    room = alt.expr(f"width / {len(columns)} - 6")
    words = base.mark_text(dy=-7, fontSize=12, color=INK, limit=room).encode(text="token:N")
    notes = base.mark_text(dy=10, fontSize=11, color=INK, limit=room).encode(text="note:N")
    return alt.layer(cells, words, notes).properties(height=LINE * lines + EDGES, title=title)

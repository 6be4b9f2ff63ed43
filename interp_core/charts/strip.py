"""A text whose tokens are shaded, as the page's strip shows it: for reports and downloads."""

from __future__ import annotations

import altair as alt
import pandas as pd

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

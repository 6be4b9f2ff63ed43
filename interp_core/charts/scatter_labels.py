"""Labels in a picture of points: more of them the further it is magnified."""

from __future__ import annotations

import altair as alt
import pandas as pd

LABEL_WIDTH = 900  # px of the window that labels are placed for
GROUP = -1  # the level of a group's name, which is always shown
SLACK = 0.05  # of a doubling: a window as wide as planned counts as wide enough


def label_layers(labels: pd.DataFrame, span: float, ink: str, paper: str) -> list[alt.Chart]:
    """Texts on a halo of the background. `labels`: x, y, label, level (see `label_levels`).

    The chart they join has a selection `panned` on scales; `span` is the width of its whole domain.
    """
    zoom = f"(isArray(panned.x) ? {span:.8g} / abs(panned.x[1] - panned.x[0]) : 1)"
    level = f"max(0, log({zoom} * width / {LABEL_WIDTH}) / LN2 + 1) + {SLACK}"
    layers = []
    groups = labels["level"] == GROUP
    if (~groups).any():
        base = alt.Chart(labels[~groups]).transform_filter(f"datum.level <= {level}")
        layers += _texts(base, ink, paper, fontSize=11, dy=-9)
    if groups.any():
        layers += group_layers(labels[groups], ink, paper)
    return layers


def group_layers(labels: pd.DataFrame, ink: str, paper: str) -> list[alt.Chart]:
    """Names of groups in bold. `labels`: x, y, label."""
    return _texts(alt.Chart(labels), ink, paper, fontSize=13, fontWeight=700)


def _texts(base: alt.Chart, ink: str, paper: str, **font: float) -> list[alt.Chart]:
    placed = base.encode(x="x:Q", y="y:Q", text="label:N")
    return [
        placed.mark_text(stroke=paper, strokeWidth=3, strokeOpacity=0.85, limit=220, **font),
        placed.mark_text(color=ink, limit=220, **font),
    ]

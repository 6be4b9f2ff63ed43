"""Charts of interventions: predictions before and after, effects of patches by layer."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import colours, measured, named, of_bars
from interp_core.charts.heatmaps import (
    PRINT_TOKEN,
    below_zero,
    cell_size,
    largest,
    token_axis,
)
from interp_core.charts.points import CELL_LINE, GREY, MARKED, STROKES, by_kind, diverging

BEFORE, AFTER = "before", "after"
COLOURS = {BEFORE: GREY, AFTER: "#2f6fd6"}
FEW = 4  # labels with wide bars
PANEL = 118  # px of the longer side of a small map
DASHED = 64  # regions of a map: dashes in more would cover them
AXES = 150  # px of axes and legend, which heights include
_BARE = {"ticks": False, "domain": False, "grid": False}


def before_and_after(frame: pd.DataFrame, *, value: str, title: str) -> alt.Chart:
    """Two bars for each label. `frame`: key (a token key), label, `<value>_before`, `_after`."""
    columns = {f"{value}_{kind}": kind for kind in (BEFORE, AFTER)}
    long = frame.rename(columns=columns).melt(["key", "label"], [BEFORE, AFTER], "run", title)
    share = value == "probability"
    axis = alt.Axis(format="%", tickCount=5) if share else measured(format="+.2~f", tickCount=5)
    return (
        alt.Chart(long)
        .mark_bar(cornerRadius=2)
        .encode(
            y=alt.Y(
                "key:N",
                sort=list(frame["key"]),
                axis=alt.Axis(title=None, labelExpr=PRINT_TOKEN, labelLimit=150, **_BARE),
            ),
            yOffset=alt.YOffset("run:N", sort=[BEFORE, AFTER]),
            x=alt.X(f"{title}:Q", title=title, axis=axis),
            tooltip=[
                alt.Tooltip("label:N"),
                alt.Tooltip("run:N"),
                alt.Tooltip(f"{title}:Q", format=".2%" if share else "+.3f"),
            ],
            **by_kind("run", COLOURS, [BEFORE]),
        )
        .properties(height=(40 if len(frame) <= FEW else 26) * len(frame) + 110)
    )


def effect_map(
    frame: pd.DataFrame, *, y: str, y_title: str, selection: str = "effect"
) -> alt.LayerChart:
    """Effects over positions. `frame`: key (a token key), token, the column `y`, effect.

    0 is the patched run and 1 the other one: the scale runs from −1 to 1, or further where an
    effect does. A dash marks clearly negative cells.
    """
    columns, rows = list(dict.fromkeys(frame["key"])), list(dict.fromkeys(frame[y]))
    bound = max(1.0, largest(frame["effect"]))
    click = alt.selection_point(name=selection, fields=["key", y], on="click", empty=False)
    base = alt.Chart(frame).encode(
        x=alt.X("key:N", sort=columns, axis=token_axis(angle=-50, orient="top", limit=130)),
        y=alt.Y(f"{y}:N", sort=rows, title=y_title, axis=alt.Axis(labelOverlap=False, **_BARE)),
        tooltip=[
            alt.Tooltip("token:N"),
            alt.Tooltip(f"{y}:N", title=y_title),
            alt.Tooltip("effect:Q", format="+.3f"),
        ],
    )
    cells = (
        base.mark_rect(cornerRadius=1)
        .encode(
            color=alt.Color(
                "effect:Q",
                scale=diverging(bound),
                legend=colours("effect", gradientLength=200),
            ),
            # Cells near 0 have the colour of the page: a thin line shows where they are.
            stroke=alt.condition(click, alt.value(MARKED), alt.value(CELL_LINE)),
            strokeWidth=alt.condition(click, alt.value(2), alt.value(1)),
        )
        .add_params(click)
    )
    side = cell_size(max(len(columns), len(rows)))
    return alt.layer(cells, below_zero(base, "effect", bound)).properties(
        height=max(18, side) * len(rows) + AXES
    )


def region_maps(
    frame: pd.DataFrame, *, unit: str, across: int = 4, aspect: float = 1.0
) -> alt.FacetChart:
    """A small map of the picture for each `unit` ("layer" or "head").

    `frame`: the column `unit`, row, column, below and right of each region in patches, token,
    effect, and heading, the text above a map. The scale ends at the largest effect drawn: those of
    single regions are often small. A patch is `aspect` times as wide as high.
    """
    bound = largest(frame["effect"])
    rows, columns = int(frame["below"].max()), int(frame["right"].max())
    broad, bare = aspect * columns, {"axis": None}
    middle = frame.assign(
        across=(frame["column"] + frame["right"]) / 2, down=(frame["row"] + frame["below"]) / 2
    )
    whole = {"nice": False, "zero": False}
    x = {"scale": alt.Scale(domain=[0, columns], **whole), **bare}
    y = {"scale": alt.Scale(domain=[0, rows], reverse=True, **whole), **bare}
    tooltip = [
        alt.Tooltip(f"{unit}:O"),
        alt.Tooltip("token:N", title="region"),
        alt.Tooltip("effect:Q", format="+.3f"),
    ]
    base = alt.Chart(middle)
    cells = base.mark_rect(stroke=CELL_LINE, strokeWidth=1).encode(
        x=alt.X("column:Q", **x),
        x2="right:Q",
        y=alt.Y("row:Q", **y),
        y2="below:Q",
        color=alt.Color("effect:Q", scale=diverging(bound), legend=colours("effect")),
        tooltip=tooltip,
    )
    layers = [cells]
    if len(frame) / frame[unit].nunique() <= DASHED:
        dashes = base.encode(x=alt.X("across:Q", **x), y=alt.Y("down:Q", **y), tooltip=tooltip)
        layers.append(below_zero(dashes, "effect", bound))
    scale = PANEL / max(rows, broad)
    size = {"width": round(scale * broad), "height": round(scale * rows)}
    order = list(dict.fromkeys(frame["heading"]))
    head = alt.Facet("heading:N", sort=order, title=None)
    return alt.layer(*layers).properties(**size).facet(facet=head, columns=across, spacing=14)


def lines_by_layer(frame: pd.DataFrame, *, value: str, title: str, kind: str) -> alt.Chart:
    """One line for each `kind` over the layers. `frame`: layer, `kind`, the column `value`."""
    legend = alt.Legend(**STROKES)
    scale = alt.Scale(domain=[0, 1]) if value == "probability" else alt.Undefined
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=40), strokeWidth=2)
        .encode(
            x=alt.X("layer:O", title="after layer", axis=named()),
            y=alt.Y(f"{value}:Q", title=title, scale=scale, axis=measured()),
            color=alt.Color(f"{kind}:N", legend=legend),
            strokeDash=alt.StrokeDash(f"{kind}:N", legend=legend),
            tooltip=["layer:O", f"{kind}:N", alt.Tooltip(f"{value}:Q", format="+.3f")],
        )
        .properties(height=260)
    )


def effect_bars(frame: pd.DataFrame) -> alt.Chart:
    """One bar for each layer. `frame`: layer, effect; 0 is the patched run and 1 the other one."""
    bound = max(1.0, largest(frame["effect"]))
    low = -bound if (frame["effect"] < 0).any() else 0
    scale = alt.Scale(domain=[low, bound])
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadius=2, color=COLOURS[AFTER])
        .encode(
            y=alt.Y("layer:O", title="layer", axis=alt.Axis(**_BARE)),
            x=alt.X("effect:Q", title="effect", scale=scale, axis=of_bars()),
            tooltip=[alt.Tooltip("layer:O"), alt.Tooltip("effect:Q", format="+.3f")],
        )
        .properties(height=(28 if len(frame) <= 12 else 16) * len(frame) + 70)
    )

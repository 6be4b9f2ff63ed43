"""Pictures of what a language model predicts: next tokens, a logit's parts, maps of heads."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from interp_core.charts.axes import BANDS, TICKS, colours, measured, named, of_bars
from interp_core.charts.export import ON_CELLS
from interp_core.charts.heatmaps import below_zero, largest, token_axis, token_keys
from interp_core.charts.points import (
    CELL_LINE,
    GREY,
    MARKED,
    NEGATIVE,
    POSITIVE,
    STROKES,
    by_kind,
    diverging,
)

AXES = 110  # px of axes, titles and legend, which heights include
EXPECTED = "expected"


def expected(frame: pd.DataFrame) -> alt.LayerChart:
    """Bars of the next tokens. `frame`: token, id, probability, rank, kind, perhaps logit.

    `kind` is "expected", or another word for the token that really follows: it is dashed.
    """
    data = frame.assign(
        key=token_keys(frame["token"]), shown=[_share(each) for each in frame["probability"]]
    )
    kinds = [EXPECTED, *sorted(set(frame["kind"]) - {EXPECTED})]
    base = alt.Chart(data).encode(
        y=alt.Y("key:N", sort=list(data["key"]), axis=_tokens(limit=120)),
        x=alt.X(
            "probability:Q",
            title="probability",
            scale=alt.Scale(domain=_reach(data)),
            axis=of_bars(format=".2~%"),
        ),
        tooltip=[
            alt.Tooltip("token:N"),
            alt.Tooltip("rank:Q", format=","),
            alt.Tooltip("probability:Q", format=".3%"),
            *([alt.Tooltip("logit:Q", format="+.3f")] if "logit" in data else []),
        ],
    )
    looks = by_kind("kind", dict(zip(kinds, [POSITIVE, MARKED])), kinds[1:])
    bars = base.mark_bar(cornerRadius=2, height=13).encode(**looks)
    figures = base.mark_text(align="left", dx=5, fontSize=11, color=GREY).encode(text="shown:N")
    return alt.layer(bars, figures).properties(height=24 * len(data) + 76)


def _tokens(**options: Any) -> alt.Axis:
    return token_axis(**options)


def _reach(frame: pd.DataFrame) -> list[float]:
    """Room for the figures beside the longest bar."""
    return [0.0, max(1e-6, 1.18 * float(frame["probability"].max()))]


def _share(value: float) -> str:
    return f"{value:.1%}" if value >= 0.001 else f"{value:.1e}"


def unit_map(
    frame: pd.DataFrame,
    *,
    title: str,
    signed: bool = False,
    selection: str = "unit",
) -> alt.LayerChart:
    """Layer × head, with a column for MLPs where there are any; a click picks one.

    `frame`: layer, unit ("0", "1", …, "MLP"), value, chosen (bool). Signed values get the
    diverging scale, and a dash in the cell where they are clearly below zero.
    """
    units = list(dict.fromkeys(frame["unit"]))
    bound = largest(frame["value"])
    scale = alt.Scale(domain=[0, bound])
    if signed:
        scale = diverging(bound)
    click = alt.selection_point(name=selection, fields=["layer", "unit"], on="click", empty=False)
    base = alt.Chart(frame).encode(
        x=alt.X(
            "unit:N",
            sort=units,
            title="head",
            axis=alt.Axis(orient="top", labelOverlap=False, **BANDS),
        ),
        y=alt.Y("layer:O", title="layer", axis=alt.Axis(**BANDS)),
        tooltip=[
            alt.Tooltip("layer:O"),
            alt.Tooltip("unit:N", title="head"),
            alt.Tooltip("value:Q", title=title, format="+.3f" if signed else ".3f"),
        ],
    )
    cells = (
        base.mark_rect(cornerRadius=2, cursor="pointer")
        .encode(
            color=alt.Color(
                "value:Q",
                scale=scale,
                legend=colours(title),
            ),
            # Cells near 0 have the colour of the page: a thin line shows where they are.
            stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(CELL_LINE)),
            strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(1)),
        )
        .add_params(click)
    )
    minus = below_zero(base, "value", bound)
    layers = frame["layer"].nunique()
    height = (30 if layers <= 12 else 15) * layers + AXES
    return alt.layer(cells, *([minus] if signed else [])).properties(height=height)


def waterfall(frame: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """Parts that add up, from the top down. `frame`: part, start, end, value, kind.

    `kind` is "adds", "takes away" or "sum"; what takes away is dashed as well as orange.
    """
    kinds = {"adds": POSITIVE, "lowers": NEGATIVE, "sum": GREY}
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "part:N",
            sort=list(frame["part"]),
            axis=alt.Axis(title=None, labelLimit=170, labelOverlap=False, **BANDS),
        ),
        tooltip=[
            alt.Tooltip("part:N"),
            alt.Tooltip("value:Q", format="+.4f"),
            alt.Tooltip("end:Q", title="sum so far", format="+.4f"),
        ],
    )
    base = base.encode(x=alt.X("start:Q", title=title, axis=of_bars()), x2="end:Q")
    present = {kind: colour for kind, colour in kinds.items() if kind in set(frame["kind"])}
    looks = by_kind("kind", present, ["lowers"])
    bars = base.mark_bar(cornerRadius=2, height=13).encode(**looks)
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=GREY).encode(x="x:Q")
    return alt.layer(bars, zero).properties(height=22 * len(frame) + 84)


def copies(frame: pd.DataFrame) -> alt.Chart:
    """Surprisal of both copies of a repeated text. `frame`: place, token, surprisal, copy."""
    legend = alt.Legend(**STROKES)
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=40), strokeWidth=2)
        .encode(
            x=alt.X(
                "place:Q", title="position in the copy", axis=measured(format="d", tickMinStep=1)
            ),
            y=alt.Y("surprisal:Q", title="surprisal (bits)", axis=measured()),
            color=alt.Color("copy:N", legend=legend),
            strokeDash=alt.StrokeDash("copy:N", legend=legend),
            tooltip=["copy", "token", alt.Tooltip("surprisal:Q", format=".2f")],
        )
        .properties(height=260)
    )


ROW = 20  # px of a layer
SLANTED = 70  # px of the slanted tokens above the grid


def lens_grid(frame: pd.DataFrame, *, ink: str = ON_CELLS["light"]) -> alt.LayerChart:
    """Layers up, positions across: the best token of each cell, shaded by its probability.

    `frame`: layer, position, key (a token key), token, best, probability, answer, answer_rank,
    divergence, chosen (bool). A click is the selection `cell`. Bold where it is the final answer.
    """
    layers = sorted(frame["layer"].unique(), reverse=True)
    columns = list(dict.fromkeys(frame["key"]))
    click = alt.selection_point(name="cell", fields=["layer", "position"], on="click", empty=False)
    base = alt.Chart(frame).encode(
        x=alt.X("key:N", sort=columns, axis=token_axis(angle=-35, orient="top", limit=90)),
        y=alt.Y("layer:O", sort=layers, title="after layer", axis=_named_ends(layers)),
        tooltip=[
            alt.Tooltip("token:N", title="read"),
            alt.Tooltip("layer:O", title="after layer"),
            alt.Tooltip("best:N", title="top token"),
            alt.Tooltip("probability:Q", format=".2%"),
            alt.Tooltip("answer:N", title="final prediction"),
            alt.Tooltip("answer_rank:Q", title="its rank here", format=","),
            alt.Tooltip("divergence:Q", title="KL divergence from final (bits)", format=".2f"),
        ],
    )
    # Opacity over the page's own background: the same in both themes, and text stays legible.
    cells = (
        base.mark_rect(cornerRadius=2, cursor="pointer", fill=POSITIVE)
        .encode(
            fillOpacity=alt.FillOpacity(
                "probability:Q",
                scale=alt.Scale(domain=[0, 1], range=[0.04, 0.62]),
                legend=None,
            ),
            stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(None)),
            strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(0)),
        )
        .add_params(click)
    )
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


def _named_ends(layers: list[int]) -> alt.Axis:
    """The axis of the layers, with the output and the embeddings by name."""
    return alt.Axis(
        labelExpr=f"datum.value == {layers[0]} ? 'final' : datum.value == 0 ? 'embeddings' : "
        "datum.value",
        labelLimit=90,
        **BANDS,
    )


def fate(frame: pd.DataFrame, *, value: str, title: str, logarithmic: bool = False) -> alt.Chart:
    """One figure of the final answer by layer. `frame`: layer and the column `value`."""
    scale = alt.Scale(type="log", reverse=True) if logarithmic else alt.Scale(zero=True)
    form = "%" if value.endswith("probability") else ",d" if logarithmic else ".2~f"
    exact = ".3%" if form == "%" else ",d" if logarithmic else ".3f"
    upright = measured(format=form, grid=not logarithmic)
    layers = frame["layer"].nunique()
    axis = named(values=list(range(0, layers, max(1, -(-(layers - 1) // TICKS)))))
    room = alt.Scale(type="point", padding=1)  # for the last number, which may be broad
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=40, color=POSITIVE), strokeWidth=2, color=POSITIVE)
        .encode(
            x=alt.X("layer:O", title="after layer", axis=axis, scale=room),
            y=alt.Y(f"{value}:Q", title=title, scale=scale, axis=upright),
            tooltip=[
                alt.Tooltip("layer:O", title="after layer"),
                alt.Tooltip(f"{value}:Q", title=title, format=exact),
            ],
        )
        .properties(height=230)
    )

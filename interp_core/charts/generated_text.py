"""Pictures of what an answer rests on: units of the prompt × tokens of the answer, and sums."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import BANDS, colours, measured, of_bars
from interp_core.charts.heatmaps import below_zero, largest, token_axis
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

SPAN, CELL = "span", "cell"  # the names of what is dragged and clicked
ROW, LEAST_ROW, TALLEST = 26, 11, 640  # px
FEW_TOKENS = 60  # up to which each has a label
LABEL = 230  # px of a unit's text


def answer_map(frame: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """A map of units × answer tokens. `frame`: unit (a key), text, token_key, token, score, chosen.

    A drag across selects answer tokens (`span`, by token_key), a click a unit (`cell`). Cells that
    are `chosen` have a frame; negative ones a dash.
    """
    units = list(dict.fromkeys(frame["unit"]))
    columns = list(dict.fromkeys(frame["token_key"]))
    bound = largest(frame["score"])
    drag = alt.selection_interval(name=SPAN, encodings=["x"], mark=alt.BrushConfig(fill=MARKED))
    click = alt.selection_point(name=CELL, fields=["unit"], on="click", empty=False)
    across = token_axis(angle=-50, orient="top", limit=90)
    if len(columns) > FEW_TOKENS:
        across = alt.Axis(labels=False, title="answer tokens", orient="top", ticks=False)
    height = max(LEAST_ROW, min(ROW, TALLEST // max(len(units), 1)))
    base = alt.Chart(frame).encode(
        x=alt.X("token_key:N", sort=columns, axis=across),
        y=alt.Y("unit:N", sort=units, axis=_texts()),
        tooltip=[
            alt.Tooltip("text:N", title="source"),
            alt.Tooltip("token:N", title="answer token"),
            alt.Tooltip("score:Q", title=title, format="+.3f"),
        ],
    )
    cells = (
        base.mark_rect(cornerRadius=1, cursor="pointer")
        .encode(
            color=alt.Color("score:Q", scale=diverging(bound), legend=colours(title)),
            stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(CELL_LINE)),
            strokeWidth=alt.condition("datum.chosen", alt.value(2), alt.value(0.5)),
        )
        .add_params(drag, click)
    )
    minus = below_zero(base, "score", bound)
    return alt.layer(cells, minus).properties(height=height * len(units) + 130)


def _texts(*, overlap: bool = True) -> alt.Axis:
    """The axis of units, without the number that makes each key its own."""
    return alt.Axis(
        title=None,
        labelExpr="slice(datum.value, indexof(datum.value, '|') + 1)",
        labelLimit=LABEL,
        labelOverlap=overlap,
        **BANDS,
    )


def unit_bars(frame: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """A bar for each unit. `frame`: unit (a key), text, score, and perhaps error (± 1 SE)."""
    units = list(frame["unit"])
    base = alt.Chart(frame.assign(sign=[_sign(each) for each in frame["score"]])).encode(
        y=alt.Y("unit:N", sort=units, axis=_texts(overlap=False)),
        tooltip=[
            alt.Tooltip("text:N", title="source"),
            alt.Tooltip("score:Q", title=title, format="+.3f"),
            *([alt.Tooltip("error:Q", title="SE", format=".3f")] if "error" in frame else []),
        ],
    )
    colours_of = {"raises": POSITIVE, "lowers": NEGATIVE}
    present = {
        kind: colours_of[kind] for kind in colours_of if kind in set(map(_sign, frame.score))
    }
    bars = base.mark_bar(cornerRadius=2, height=13).encode(
        x=alt.X("score:Q", title=title, axis=of_bars()), **by_kind("sign", present, ["lowers"])
    )
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=GREY).encode(x="x:Q")
    layers = [bars, zero]
    if "error" in frame:
        ends = frame.assign(low=frame.score - frame.error, high=frame.score + frame.error)
        rule = alt.Chart(ends).mark_rule(strokeWidth=2, color=GREY)
        layers.append(rule.encode(y=alt.Y("unit:N", sort=units), x="low:Q", x2="high:Q"))
    return alt.layer(*layers).properties(height=26 * len(frame) + 120)


def attention_map(frame: pd.DataFrame) -> alt.Chart:
    """Cross attention of units × answer tokens. `frame`: unit (a key), text, token_key, token,
    attention."""
    units, columns = (list(dict.fromkeys(frame[name])) for name in ("unit", "token_key"))
    title = "cross attention, mean over layers and heads"
    height = max(LEAST_ROW, min(ROW, TALLEST // max(len(units), 1)))
    return (
        alt.Chart(frame)
        .mark_rect(cornerRadius=1)
        .encode(
            x=alt.X(
                "token_key:N", sort=columns, axis=token_axis(angle=-50, orient="top", limit=90)
            ),
            y=alt.Y("unit:N", sort=units, axis=_texts()),
            color=alt.Color(
                "attention:Q",
                scale=alt.Scale(domain=[0, largest(frame["attention"])]),
                legend=colours(title),
            ),
            tooltip=[
                alt.Tooltip("text:N", title="source"),
                alt.Tooltip("token:N", title="answer token"),
                alt.Tooltip("attention:Q", title=title, format=".2f"),
            ],
        )
        .properties(height=height * len(units) + 130)
    )


def _sign(score: float) -> str:
    return "lowers" if score < 0 else "raises"


def deletion_curve(frame: pd.DataFrame) -> alt.LayerChart:
    """Log probability as units are taken away. `frame`: removed, ranking, log_probability, low,
    high."""
    legend = alt.Legend(**STROKES)
    base = alt.Chart(frame).encode(
        x=alt.X("removed:Q", title="units removed", axis=measured(format="d", tickMinStep=1)),
    )
    band = base.transform_filter("datum.ranking == 'random'").mark_area(opacity=0.2, color=GREY)
    lines = base.mark_line(point=alt.OverlayMarkDef(size=40), strokeWidth=2).encode(
        y=alt.Y(
            "log_probability:Q",
            title="log probability (nats)",
            axis=measured(),
            scale=alt.Scale(zero=False),
        ),
        color=alt.Color("ranking:N", legend=legend),
        strokeDash=alt.StrokeDash("ranking:N", legend=legend),
        tooltip=[
            "ranking:N",
            alt.Tooltip("removed:Q"),
            alt.Tooltip("log_probability:Q", format=".3f"),
        ],
    )
    return alt.layer(band.encode(y="low:Q", y2="high:Q"), lines).properties(height=260)

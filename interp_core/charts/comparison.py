"""Two models side by side: bars for each word, lines over distance, bars for each kind."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.heatmaps import token_axis
from interp_core.charts.scatter import GREY


def _model() -> dict:
    legend = alt.Legend(title=None, orient="top")
    return {"color": alt.Color("model:N", sort=None, legend=legend)}


def _bars() -> dict:
    """Bars of the first model are full, those of the second pale and outlined."""
    legend = alt.Legend(title=None, orient="top")
    full = alt.Scale(range=[0.95, 0.3])
    return {
        **_model(),
        "stroke": alt.Stroke("model:N", sort=None, legend=legend),
        "fillOpacity": alt.FillOpacity("model:N", sort=None, scale=full, legend=legend),
    }


def grouped_bars(frame: pd.DataFrame, *, y: str, title: str) -> alt.Chart:
    """A bar for each word and model. `frame`: model, key (a token key), token, the column y."""
    keys = list(dict.fromkeys(frame["key"]))
    angle = 0 if len(keys) <= 14 else -60
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("key:N", sort=keys, axis=token_axis(angle=angle, limit=90)),
            xOffset=alt.XOffset("model:N", sort=None),
            y=alt.Y(f"{y}:Q", title=title),
            tooltip=["model", "token", alt.Tooltip(f"{y}:Q", title=title, format="+.4f")],
            **_bars(),
        )
        .properties(height=250)
    )


def reach_lines(frame: pd.DataFrame) -> alt.LayerChart:
    """What is left of a word's effect by distance. `frame`: model, distance, effect, share."""
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=GREY).encode(y="y:Q")
    lines = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=50), strokeWidth=2)
        .encode(
            x=alt.X(
                "distance:Q",
                title="filler words inserted",
                scale=alt.Scale(type="symlog", constant=2),
            ),
            y=alt.Y("effect:Q", title="effect on the logit"),
            strokeDash=alt.StrokeDash(
                "model:N", sort=None, legend=alt.Legend(title=None, orient="top")
            ),
            tooltip=[
                "model",
                "distance",
                alt.Tooltip("effect:Q", format="+.3f"),
                alt.Tooltip("share:Q", format=".0%"),
            ],
            **_model(),
        )
    )
    return alt.layer(zero, lines).properties(height=260)


def accuracy_bars(frame: pd.DataFrame) -> alt.LayerChart:
    """Right answers by kind. `frame`: model, kind, right (share), count."""
    guess = alt.Chart(pd.DataFrame({"y": [0.5]})).mark_rule(color=GREY, strokeDash=[4, 3])
    bars = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("kind:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("model:N", sort=None),
            y=alt.Y(
                "right:Q",
                title="accuracy",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            tooltip=["model", "kind", alt.Tooltip("right:Q", format=".0%"), "count"],
            **_bars(),
        )
    )
    return alt.layer(bars, guess.encode(y="y:Q")).properties(height=280)

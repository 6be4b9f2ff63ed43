"""Two models side by side: bars for each word, lines over distance, bars for each kind."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import measured, named
from interp_core.charts.heatmaps import token_axis
from interp_core.charts.points import GREY, POSITIVE, SECOND, STROKES, by_kind

INKS = (POSITIVE, SECOND)  # of the first and the second model


def _models(frame: pd.DataFrame) -> dict[str, str]:
    return dict(zip(dict.fromkeys(frame["model"]), INKS))


def _bars(frame: pd.DataFrame) -> dict:
    """Bars of the first model are full, those of the second pale and outlined."""
    models = _models(frame)
    return by_kind("model", models, list(models)[1:])


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
            y=alt.Y(f"{y}:Q", title=title, axis=measured()),
            tooltip=["model", "token", alt.Tooltip(f"{y}:Q", title=title, format="+.4f")],
            **_bars(frame),
        )
        .properties(height=250)
    )


def reach_lines(frame: pd.DataFrame) -> alt.LayerChart:
    """What is left of a word's effect by distance. `frame`: model, distance, effect, share."""
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=GREY).encode(y="y:Q")
    models = _models(frame)
    inks = alt.Scale(domain=list(models), range=list(models.values()))
    legend = alt.Legend(**STROKES)
    lines = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=50), strokeWidth=2)
        .encode(
            x=alt.X(
                "distance:Q",
                title="filler words inserted",
                scale=alt.Scale(type="symlog", constant=2),
                axis=measured(values=sorted(map(float, set(frame["distance"]))), format="d"),
            ),
            y=alt.Y("effect:Q", title="effect on the logit", axis=measured()),
            color=alt.Color("model:N", scale=inks, legend=legend),
            strokeDash=alt.StrokeDash("model:N", sort=list(models), legend=legend),
            tooltip=[
                "model",
                "distance",
                alt.Tooltip("effect:Q", format="+.3f"),
                alt.Tooltip("share:Q", format=".0%"),
            ],
        )
    )
    return alt.layer(zero, lines).properties(height=280)


def accuracy_bars(frame: pd.DataFrame) -> alt.LayerChart:
    """Right answers by kind. `frame`: model, kind, right (share), count."""
    guess = alt.Chart(pd.DataFrame({"y": [0.5]})).mark_rule(color=GREY, strokeDash=[4, 3])
    bars = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("kind:N", sort=None, title=None, axis=named()),
            xOffset=alt.XOffset("model:N", sort=None),
            y=alt.Y(
                "right:Q",
                title="accuracy",
                axis=measured(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            tooltip=["model", "kind", alt.Tooltip("right:Q", format=".0%"), "count"],
            **_bars(frame),
        )
    )
    return alt.layer(bars, guess.encode(y="y:Q")).properties(height=280)

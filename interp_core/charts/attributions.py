"""Pictures of attributions: bars, methods side by side, layers, curves against chance."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from interp_core.charts.axes import colours, measured, named, of_bars
from interp_core.charts.heatmaps import PRINT_TOKEN, below_zero, largest, printed, token_axis
from interp_core.charts.label_placement import MAGNIFICATIONS, label_levels
from interp_core.charts.points import GREY, NEGATIVE, POSITIVE, STROKES, by_kind, diverging

BAR = 24
CELL, AGREED = 26, 34
WIDE, HIGH = 300, 250  # px of the points of a scatter at least
AS_IT_IS = MAGNIFICATIONS.index(1)
SLANT = 64  # px by which the last slanted name stands out
FOR, AGAINST = "supports the target", "opposes it"
SIGN = {FOR: POSITIVE, AGAINST: NEGATIVE}


def bars(frame: pd.DataFrame, *, title: str, order: str = "text") -> alt.LayerChart:
    """One bar for each word. `frame`: key (a token key), token, score. Order "text" or "size".

    Bars against the target are outlined and dashed as well as of another colour.
    """
    sizes = frame.reindex(frame["score"].abs().sort_values(ascending=False).index)
    keys = list((sizes if order == "size" else frame)["key"])
    data = frame.assign(direction=[AGAINST if score < 0 else FOR for score in frame["score"]])
    base = alt.Chart(data).encode(
        y=alt.Y("key:N", sort=keys, axis=token_axis(limit=150)),
        x=alt.X("score:Q", title=title, axis=of_bars()),
        tooltip=[
            alt.Tooltip("token:N", title="word"),
            alt.Tooltip("score:Q", title=title, format="+.4f"),
        ],
    )
    present = {name: colour for name, colour in SIGN.items() if name in set(data["direction"])}
    marks = base.mark_bar(cornerRadius=2, height=14).encode(
        **by_kind("direction", present, [AGAINST])
    )
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color="#8896a8").encode(x="x:Q")
    return alt.layer(marks, zero).properties(height=BAR * len(frame) + 70)


def grid(
    frame: pd.DataFrame, *, x: str, y: str, value: str, title: str, y_title: str, rows: list[str]
) -> alt.Chart:
    """Signed values over words (`x`, token keys) and rows such as methods or layers.

    A dash in the cell marks a negative value, so that signs survive greyscale.
    """
    columns = list(dict.fromkeys(frame[x]))
    bound = largest(frame[value])
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:N", sort=columns, axis=token_axis(angle=-50, orient="top")),
        y=alt.Y(
            f"{y}:N",
            sort=rows,
            title=y_title,
            axis=named(ticks=False, domain=False, labelLimit=220, labelOverlap=False),
        ),
        tooltip=[
            alt.Tooltip("token:N", title="word"),
            alt.Tooltip(f"{y}:N", title=y_title or "method"),
            alt.Tooltip(f"{value}:Q", title=title, format="+.4f"),
        ],
    )
    cells = base.mark_rect(cornerRadius=1).encode(
        color=alt.Color(
            f"{value}:Q",
            scale=diverging(bound),
            legend=colours(title, gradientLength=200, format="+.2~f"),
        )
    )
    return alt.layer(cells, below_zero(base, value, bound)).properties(
        height=CELL * len(rows) + 150
    )


def curves(
    frame: pd.DataFrame, *, title: str, value: str = "probability", unit: str = "words"
) -> alt.LayerChart:
    """Deletion and insertion curves with the band of random rankings.

    `frame`: curve, ranking, fraction, the number of `unit`, the column `value`, low, high.
    """
    # One scale for both curves; the band of a mean ± SD may end beyond it.
    scale = alt.Scale(zero=False)
    if "probability" in title:
        scale = alt.Scale(domain=[0, 1], clamp=True)
    base = alt.Chart(frame).encode(
        x=alt.X("fraction:Q", title=f"share of {unit}", axis=measured(format="%")),
        color=alt.Color(
            "ranking:N",
            scale=alt.Scale(domain=["attribution", "random"], range=[POSITIVE, GREY]),
            legend=alt.Legend(**STROKES),
        ),
    )
    band = base.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title=title, scale=scale, axis=measured()),
        y2="high:Q",
    )
    line = base.mark_line(point=True, strokeWidth=2).encode(
        y=alt.Y(f"{value}:Q", title=title, axis=measured()),
        strokeDash=alt.StrokeDash(
            "ranking:N",
            scale=alt.Scale(domain=["attribution", "random"], range=[[1, 0], [5, 3]]),
            legend=alt.Legend(**STROKES),
        ),
        tooltip=[
            alt.Tooltip("ranking:N"),
            alt.Tooltip("fraction:Q", format=".0%"),
            alt.Tooltip(f"{unit}:Q"),
            alt.Tooltip(f"{value}:Q", title=title, format=".4f"),
        ],
    )
    return alt.layer(band, line).properties(height=260)


def agreement(frame: pd.DataFrame) -> alt.LayerChart:
    """Methods by methods, each pair in both halves: Kendall's τ as shade and number.

    `frame`: first, second, kendall, spearman, overlap (share of the top words in common).
    """
    names = list(dict.fromkeys([*frame["first"], *frame["second"]]))
    other = frame.rename(columns={"first": "second", "second": "first"})
    both = pd.concat([frame, other], ignore_index=True).dropna(subset=["kendall"])
    both = both.assign(shown=[f"{each:.2f}".replace("-", "−") for each in both["kendall"]])
    axis = {"ticks": False, "domain": False, "labelLimit": 220, "labelOverlap": False}
    base = alt.Chart(both).encode(
        x=alt.X(
            "second:N",
            sort=names,
            scale=alt.Scale(domain=names),
            axis=named(title=None, orient="top", **axis | {"labelAngle": -35}),
        ),
        y=alt.Y(
            "first:N", sort=names, scale=alt.Scale(domain=names), axis=named(title=None, **axis)
        ),
        tooltip=[
            alt.Tooltip("first:N"),
            alt.Tooltip("second:N"),
            alt.Tooltip("kendall:Q", title="Kendall τ", format=".2f"),
            alt.Tooltip("spearman:Q", title="Spearman ρ", format=".2f"),
            alt.Tooltip("overlap:Q", title="overlap of the top three", format=".0%"),
        ],
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color("kendall:Q", scale=diverging(1.0), legend=None)
    )
    return alt.layer(
        cells, printed(base.encode(text="shown:N"), "kendall", fontSize=12)
    ).properties(height=AGREED * len(names) + 110, padding={"left": 5, "top": 5, "right": SLANT})


def against(frame: pd.DataFrame, *, x: str, y: str) -> alt.LayerChart:
    """Two explanations of the same words as a scatter.

    Words stand above their points where none is below another, those of large scores first.
    """
    scores = frame[[x, y]].to_numpy(dtype=float)
    spread = np.abs(scores / np.maximum(np.abs(scores).max(0, initial=0.0), 1e-12)).max(1)
    levels = label_levels(
        scores, frame["token"].tolist(), order=np.argsort(-spread), width=WIDE, height=HIGH
    )
    # Empty instead of left out: the points and their names share one table.
    shown = (levels >= 0) & (levels <= AS_IT_IS)
    named_ones = frame.assign(name=frame["token"].where(shown, ""))
    base = alt.Chart(named_ones).encode(
        x=alt.X(f"{x}:Q", title=x, axis=measured()),
        y=alt.Y(f"{y}:Q", title=y, axis=measured()),
        tooltip=[
            alt.Tooltip("token:N", title="word"),
            alt.Tooltip(f"{x}:Q", format=".4f"),
            alt.Tooltip(f"{y}:Q", format=".4f"),
        ],
    )
    names = base.mark_text(dy=-10, fontSize=11, color=GREY).encode(text="name:N")
    return alt.layer(base.mark_circle(size=70), names).properties(height=340)


def probabilities(frame: pd.DataFrame) -> alt.Chart:
    """Bars of the prediction. `frame`: label, probability."""
    shown = frame.assign(key=[f"{i}|{name}" for i, name in enumerate(frame["label"])])
    return (
        alt.Chart(shown)
        .mark_bar(cornerRadius=2, height=14)
        .encode(
            y=alt.Y(
                "key:N",
                sort=list(shown["key"]),
                axis=named(title=None, labelExpr=PRINT_TOKEN, ticks=False, domain=False),
            ),
            x=alt.X(
                "probability:Q",
                title="probability",
                scale=alt.Scale(domain=[0, 1]),
                axis=of_bars(format="%"),
            ),
            tooltip=[
                "label:N",
                alt.Tooltip("probability:Q", format=".2%"),
                alt.Tooltip("logit:Q", format="+.3f"),
            ],
        )
        .properties(height=26 * len(shown) + 64)
    )

"""Pictures of all heads: maps of layer × head, two statistics, likeness, what pruning costs."""

from __future__ import annotations

from itertools import cycle

import altair as alt
import numpy as np
import pandas as pd

from interp_core.charts.axes import BANDS, by_head, colours, measured, named, round_numbers
from interp_core.charts.heatmaps import below_zero, ink_on, largest, printed, scale_of
from interp_core.charts.label_placement import label_levels
from interp_core.charts.points import (
    CATEGORIES,
    GREY,
    MARKED,
    POSITIVE,
    SECOND,
    SHAPES,
    STROKES,
    diverging,
)

CELL = 34  # px of a layer in the map
AXIS = 110  # px of axis, title and legend, which the height includes
NONE = "none"  # the role of heads that have none
REAL, NOISE = "significant", "not significant"
MATRIX, LEGEND = 520, 108  # px of its sides, and of the legend below
LABELLED = 40  # heads up to which the matrix of all pairs has labels
LIKENESS = 400  # px of the map of likeness, without its legend
SQUARE = 440  # px of a plot whose axes are alike
LONGEST = 380  # px of a name in a legend


def head_map(
    frame: pd.DataFrame,
    *,
    title: str,
    signed: bool = False,
    zero: bool = False,
    text_format: str = ".3f",
    selection: str = "head",
) -> alt.LayerChart:
    """Layer × head; a click picks a head.

    `frame`: layer, head, value, role, code (a short name of the role, printed in the cell), chosen
    (bool), lit (bool), perhaps se and importance. `signed` values get the diverging scale, and a
    dash in the cell where they are clearly below zero.
    """
    place = by_head()
    click = alt.selection_point(name=selection, fields=["layer", "head"], on="click", empty=False)
    tooltip = [
        alt.Tooltip("layer:O"),
        alt.Tooltip("head:O"),
        alt.Tooltip("value:Q", title=title, format=text_format),
    ]
    tooltip += [*_error(frame, text_format), alt.Tooltip("role:N")]
    cells = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2, cursor="pointer")
        .encode(
            **place,
            color=alt.Color(
                "value:Q",
                scale=_scale(frame, signed, zero),
                legend=colours(title),
            ),
            opacity=alt.condition("datum.lit", alt.value(1.0), alt.value(0.15)),
            stroke=alt.condition("datum.chosen", alt.value(MARKED), alt.value(None)),
            strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(0)),
            tooltip=tooltip,
        )
        .add_params(click)
    )
    height = (
        CELL * frame["layer"].nunique()
        if frame["layer"].nunique() <= 12
        else 16 * frame["layer"].nunique()
    )
    codes = []
    if frame["head"].nunique() <= 16 and frame["layer"].nunique() <= 12:
        codes = [_codes(frame, place)]
    if signed:
        x = place["x"].bandPosition(0.12) if codes else place["x"]  # left of the code
        base = alt.Chart(frame).encode(x=x, y=place["y"])
        codes.append(below_zero(base, "value", largest(frame["value"])))
    return alt.layer(cells, *codes).properties(height=height + AXIS)


def _error(frame: pd.DataFrame, text_format: str = ".4f") -> list[alt.Tooltip]:
    """The standard error, where the frame has one."""
    return [alt.Tooltip("se:Q", title="SE", format=text_format)] * ("se" in frame)


def _codes(frame: pd.DataFrame, place: dict) -> alt.Chart:
    """The role of each head in its cell; on a pale cell, which shows the page, in grey."""
    base = alt.Chart(frame).encode(**place, text="code:N")
    letters = f"min(11, width / {frame['head'].nunique()} / 3)"  # five letters fit a cell
    ink = f"datum.lit ? ({ink_on('value')}) : '{GREY}'"
    return printed(base, "value", fontSize=alt.expr(letters), color=alt.expr(ink))


def _scale(frame: pd.DataFrame, signed: bool, zero: bool) -> alt.Scale:
    if signed:
        top = largest(frame["value"])
        return diverging(top)
    return scale_of(frame["value"], zero=zero)


def by_layer(frame: pd.DataFrame, *, title: str, text_format: str = ".3f") -> alt.LayerChart:
    """Every head as a mark above its layer, and the mean of each layer as a line."""
    frame = frame.dropna(subset=["value"])
    place = {
        "x": alt.X("layer:O", title="layer", axis=named()),
        "y": alt.Y(
            "value:Q",
            title=title,
            scale=scale_of(frame["value"], zero=False),
            axis=measured(),
        ),
    }
    value = alt.Tooltip("value:Q", title=title, format=text_format)
    heads = alt.Chart(frame).mark_point(filled=True, size=45, opacity=0.65)
    mean = alt.Chart(frame).mark_line(color=GREY, strokeWidth=2, strokeDash=[4, 3])
    return alt.layer(
        mean.encode(x=place["x"], y=alt.Y("mean(value):Q", title=title)),
        heads.encode(**place, tooltip=["layer:O", "head:O", "role:N", value]),
    ).properties(height=_layers_height(frame))


def histogram_by_layer(frame: pd.DataFrame, *, title: str) -> alt.Chart:
    """How many heads of each layer have which value: layers down, values across."""
    frame = frame.dropna(subset=["value"])
    scale, values = scale_of(frame["value"]), frame["value"]
    axis = measured(values=round_numbers(values.min(), values.max()), format="~g")
    counts = alt.Scale(domainMin=0)  # one head, too, differs from the page
    return (
        alt.Chart(frame)
        .mark_rect(cornerRadius=1)
        .encode(
            x=alt.X("value:Q", bin=alt.Bin(maxbins=24), title=title, scale=scale, axis=axis),
            y=alt.Y("layer:O", title="layer", axis=alt.Axis(**BANDS)),
            color=alt.Color("count():Q", legend=None, scale=counts),
            tooltip=["layer:O", alt.Tooltip("value:Q", bin=alt.Bin(maxbins=24)), "count():Q"],
        )
        .properties(height=_layers_height(frame))
    )


def _layers_height(frame: pd.DataFrame) -> int:
    """Of two charts that stand beside each other."""
    layers = frame["layer"].nunique()
    return max(240, (26 if layers <= 12 else 14) * layers + 60)


def head_scatter(
    frame: pd.DataFrame, *, x: str, y: str, titles: tuple[str, str], colour: str = "role"
) -> alt.LayerChart:
    """Two statistics of every head. Selections: `pick` (layer, head), `box` (x, y).

    `frame`: layer, head, role, the two columns, and perhaps each with `_se`, drawn as error bars.
    """
    frame = frame.dropna(subset=[x, y])
    box = alt.selection_interval(name="box")
    pick = alt.selection_point(
        name="pick", fields=["layer", "head"], on="symbol:click", empty=False
    )
    place = {
        "x": alt.X(f"{x}:Q", title=titles[0], scale=_near(frame[x]), axis=measured()),
        "y": alt.Y(f"{y}:Q", title=titles[1], scale=_near(frame[y]), axis=measured()),
    }
    layers = [*_bars(frame, place, x, y)]
    layers.append(
        alt.Chart(frame)
        .mark_point(filled=True, size=80, opacity=0.85)
        .encode(
            **place,
            **_named(frame, colour),
            tooltip=[
                "layer:O",
                "head:O",
                "role:N",
                alt.Tooltip(f"{x}:Q", format=".4f"),
                alt.Tooltip(f"{y}:Q", format=".4f"),
            ],
        )
        .add_params(pick, box)
    )
    return alt.layer(*layers).properties(height=420)


def _near(values: pd.Series) -> alt.Scale:
    return scale_of(values, zero=False)


def _bars(frame: pd.DataFrame, place: dict, x: str, y: str) -> list[alt.Chart]:
    """One standard error to either side."""
    found = []
    for name, axis, other in ((x, "x", "y"), (y, "y", "x")):
        if f"{name}_se" not in frame or frame[f"{name}_se"].isna().all():
            continue
        ends = frame.assign(
            low=frame[name] - frame[f"{name}_se"], high=frame[name] + frame[f"{name}_se"]
        )
        rule = alt.Chart(ends).mark_rule(color=GREY, opacity=0.5)
        ranges = {axis: "low:Q", f"{axis}2": "high:Q", other: place[other]}
        found.append(rule.encode(**ranges))
    return found


def _named(frame: pd.DataFrame, colour: str) -> dict:
    names = sorted(frame[colour].astype(str).unique(), key=lambda name: (name == NONE, name))
    legend = alt.Legend(title=None, orient="top", columns=6, symbolOpacity=1)
    scale = {"domain": names}
    inks = [GREY if name == NONE else ink for name, ink in zip(names, cycle(CATEGORIES))]
    return {
        "color": alt.Color(f"{colour}:N", legend=legend, scale=alt.Scale(domain=names, range=inks)),
        "shape": alt.Shape(f"{colour}:N", legend=legend, scale=alt.Scale(**scale, range=SHAPES)),
    }


def likeness_map(frame: pd.DataFrame) -> alt.LayerChart:
    """Heads as points, the nearer the more alike. `frame`: layer, head, x, y, role, name."""
    pick = alt.selection_point(
        name="pick", fields=["layer", "head"], on="symbol:click", empty=False
    )
    bare = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    place = {
        "x": alt.X("x:Q", axis=bare, title=None, scale=alt.Scale(zero=False)),
        "y": alt.Y("y:Q", axis=bare, title=None, scale=alt.Scale(zero=False)),
    }
    points = alt.Chart(frame).mark_point(filled=True, size=90, opacity=0.85)
    called = frame["name"].where(frame["role"] != NONE, "").tolist()
    room = label_levels(
        frame[["x", "y"]].to_numpy(),
        called,
        order=np.flatnonzero([bool(name) for name in called]),
        height=LIKENESS,
    )
    free = (room == 0) | (room == 1)  # in a small window, and in one of the usual size
    names = alt.Chart(frame[free]).mark_text(color=GREY, dy=-10, fontSize=10)
    return alt.layer(
        points.encode(
            **place, **_named(frame, "role"), tooltip=["layer:O", "head:O", "role:N"]
        ).add_params(pick),
        names.encode(**place, text="name:N"),
    ).properties(height=LIKENESS + 60)


def likeness_matrix(frame: pd.DataFrame, order: list[str]) -> alt.Chart:
    """Distance of every pair. `frame`: one, two (names), distance; `order` sorts like to like."""
    axis = named(labels=len(order) <= LABELLED, labelFontSize=9, ticks=False, title=None)
    return (
        alt.Chart(frame)
        .mark_rect()
        .encode(
            x=alt.X("one:N", sort=order, axis=axis),
            y=alt.Y("two:N", sort=order, axis=axis),
            color=alt.Color(
                "distance:Q",
                sort="descending",
                legend=colours("JS distance (nats)"),
            ),
            tooltip=["one", "two", alt.Tooltip("distance:Q", format=".3f")],
        )
        .properties(width=MATRIX, height=MATRIX + LEGEND)
    )


def pruning(frame: pd.DataFrame, *, y: str, title: str) -> alt.LayerChart:
    """What is left as heads are removed. `frame`: ranking, removed, the column y and `<y>_std`."""
    colours = iter((POSITIVE, SECOND, MARKED))
    names = sorted(set(frame["ranking"]), key=lambda name: (name.startswith("random"), name))
    inks = [GREY if name.startswith("random") else next(colours) for name in names]
    colour = alt.Color(
        "ranking:N",
        legend=alt.Legend(**STROKES),
        scale=alt.Scale(domain=names, range=inks),
    )
    base = alt.Chart(frame).encode(
        x=alt.X(
            "removed:Q",
            title="heads removed (least important first)",
            scale=alt.Scale(domain=[0, int(frame["removed"].max())], nice=False),
            axis=measured(format="d", tickMinStep=1),
        )
    )
    line = base.mark_line(point=True, strokeWidth=2).encode(
        y=alt.Y(f"{y}:Q", title=title, scale=alt.Scale(zero=False), axis=measured()),
        color=colour,
        strokeDash=alt.StrokeDash(
            "ranking:N", legend=alt.Legend(**STROKES), scale=alt.Scale(domain=names)
        ),
        tooltip=["ranking", "removed", alt.Tooltip(f"{y}:Q", format=".4f")],
    )
    spread = frame.dropna(subset=[f"{y}_std"])
    spread = spread.assign(low=spread[y] - spread[f"{y}_std"], high=spread[y] + spread[f"{y}_std"])
    band = (
        alt.Chart(spread)
        .mark_area(opacity=0.2)
        .encode(x="removed:Q", y="low:Q", y2="high:Q", color=colour)
    )
    return alt.layer(band, line).properties(height=320)


def profile(frame: pd.DataFrame) -> alt.LayerChart:
    """Where a head looks from: share of attention by offset. `frame`: offset, share, se."""
    ends = frame.assign(low=frame["share"] - frame["se"], high=frame["share"] + frame["se"])
    if frame["se"].isna().all():
        ends = frame[["offset", "share"]]
    base = alt.Chart(ends).encode(
        x=alt.X(
            "offset:O",
            title="key − query (outer bars: 9 or more)",
            axis=named(labelExpr="replace(datum.label, '-', '−')"),
        )
    )
    bars = base.mark_bar().encode(
        y=alt.Y("share:Q", title="share of attention", axis=measured(format="%")),
        tooltip=["offset:O", alt.Tooltip("share:Q", format=".3f"), *_error(ends)],
    )
    if "se" not in ends:
        return alt.layer(bars).properties(height=200)
    error = base.mark_rule(color=GREY, strokeWidth=2).encode(y="low:Q", y2="high:Q")
    return alt.layer(bars, error).properties(height=200)


def differences(frame: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """Two sides of every head against each other. `frame`: layer, head, first, second, real."""
    ends = frame[["first", "second"]].stack().agg(["min", "max"]).dropna()
    shown = ["layer", "head", "first", "second", "difference", "se", "real"]
    told = frame[shown].assign(difference_is=frame["real"].map({True: REAL, False: NOISE}))
    present = [name for name in (REAL, NOISE) if name in set(told["difference_is"])]
    inks = {"domain": present, "range": [{REAL: POSITIVE, NOISE: GREY}[name] for name in present]}
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1)
    both = alt.Scale(domain=list(ends), nice=False, padding=10) if len(ends) else alt.Scale()
    points = (
        alt.Chart(told)
        .mark_point(filled=True, size=70, opacity=0.85)
        .encode(
            x=alt.X("first:Q", title=f"{title}, first", scale=both, axis=measured()),
            y=alt.Y("second:Q", title=f"{title}, second", scale=both, axis=measured()),
            color=alt.Color("difference_is:N", legend=legend, scale=alt.Scale(**inks)),
            shape=alt.Shape("difference_is:N", legend=legend, sort=inks["domain"]),
            tooltip=[
                "layer:O",
                "head:O",
                alt.Tooltip("first:Q", format=".4f"),
                alt.Tooltip("second:Q", format=".4f"),
                alt.Tooltip("difference:Q", format="+.4f"),
                alt.Tooltip("se:Q", format=".4f"),
            ],
        )
    )
    equal = alt.Chart(pd.DataFrame({"a": ends})).mark_line(color=GREY, strokeDash=[4, 3])
    return alt.layer(equal.encode(x="a:Q", y="a:Q"), points).properties(width=SQUARE, height=SQUARE)


def depths(frame: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """Models of different size by relative depth. `frame`: model, depth, mean, lowest, highest."""
    on_top = alt.Legend(**STROKES, labelLimit=LONGEST)
    base = alt.Chart(frame).encode(
        x=alt.X("depth:Q", title="depth (0 the first layer, 1 the last)", axis=measured()),
        color=alt.Color("model:N", legend=on_top, sort=None),
    )
    band = base.mark_area(opacity=0.18).encode(y="lowest:Q", y2="highest:Q")
    line = base.mark_line(point=True, strokeWidth=2).encode(
        y=alt.Y("mean:Q", title=f"{title} (mean and range over heads)", axis=measured()),
        strokeDash=alt.StrokeDash("model:N", legend=on_top, sort=None),
        tooltip=["model", "layer", alt.Tooltip("mean:Q", format=".4f")],
    )
    return alt.layer(band, line).properties(height=360)

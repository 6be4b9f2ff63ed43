"""Charts of an audit: values with intervals, confusion matrix, reliability, curves by threshold."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from interp_core.charts.axes import LEGEND, SIDE, measured, named
from interp_core.charts.heatmaps import printed
from interp_core.charts.points import GREY, MARKED

ROW = 22  # px of a value with its interval
AXIS = 120  # px of the legend and the axis, which the height includes
FACET = 150  # px of one of several charts in a row
GAP = 36  # px between two, so that the labels of their axes do not meet
CELL, WIDEST_CELL = 42, 100  # px of a class in the confusion matrix: names may need more
ROUND = 190  # px of both axes and the legend, which the height includes
SLANTED = 24  # px to the right, over which the slanted name of the last class goes
UPRIGHT = 5  # classes up to which the names stand upright
LETTER, LONGEST = 7, 160  # px of a letter, and of a name
MOST_CELLS = 15  # classes whose counts are printed in the cells
SMALL = "fewer than 30 texts"
ENOUGH = "enough texts"
SIZE = alt.Scale(domain=[ENOUGH, SMALL], range=["#4679bf", GREY])


def intervals(
    frame: pd.DataFrame,
    *,
    title: str,
    form: str = ".1%",
    mark: float | None = None,
    mark_title: str = "all texts",
    chosen: str | None = None,
    words: tuple[str, str] = (ENOUGH, SMALL),
) -> alt.LayerChart:
    """A point with its interval for each row; a vertical line at `mark`.

    `frame`: name, value, low, high, n, small (bool), perhaps group (a facet of its own) and limit
    (a threshold, drawn as a tick). What is `small` is grey; `words` says what colour and
    grey mean. `chosen` names a selection that a click gives, by name.
    """
    names = list(dict.fromkeys(frame["name"]))
    told = frame.assign(texts=frame["small"].map({True: words[1], False: words[0]}))
    where = alt.Y(
        "name:N",
        sort=names,
        title=None,
        axis=named(labelLimit=260, grid=True, labelOverlap=False),
    )
    sizes = alt.Scale(domain=list(words), range=SIZE.range)
    legend = _legend(told["texts"], words)
    colour = alt.Color("texts:N", scale=sizes, legend=legend)
    axis = measured(**_ticks(form), **({"tickCount": 4} if "group" in frame else {}))
    tooltip = [
        alt.Tooltip("name:N", title=" "),
        *([alt.Tooltip("group:N", title="statistic")] if "group" in frame else []),
        alt.Tooltip("value:Q", format=form),
        alt.Tooltip("low:Q", format=form, title="from (95%)"),
        alt.Tooltip("high:Q", format=form, title="to (95%)"),
        alt.Tooltip("n:Q", format=","),
    ]
    base = alt.Chart(told).encode(y=where, color=colour, tooltip=tooltip)
    scale = alt.Scale(zero=False, nice=True)
    rules = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=title, axis=axis, scale=scale), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("value:Q", title=title, axis=axis, scale=scale)
    )
    if chosen:
        points = points.add_params(
            alt.selection_point(name=chosen, fields=["name"], on="click", empty=False)
        )
    layers = [rules, points]
    if "limit" in frame:
        limits = alt.Chart(told).mark_tick(color=MARKED, thickness=3, size=16)
        layers.append(limits.encode(y=where, x=alt.X("limit:Q", title=title)))
    if mark is not None:
        line = alt.Chart(told.head(1).assign(mark=mark)).mark_rule(color=MARKED, strokeDash=[4, 3])
        tip = alt.Tooltip("mark:Q", title=mark_title, format=form)
        layers.insert(0, line.encode(x=alt.X("mark:Q", title=title), tooltip=[tip]))
    height = ROW * max(3, len(names))
    if "group" not in frame:
        return alt.layer(*layers).properties(height=height + AXIS - (0 if legend else LEGEND))
    facets = alt.layer(*layers, data=told).properties(height=height, width=FACET)
    order = list(dict.fromkeys(frame["group"]))
    return facets.facet(column=alt.Column("group:N", title=None, sort=order), spacing=GAP)


def _ticks(form: str) -> dict[str, str]:
    """The format of an axis of values that are told in `form`: as few digits as its steps need."""
    if form == "d":
        return {"format": form}
    return {"format": ".0%"} if "%" in form else {"format": "+"} if "+" in form else {}


def _legend(told: pd.Series, words: Sequence[str]) -> alt.Legend | None:
    """What the colours mean of those that are there; nothing where all texts are enough."""
    shown = [each for each in words if each in set(told)]
    return None if shown == [ENOUGH] else alt.Legend(title=None, orient="top", values=shown)


def confusion(frame: pd.DataFrame, *, selection: str = "cell") -> alt.LayerChart:
    """True class down, predicted class across. `frame`: true, predicted, count, share.

    Colour is the share of the true class; a click gives true and predicted.
    """
    names = list(dict.fromkeys([*frame["true"], *frame["predicted"]]))
    axis = {"labelLimit": LONGEST, "ticks": False, "domain": False}
    axis |= {"labelFlush": False, "labelOverlap": False}
    place = {
        "x": alt.X(
            "predicted:N",
            sort=names,
            title="predicted class",
            axis=alt.Axis(orient="top", labelAngle=0 if len(names) <= UPRIGHT else -40, **axis),
        ),
        "y": alt.Y("true:N", sort=names, title="true class", axis=alt.Axis(**axis)),
    }
    click = alt.selection_point(
        name=selection, fields=["true", "predicted"], on="click", empty=False
    )
    cells = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2, cursor="pointer")
        .encode(
            **place,
            color=alt.Color(
                "share:Q",
                scale=alt.Scale(domain=[0, 1]),
                legend=alt.Legend(title="share of the true class", format="%", orient="bottom"),
            ),
            tooltip=[
                alt.Tooltip("true:N", title="true class"),
                alt.Tooltip("predicted:N", title="predicted class"),
                alt.Tooltip("count:Q", format=","),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
        .add_params(click)
    )
    layers = [cells]
    if len(names) <= MOST_CELLS:
        text = alt.Chart(frame[frame["count"] > 0]).encode(**place, text=alt.Text("count:Q"))
        layers.append(printed(text, "share", fontSize=14))
    width, height = confusion_size(names)
    return alt.layer(*layers).properties(width=width, height=height, padding={"right": SLANTED})


def confusion_size(names: Sequence[str]) -> tuple[int, int]:
    """Width and height in px at which the cells of a confusion matrix are square."""
    longest = LETTER * max(map(len, names), default=0)
    cell = min(WIDEST_CELL, max(CELL, longest)) if len(names) <= UPRIGHT else CELL
    beside = min(LONGEST, longest) + 2 * CELL + SLANTED
    count = max(2, len(names))
    return count * cell + beside, count * cell + ROUND


def reliability(frame: pd.DataFrame) -> alt.LayerChart:
    """Accuracy by confidence, with the diagonal of a calibrated model.

    `frame`: low, high, n, confidence, accuracy, accuracy_low, accuracy_high, small (bool).
    """
    told = frame.assign(texts=frame["small"].map({True: SMALL, False: ENOUGH}))
    percent = measured(format="%")
    domain = alt.Scale(domain=[0, 1])
    x = alt.X("confidence:Q", title="mean confidence", axis=percent, scale=domain)
    diagonal = (
        alt.Chart(pd.DataFrame({"x": [0, 1]}))
        .mark_line(color=GREY, strokeDash=[4, 3])
        .encode(x=alt.X("x:Q", title="mean confidence"), y=alt.Y("x:Q", title="accuracy"))
    )
    legend = _legend(told["texts"], SIZE.domain)
    colour = alt.Color("texts:N", scale=SIZE, legend=legend)
    tooltip = [
        alt.Tooltip("low:Q", format=".0%", title="confidence from"),
        alt.Tooltip("high:Q", format=".0%", title="to"),
        alt.Tooltip("n:Q", format=","),
        alt.Tooltip("confidence:Q", format=".1%", title="mean confidence"),
        alt.Tooltip("accuracy:Q", format=".1%"),
        alt.Tooltip("accuracy_low:Q", format=".1%", title="accuracy from (95%)"),
        alt.Tooltip("accuracy_high:Q", format=".1%", title="to (95%)"),
    ]
    base = alt.Chart(told).encode(x=x, color=colour, tooltip=tooltip)
    accuracy = {"title": "accuracy", "axis": percent, "scale": domain}
    return alt.layer(
        diagonal,
        base.mark_rule(strokeWidth=2).encode(
            y=alt.Y("accuracy_low:Q", **accuracy), y2="accuracy_high:Q"
        ),
        base.mark_point(filled=True, opacity=1).encode(
            y=alt.Y("accuracy:Q", **accuracy),
            size=alt.Size("n:Q", scale=alt.Scale(range=[40, 300]), legend=None),
        ),
    ).properties(width=SIDE, height=SIDE + (LEGEND if legend else 0))


def curve(
    frame: pd.DataFrame, *, x: str, y: str, threshold: float, chance: tuple[float, float]
) -> alt.LayerChart:
    """One column of `threshold_curves` over another, with the chosen threshold.

    `chance` is what a model without knowledge reaches at x = 0 and x = 1.
    """
    percent = measured(format="%")
    domain = alt.Scale(domain=[0, 1])
    place = {
        "x": alt.X(f"{x}:Q", title=x, axis=percent, scale=domain),
        "y": alt.Y(f"{y}:Q", title=y, axis=percent, scale=domain),
    }
    tooltip = [alt.Tooltip("threshold:Q", format=".3f"), alt.Tooltip("n:Q", format=",")]
    tooltip += [alt.Tooltip(f"{name}:Q", format=".1%") for name in (x, y)]
    base = alt.Chart(frame.sort_values("threshold")).encode(**place, tooltip=tooltip)
    at = frame[frame["threshold"] >= threshold].tail(1)
    even = alt.Chart(pd.DataFrame({x: [0.0, 1.0], y: list(chance)}))
    return alt.layer(
        even.mark_line(color=GREY, strokeDash=[4, 3]).encode(**place),
        base.mark_line(interpolate="linear", strokeWidth=2).encode(order="threshold:Q"),
        alt.Chart(at)
        .mark_point(filled=True, size=110, color=MARKED, opacity=1)
        .encode(**place, tooltip=tooltip),
    ).properties(width=SIDE, height=SIDE)

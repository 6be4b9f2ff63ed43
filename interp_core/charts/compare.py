"""Two models: change of weights, likeness of layers, maps and words with signed differences."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import BANDS, LEGEND, SIDE, by_head, colours, measured, named
from interp_core.charts.heatmaps import below_zero, largest, printed, token_axis
from interp_core.charts.points import GREY, POSITIVE, SECOND, STROKES

CELL = 30  # px of a layer
WRITTEN, LARGE, SMALL = 13, 40, 24  # layers up to which numbers stand in cells; px of such cells
LABELS = 42  # px of the layers' numbers and title beside them
AXIS = 120  # px of axis, title and legend, which the height includes
OUTSIDE = "outside"
LONGEST = 170  # px of the name of a matrix
MEASURES = {"cka": "CKA", "rsa": "RSA", "neighbours": "neighbours"}


def change_map(
    frame: pd.DataFrame, *, value: str = "relative", title: str = "‖ΔW‖ / ‖W‖"
) -> alt.LayerChart:
    """Layer × matrix; what did not change at all is marked 0.

    `frame`: layer (a number, or "outside", which is left out unless there is nothing else),
    matrix, parameter, shape, change, relative, stable_rank; the colour is that of `value`.
    """
    inside = frame[frame["layer"] != OUTSIDE]
    frame = inside if len(inside) else frame
    layers = list(dict.fromkeys(frame["layer"]))
    place = {
        "x": alt.X(
            "matrix:N",
            sort=list(dict.fromkeys(frame["matrix"])),
            title=None,
            axis=alt.Axis(
                orient="top",
                **{**BANDS, "labelAngle": -40, "labelLimit": LONGEST, "labelOverlap": False},
            ),
        ),
        "y": alt.Y("layer:O", sort=layers, title="layer", axis=alt.Axis(**BANDS)),
    }
    tooltip = [
        "layer:O",
        "matrix:N",
        "parameter:N",
        "shape:N",
        alt.Tooltip("relative:Q", title="‖ΔW‖ / ‖W‖", format=".4f"),
        alt.Tooltip("stable_rank:Q", title="stable rank", format=".1f"),
    ]
    top = largest(frame[value])
    cells = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2)
        .encode(
            **place,
            color=alt.Color(
                f"{value}:Q",
                scale=alt.Scale(domain=[0, top]),
                legend=colours(title),
            ),
            tooltip=tooltip,
        )
    )
    nothing = alt.Chart(frame[frame["change"] == 0]).encode(**place)
    return alt.layer(cells, nothing.mark_text(text="0", color=GREY, fontSize=11)).properties(
        height=CELL * len(layers) + AXIS + 40
    )


def layer_similarity(frame: pd.DataFrame, *, chance: float | None = None) -> alt.LayerChart:
    """Measures of likeness layer by layer with their intervals.

    `frame`: layer (of the deeper model), depth, measure, value, low, high. `chance` is the share of
    common neighbours that chance gives.
    """
    names = [name for name in MEASURES.values() if name in set(frame["measure"])]
    legend = alt.Legend(**STROKES, symbolStrokeWidth=2)
    inks = alt.Scale(domain=names, range=[POSITIVE, SECOND, "#cc79a7"][: len(names)])
    colour = alt.Color("measure:N", scale=inks, legend=legend)
    x = alt.X("layer:O", title="layer (0: embeddings)", axis=named())
    scale = alt.Scale(domain=[min(0.0, float(frame["low"].min(skipna=True) or 0)), 1], nice=False)
    base = alt.Chart(frame).encode(x=x, color=colour)
    band = base.mark_area(opacity=0.18, interpolate="linear").encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    line = base.mark_line(point=alt.OverlayMarkDef(size=50), strokeWidth=2).encode(
        y=alt.Y("value:Q", title="similarity", scale=scale, axis=measured()),
        strokeDash=alt.StrokeDash("measure:N", sort=names, legend=legend),
        tooltip=[
            "measure:N",
            alt.Tooltip("first_layer:O", title="layer of the first"),
            alt.Tooltip("second_layer:O", title="layer of the second"),
            alt.Tooltip("value:Q", format=".3f"),
            alt.Tooltip("low:Q", format=".3f", title="from (95%)"),
            alt.Tooltip("high:Q", format=".3f", title="to (95%)"),
        ],
    )
    layers = [band, line]
    if chance is not None:
        rule = alt.Chart(pd.DataFrame({"chance": [chance]})).mark_rule(
            color=GREY, strokeDash=[2, 3]
        )
        layers.insert(
            0,
            rule.encode(
                y=alt.Y("chance:Q", scale=scale),
                tooltip=[
                    alt.Tooltip("chance:Q", title="neighbours expected by chance", format=".3f")
                ],
            ),
        )
    return alt.layer(*layers).properties(height=300)


def layer_by_layer(frame: pd.DataFrame, *, value: str, names: tuple[str, str]) -> alt.LayerChart:
    """Every layer of one model against every layer of another.

    `frame`: first_layer, second_layer, the column `value` and the ends of its interval.
    """
    title = MEASURES[value]
    place = {
        "x": alt.X("second_layer:O", title=f"layer of {names[1]}", axis=alt.Axis(**BANDS)),
        "y": alt.Y("first_layer:O", title=f"layer of {names[0]}", axis=alt.Axis(**BANDS)),
    }
    count = max(frame[name].nunique() for name in ("first_layer", "second_layer"))
    cells = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2)
        .encode(
            **place,
            color=alt.Color(
                f"{value}:Q",
                scale=alt.Scale(domain=[0, 1], clamp=True),
                legend=colours(title),
            ),
            tooltip=[
                alt.Tooltip("first_layer:O", title=f"layer of {names[0]}"),
                alt.Tooltip("second_layer:O", title=f"layer of {names[1]}"),
                alt.Tooltip(f"{value}:Q", title=title, format=".3f"),
                alt.Tooltip(f"{value}_low:Q", title="from (95%)", format=".3f"),
                alt.Tooltip(f"{value}_high:Q", title="to (95%)", format=".3f"),
            ],
        )
    )
    layers = [cells]
    if count <= WRITTEN:
        text = alt.Chart(frame.dropna(subset=[value])).encode(
            **place, text=alt.Text(f"{value}:Q", format=".2f")
        )
        layers.append(printed(text, value))
    side = alt.Step(layer_cell(count))
    return alt.layer(*layers).properties(width=side, height=side)


def layer_cell(count: int) -> int:
    """px of a square cell of a map of up to so many layers."""
    return LARGE if count <= WRITTEN else SMALL


def head_change_map(
    frame: pd.DataFrame, *, title: str, signed: bool = False, form: str = ".3f"
) -> alt.LayerChart:
    """Layer × head. `frame`: layer, head, matched, value, perhaps se and real (bool).

    Heads that changed by more than noise are framed. A click gives layer and head ("head").
    """
    place = by_head()
    top = largest(frame["value"])
    scale = alt.Scale(domain=[-top if signed else 0, top], **({"domainMid": 0} if signed else {}))
    tooltip = [
        "layer:O",
        "head:O",
        alt.Tooltip("matched:O", title="head of the second"),
        alt.Tooltip("value:Q", title=title, format=form),
    ]
    tooltip += [alt.Tooltip("se:Q", title="SE", format=form)] * ("se" in frame)
    click = alt.selection_point(name="head", fields=["layer", "head"], on="click", empty=False)
    cells = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2, cursor="pointer")
        .encode(
            **place,
            color=alt.Color(
                "value:Q",
                scale=scale,
                legend=colours(title),
            ),
            tooltip=tooltip,
        )
        .add_params(click)
    )
    layers = [cells]
    base = alt.Chart(frame).encode(**place)
    if signed:
        layers.append(below_zero(base, "value", top))
    if "real" in frame:
        framed = alt.Chart(frame[frame["real"]]).encode(**place)
        layers.append(
            framed.mark_rect(filled=False, stroke=GREY, strokeWidth=1.5, cornerRadius=2).encode(
                tooltip=tooltip
            )
        )
    return alt.layer(*layers).properties(height=CELL * frame["layer"].nunique() + AXIS)


def reliability_of_both(frame: pd.DataFrame) -> alt.LayerChart:
    """Accuracy by confidence of two models.

    `frame`: model, low, high, n, confidence, accuracy, accuracy_low, accuracy_high.
    """
    names = list(dict.fromkeys(frame["model"]))
    percent, domain = measured(format="%"), alt.Scale(domain=[0, 1])
    x = alt.X("confidence:Q", title="mean confidence", axis=percent, scale=domain)
    accuracy = {"title": "accuracy", "axis": percent, "scale": domain}
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1)
    inks = alt.Scale(domain=names, range=[POSITIVE, SECOND])
    diagonal = (
        alt.Chart(pd.DataFrame({"x": [0, 1]}))
        .mark_line(color=GREY, strokeDash=[4, 3])
        .encode(x=alt.X("x:Q", title="mean confidence"), y=alt.Y("x:Q", title="accuracy"))
    )
    tooltip = [
        "model:N",
        alt.Tooltip("low:Q", format=".0%", title="confidence from"),
        alt.Tooltip("high:Q", format=".0%", title="to"),
        alt.Tooltip("n:Q", format=","),
        alt.Tooltip("confidence:Q", format=".1%", title="mean confidence"),
        alt.Tooltip("accuracy:Q", format=".1%"),
    ]
    base = alt.Chart(frame).encode(
        x=x, color=alt.Color("model:N", scale=inks, legend=legend), tooltip=tooltip
    )
    return alt.layer(
        diagonal,
        base.mark_rule(strokeWidth=2).encode(
            y=alt.Y("accuracy_low:Q", **accuracy), y2="accuracy_high:Q"
        ),
        base.mark_point(filled=True, opacity=1, size=80).encode(
            y=alt.Y("accuracy:Q", **accuracy),
            shape=alt.Shape(
                "model:N", legend=legend, scale=alt.Scale(domain=names, range=["circle", "square"])
            ),
        ),
    ).properties(width=SIDE, height=SIDE + LEGEND)


def signed_bars(frame: pd.DataFrame, *, value: str, title: str) -> alt.LayerChart:
    """A bar up or down for each word. `frame`: key (a token key), word, the column `value`."""
    keys = list(dict.fromkeys(frame["key"]))
    bars = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X(
                "key:N", sort=keys, axis=token_axis(angle=0 if len(keys) <= 14 else -60, limit=90)
            ),
            y=alt.Y(f"{value}:Q", title=title, axis=measured()),
            tooltip=["word", alt.Tooltip(f"{value}:Q", title=title, format="+.4f")],
        )
    )
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=GREY).encode(y="y:Q")
    return alt.layer(bars, zero).properties(height=200)


def lens_of_both(frame: pd.DataFrame) -> alt.LayerChart:
    """Probability after each layer in two models. `frame`: model, layer, depth, label,
    probability."""
    names = list(dict.fromkeys(frame["model"]))
    legend = alt.Legend(**STROKES, symbolStrokeWidth=2)
    inks = alt.Scale(domain=names, range=[POSITIVE, SECOND])
    deep = frame.groupby("model")["layer"].max().nunique() > 1
    x = (
        alt.X("depth:Q", title="depth (0: embeddings, 1: last layer)", axis=measured())
        if deep
        else alt.X("layer:O", title="after layer", axis=named())
    )
    line = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=45), strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y(
                "probability:Q",
                scale=alt.Scale(domain=[0, 1]),
                axis=measured(format="%"),
            ),
            color=alt.Color("model:N", scale=inks, legend=legend),
            strokeDash=alt.StrokeDash("model:N", sort=names, legend=legend),
            tooltip=["model", "layer:O", "label", alt.Tooltip("probability:Q", format=".1%")],
        )
    )
    return alt.layer(line).properties(height=280)

"""The picture in the plane: a chart that moves, is searched, picked and boxed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from interp_core.charts.export import INK
from interp_core.charts.points import in_order
from interp_core.charts.scatter import Look, scatter
from interp_core.drawing.points import axes_of, look, scene_frame
from interp_core.embedding.vectors import truncate
from interp_core.ui.embedding import appearance, picking, results, sources
from interp_core.ui.embedding.appearance import Scene
from interp_core.ui.embedding.colouring import CLUSTER, RELIABILITY, Colouring
from interp_core.ui.embedding.downloads import steps
from interp_core.ui.embedding.question import described, titled
from interp_core.ui.embedding.results import in_place
from interp_core.ui.widgets.figure import draw, figure
from interp_core.ui.widgets.recipe import Recipe, calls, supplied

MISSING = object()
MOST_LISTED = 200  # points whose numbers a script lists


def show(scene: Scene, *, preview: bool = False) -> alt.LayerChart | Recipe:
    """Draw it; a `preview` of a slower method reports no clicks."""
    key = "preview" if preview else "picture"
    told = scene.picked if preview else picking.marked((scene.name, key), scene.picked)
    rows = appearance.drawn_rows(len(scene.vectors), scene.found, told)
    chart = _chart(scene, rows, told, lines=not preview)
    widget = f"{key}_{hash(scene.name)}"
    drags = {"key": widget, "selection_mode": ["pick", "box"]}
    said = described(scene.asked, scene.vectors, scene.picture) + sampled(scene, rows)
    if preview:
        draw(chart, alt=said, on_select="ignore", **drags)
        return chart
    report = picking.on_chart(widget, scene.vectors, scene.name)
    made = scene_recipe(scene, partial(lambda each: each, chart))
    chart = chart if made is None else made
    figure(chart, title=titled(scene.asked), alt=said, on_select=report, **drags)
    _how_to(scene, len(rows))
    return chart


def scene_recipe(scene: Scene, drawn: Callable[[], Any]) -> Recipe | None:
    """How the chart is drawn again; None where it holds more than a record knows: thumbnails,
    answers beside their labels, axes from words."""
    colour = _colour_recipe(scene)
    pictured = sources.thumbnails(scene.asked.points, scene.vectors)
    many = int(scene.found.sum()) > MOST_LISTED
    if pictured or colour is MISSING or many or scene.asked.method == "axis":
        return None
    made, step = steps(scene.asked, scene.vectors, scene.picture)
    about: dict[str, Any] = {"vectors": made, "colour": colour}
    if scene.view.labels != "points":
        about["labels"] = scene.view.labels
    if scene.found.any():
        about["search"] = np.flatnonzero(scene.found).tolist()
    if scene.picked is not None:
        about["picked"] = scene.picked
    return supplied(step.chart(**about), drawn)


def _colour_recipe(scene: Scene) -> Any:
    """What the points are coloured by, as an argument of the record's chart."""
    name, vectors = scene.view.colour, scene.vectors
    if scene.colours is None or name is None:
        return None
    if name == CLUSTER:
        made = sources.recipe(scene.asked.points, vectors)
        return calls.clusters(made, metric=scene.asked.metric, seed=0)
    if name == RELIABILITY or name in vectors.frame:
        return name
    return MISSING


def from_front(scene: Scene, rows: np.ndarray) -> alt.LayerChart:
    """The first two axes of these rows, for paper."""
    return _chart(scene, rows, scene.picked, lines=False)


def sampled(scene: Scene, rows: np.ndarray) -> str:
    """A sentence where not all points are drawn."""
    count = len(scene.vectors)
    return (
        ""
        if len(rows) == count
        else f" Shown: a random sample of {len(rows):,} of {count:,} points."
    )


def _chart(scene: Scene, rows: np.ndarray, picked: int | None, *, lines: bool) -> alt.LayerChart:
    frame = in_place(lambda: _frame(scene, rows, lines=lines))
    return scatter(frame, _labels(scene, frame, rows), _look(scene, frame, picked))


def _frame(scene: Scene, rows: np.ndarray, *, lines: bool) -> pd.DataFrame:
    """The points with their tooltips, colours and neighbours."""
    vectors, knn = scene.vectors, None
    if lines and 2 < len(vectors) <= results.AT_ONCE:
        k = min(results.NEAR, len(vectors) - 1)
        knn = results.neighbours(scene.asked.points, vectors, scene.asked.metric, k)
    return scene_frame(vectors, scene.picture, scene.found, rows, scene.colours, knn=knn)


def _look(scene: Scene, frame: pd.DataFrame, told: int | None) -> Look:
    shown = {"picked": told, "drag": scene.view.drag}
    shown["thumbnails"] = sources.thumbnails(scene.asked.points, scene.vectors)
    return look(frame, scene.colours, _axes(scene), inks=inks(), **shown)


def _labels(scene: Scene, frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    colours, wanted = scene.colours, scene.view.labels
    if wanted == "points":
        return appearance.point_labels(frame, scene.vectors)
    if wanted == "groups" and colours is not None and colours.kind == "nominal":
        return appearance.group_labels(frame, colours.values.iloc[rows])
    return appearance.NO_LABELS


def _axes(scene: Scene) -> tuple[str, str]:
    """What the axes mean, where they mean something."""
    if scene.asked.method == "axis":
        ends = dict(scene.asked.options)["axes"]
        first, second = (f"{', '.join(low)} → {', '.join(high)}" for low, high in ends[:2])
        return first, second
    return axes_of(scene.picture)


def _how_to(scene: Scene, drawn: int) -> None:
    drag, shifted = "pan", "select a box"
    if scene.view.drag == "select":
        drag, shifted = shifted, drag
    st.caption(
        f"Drag: {drag} · Shift + drag: {shifted} · scroll: zoom · click: select a point · "
        "double-click: reset."
    )
    count = len(scene.vectors)
    if drawn < count:
        st.caption(
            f"Shown: a random sample of {appearance.MOST_DRAWN:,} of {count:,} points and all "
            "matches of the search. The projection was computed from all points. “All points” "
            "shows every point."
        )


LIGHT = ["#2f6fd6", "#d55e00", "#009e73", "#cc79a7", "#a6761d", "#56b4e9", "#7a5195", "#4d4d4d"]
DARK = ["#5b9bf0", "#e69f00", "#2fc49a", "#e08fc0", "#d0b25c", "#8fb8ff", "#b99ae0", "#c4c9d1"]
RAMP = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"]  # viridis
# Pictures without shapes need twelve colours that stay apart.
MORE = ["#b2182b", "#7a9a01", "#1b7f8c", "#e377c2"]
LETTERS = 40  # of a name in the legend


def dark() -> bool:
    """Whether the reader's theme is dark."""
    return st.context.theme.type == "dark"


def inks() -> tuple[str, str]:
    """The colours of labels and of what is behind them."""
    return INK["dark" if dark() else "light"]


def names_of_colours(kind: str) -> list[str]:
    """The colours for groups, or the ramp for amounts."""
    if kind == "quantitative":
        return RAMP
    return [*(DARK if dark() else LIGHT), *MORE]


def legend(colouring: Colouring | None) -> None:
    """One line: a dot and a name for each group, or the two ends of the ramp."""
    if colouring is None:
        return
    title = f"<b>{escape(truncate(colouring.title, LETTERS))}</b>"
    if colouring.kind == "quantitative":
        low, high = colouring.values.min(), colouring.values.max()
        ramp = f"linear-gradient(90deg, {', '.join(RAMP)})"
        bar = (
            f'<span style="display:inline-block;width:140px;height:10px;background:{ramp}"></span>'
        )
        st.html(f"{title} &nbsp; {_figure(low)} {bar} {_figure(high)}")
        return
    colours = names_of_colours("nominal")
    entries = [
        f'<span style="white-space:nowrap"><span style="color:{colours[place % len(colours)]}">'
        f"&#9679;</span> {escape(truncate(name, LETTERS))}</span>"
        for place, name in enumerate(in_order(colouring.values))
    ]
    st.html(f"{title} &nbsp; " + " &nbsp; ".join(entries))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

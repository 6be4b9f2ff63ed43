"""The same points layer after layer, laid over one another so that motion means change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.pairs import trail
from interp_core.embedding.alignment import Aligned
from interp_core.embedding.vectors import Vectors, point_labels
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import appearance, drawing_choice, picking, plane, sources
from interp_core.ui.embedding.colouring import grouped, label_columns
from interp_core.ui.embedding.downloads import PointResult
from interp_core.ui.embedding.question import LAYERED, Drawing, Points, titled
from interp_core.ui.embedding.results import in_place, quick, shared, slow
from interp_core.ui.widgets import layout, markdown
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, within
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, each, named, supplied, value

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> PointResult | None:
    """A slider over the layers, the way of one point, and what becomes of the groups."""
    if asked.source not in LAYERED:
        st.info("This data has no layers. Choose a text source under Data.")
        return None
    wanted = drawing_choice.choose(asked, row, solid=False, own=False)
    wanted = replace(wanted, points=sources.thinned(asked))
    vectors = in_place(lambda: sources.all_layers(wanted.points))
    if vectors is None:
        return None
    parts = quick((wanted.points, "parts"), lambda: _parts(vectors))
    made = sources.recipe(wanted.points, vectors, layer="all")
    layers = each("number", range(len(parts)), lambda number: calls.at_layer(made, number))
    layers = supplied(named("layers", layers), lambda: parts)
    pictures = in_place(lambda: _pictures(wanted, parts))
    if pictures is None:
        return None
    number, label, picked = _choose(parts)
    places = [aligned.coordinates for _, aligned in pictures]
    chart = _chart(parts[number], places, number, label, picked)
    at = replace(wanted, points=replace(wanted.points, layer=number))
    figure(chart, title=titled(at), alt=described(at, pictures))
    say(pictures, number, wanted.points, len(parts[0]))
    if picked is not None:
        st.caption(way(places, picked))
    if label is not None:
        agreement(wanted.points, layers, label)
    step = _call(wanted, layers)
    table = calls.points_by_layer(layers, supplied(named("pictures", step), lambda: pictures))
    return PointResult(chart, table, asked=at, vectors=parts[number])


def _call(wanted: Drawing, layers: Recipe | list[Vectors]) -> Recipe:
    given = {"metric": wanted.metric, "seed": wanted.seed, **dict(wanted.options)}
    return calls.project_layers(layers, method=wanted.method, **given, quality=False)


def _parts(vectors: Vectors) -> list[Vectors]:
    numbers = sorted(int(number) for number in vectors.frame["layer"].unique())
    return [ic.at_layer(vectors, number) for number in numbers]


def _pictures(wanted: Drawing, parts: list[Vectors]) -> Pictures | None:
    def compute(progress: Callable[[int, int], object]) -> Pictures:
        ready = 0

        def told(done: int, expected: int) -> None:
            nonlocal ready
            progress(ready * expected + done, len(parts) * expected)
            ready += done >= expected

        return value(_call(wanted, parts), progress=told)

    return slow((wanted, "layers"), f"{wanted.title} of all layers", compute)


def _choose(parts: list[Vectors]) -> tuple[int, str | None, int | None]:
    """The layer, the column to colour by and the picked row."""
    last = len(parts) - 1
    labels = label_columns(parts[-1])
    with layout.controls():
        follow("group_by", labels[0] if labels else None)
        within("stage", last, 0)
        number = st.slider(
            "Show layer",
            0,
            last,
            0,
            key="stage",
            width=190,
            help="0 = output of the embeddings; n = output of the n-th layer, which is layer "
            "n − 1 on the page “Attention heads”.",
            **BOUND,
        )
        st.button(
            "Next layer",
            on_click=_next,
            args=(last,),
            icon=":material/play_arrow:",
            key="stage_next",
            help="After the last layer it begins again.",
        )
        keep_valid("group_by", labels)
        label = st.selectbox(
            "Colour by",
            labels,
            index=0 if labels else None,
            key="group_by",
            width=150,
            placeholder="none",
            **BOUND,
        )
    with layout.options():
        found = appearance.found_rows(parts[-1], appearance.find())
        picked = picking.chooser(parts[-1], found)
    return number, label, picked


def _next(last: int) -> None:
    stage = st.session_state.get("stage", 0)
    st.session_state["stage"] = 0 if stage >= last else stage + 1


def _chart(  # noqa: ANN202 - any chart of Altair's
    part: Vectors, places: list[np.ndarray], number: int, label: str | None, picked: int | None
):
    everything = np.concatenate(places)
    low, high = everything.min(axis=0), everything.max(axis=0)
    edge = 0.04 * np.where(high > low, high - low, 1.0)
    frame = pd.DataFrame(places[number], columns=["x", "y"]).astype(np.float32)
    frame["text"] = point_labels(part, appearance.SHOWN_LETTERS)
    groups, titles = set(), None
    if label:
        label = f"{label} "  # never the name of one of our columns
        frame[label] = values = grouped(part.frame[label[:-1]]).to_numpy()
        groups, titles = set(values), appearance.group_labels(frame, pd.Series(values))
    return trail(
        frame,
        tuple(zip((low - edge).tolist(), (high + edge).tolist())),
        colour=label,
        groups=groups,
        path=None if picked is None else ic.path_frame(places, picked),
        labels=titles,
        inks=plane.inks(),
    )


NEAR = 10  # neighbours that are asked for their label


def agreement(asked: Points, layers: Recipe, label: str) -> None:
    """By layer, how often neighbours carry the same label."""
    step = calls.agreement_by_layer(layers, label, k=NEAR)
    step = shared((asked, "agreement", label), "Labels of neighbours", step, unit="layers")
    if step is None:
        return
    found = value(step)
    first, last = (number(each, ".0%") for each in found["among neighbours"].iloc[[0, -1]])
    st.markdown(
        f"**Group separation by layer.** Nearest neighbours with the same {plain(label)}: "
        f"{first} at layer 0, {last} at the last layer."
    )
    figure(
        calls.chart(step, "agreement_by_layer"),
        title=f"Neighbours with the same {label}, by layer",
        alt=f"Lines over {len(found)} layers: nearest neighbours with the same {label}: "
        f"{first} at layer 0, {last} at the last layer; expected by chance: "
        f"{number(found['by chance'].iloc[0], '.0%')}.",
        table=step,
    )
    st.caption(
        f"Mean share of each point's {NEAR} nearest neighbours (cosine, original space) with the "
        f"same {plain(label)}."
    )


Pictures = list[tuple[ic.Projection, Aligned]]


def described(at: Drawing, pictures: Pictures) -> str:
    """The points at one layer in words."""
    number = at.points.layer
    count = len(pictures[number][1].coordinates)
    said = f"{at.title} of {count:,} points at layer {number} of {len(pictures) - 1}"
    if not number:
        return f"{said}, the output of the embeddings."
    left = pictures[number][1].disparity
    return f"{said}; Procrustes disparity to layer {number - 1}: {markdown.number(left, '.0%')}."


def say(pictures: Pictures, number: int, asked: Points, count: int) -> None:
    """How to read the motion, and what part of it is none."""
    parts = [
        f"{count:,} points, layer {number} of {len(pictures) - 1}. Each layer is aligned to "
        "the previous one (Procrustes), so movement means change."
    ]
    if number:
        left = pictures[number][1].disparity
        share = markdown.number(left, ".0%")
        parts.append(f"Procrustes disparity to the previous layer: {share}.")
    if asked.value("sampled"):
        parts.append(f"Shown: a random sample of {asked.value('sampled'):,} texts.")
    st.caption(" ".join(parts))


def way(places: list[np.ndarray], picked: int) -> str:
    """The way of one point."""
    path = ic.path_frame(places, picked)
    most = path.loc[path["moved"].idxmax()]
    return (
        "Line: trajectory of the selected point. Largest step: into layer "
        f"{int(most['layer'])} ({markdown.number(most['moved'], '.1f')} × the mean step of all "
        "points)."
    )

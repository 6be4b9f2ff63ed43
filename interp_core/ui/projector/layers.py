"""The same points layer after layer, laid over one another so that motion means change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.point_names import names
from interp_core.analysis.vectors import Vectors
from interp_core.charts.pairs import trail
from interp_core.models.record import LoadedModel
from interp_core.ui.choices import BOUND, follow, keep_valid
from interp_core.ui.figure import figure
from interp_core.ui.projector import (
    appearance,
    frames,
    how_drawn,
    layer_labels,
    layer_words,
    legend,
    picking,
    sources,
)
from interp_core.ui.projector.asked import LAYERED, Drawing, Points
from interp_core.ui.projector.colouring import grouped, label_columns
from interp_core.ui.projector.layer_words import Pictures
from interp_core.ui.projector.naming import titled
from interp_core.ui.projector.shown import Drawn
from interp_core.ui.projector.store import in_place, quick, slow

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> Drawn | None:
    """A slider over the layers, the way of one point, and what becomes of the groups."""
    if asked.source not in LAYERED:
        st.info("These vectors have no layers. Choose points that the model reads as texts.")
        return None
    wanted = how_drawn.choose(asked, row, solid=False, own=False)
    wanted = replace(wanted, points=sources.thinned(asked))
    vectors = in_place(lambda: sources.all_layers(wanted.points))
    if vectors is None:
        return None
    parts = quick((wanted.points, "parts"), lambda: _parts(vectors))
    pictures = in_place(lambda: _pictures(wanted, parts))
    if pictures is None:
        return None
    number, label, picked = _choose(parts)
    places = [aligned.coordinates for _, aligned in pictures]
    chart = _chart(parts[number], places, number, label, picked)
    at = replace(wanted, points=replace(wanted.points, layer=number))
    figure(chart, title=titled(at), alt=layer_words.described(at, pictures))
    layer_words.say(pictures, number, wanted.points, len(parts[0]))
    if picked is not None:
        st.caption(layer_words.way(places, picked))
    if label is not None:
        layer_labels.show(wanted.points, parts, label)
    table = ic.points_by_layer(parts, pictures)
    return Drawn(at, parts[number], pictures[number][0], chart, table)


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

        return ic.project_layers(
            parts,
            method=wanted.method,
            metric=wanted.metric,
            seed=wanted.seed,
            quality=False,
            progress=told,
            **dict(wanted.options),
        )

    return slow((wanted, "layers"), f"{wanted.title} of every layer", compute)


def _choose(parts: list[Vectors]) -> tuple[int, str | None, int | None]:
    """The layer, the column to colour by and the picked row."""
    last = len(parts) - 1
    labels = label_columns(parts[-1])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        follow("stage", last)
        follow("group_by", labels[0] if labels else None)
        if st.session_state.get("stage", 0) > last:
            del st.session_state["stage"]
        number = st.slider(
            "Show layer", 0, last, last, key="stage", width=230,
            help="0 is the output of the embeddings.", **BOUND,
        )  # fmt: skip
        keep_valid("group_by", labels)
        label = st.selectbox(
            "Colour", labels, index=0 if labels else None, key="group_by", width=150,
            placeholder="none", **BOUND,
        )  # fmt: skip
        found = frames.found_rows(parts[-1], appearance.find())
        picked = picking.chooser(parts[-1], found)
    return number, label, picked


def _chart(  # noqa: ANN202 - any chart of Altair's
    part: Vectors, places: list[np.ndarray], number: int, label: str | None, picked: int | None
):
    everything = np.concatenate(places)
    low, high = everything.min(axis=0), everything.max(axis=0)
    edge = 0.04 * np.where(high > low, high - low, 1.0)
    frame = pd.DataFrame(places[number], columns=["x", "y"]).astype(np.float32)
    frame["text"] = names(part, frames.SHOWN_LETTERS)
    groups, titles = set(), None
    if label:
        label = f"{label} "  # never the name of one of our columns
        frame[label] = values = grouped(part.frame[label[:-1]]).to_numpy()
        groups, titles = set(values), frames.group_labels(frame, pd.Series(values))
    return trail(
        frame,
        tuple(zip((low - edge).tolist(), (high + edge).tolist())),
        colour=label,
        groups=groups,
        path=None if picked is None else ic.path_frame(places, picked),
        labels=titles,
        inks=legend.inks(),
    )

"""The same points layer after layer, laid over one another so that motion means change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.neighbours import find_neighbours
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import lines, trail
from interp_core.models.record import LoadedModel
from interp_core.ui.attributions.asked import BOUND
from interp_core.ui.choices import keep_valid
from interp_core.ui.projector import controls, frames, picking, sources
from interp_core.ui.projector.asked import LAYERED, Drawing, Points
from interp_core.ui.projector.colouring import grouped, label_columns
from interp_core.ui.projector.shown import Drawn, coordinates
from interp_core.ui.projector.store import quick, slow

AGREE = 10  # neighbours that are asked for their label


def draw(asked: Points, model: LoadedModel, row) -> Drawn | None:  # noqa: ANN001
    """A slider over the layers, the path of one point, and what becomes of the groups."""
    if asked.source not in LAYERED:
        st.info("These vectors have no layers. Choose points that the model reads as texts.")
        return None
    wanted = controls.drawing(asked, row, solid=False)
    vectors = sources.all_layers(asked)
    if vectors is None:
        return None
    parts = quick((asked, "parts"), lambda: [ic.at_layer(vectors, n) for n in _numbers(vectors)])
    pictures = _pictures(wanted, parts)
    if pictures is None:
        return None
    last = parts[-1]
    labels = label_columns(last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state.get("stage", 0) >= len(parts):
            del st.session_state["stage"]
        number = st.slider(
            "Show layer",
            0,
            len(parts) - 1,
            len(parts) - 1,
            key="stage",
            width=340,
            help="0 is the output of the embeddings.",
            **BOUND,
        )
        keep_valid("group_by", labels)
        label = st.selectbox(
            "Colour", labels, index=0 if labels else None, key="group_by", width=170, **BOUND
        )
        part = st.text_input("Find", key="find", placeholder="part of a text", width=170, **BOUND)
        picked = picking.chooser(last, frames.found_rows(last, part))
    chart = _trail(parts, pictures, number, label, picked)
    st.altair_chart(chart, width="stretch", alt=f"The points at layer {number}.")
    drawn, aligned = pictures[number]
    st.caption(
        f"{len(last):,} points at layer {number} of {len(parts) - 1}, each picture turned and "
        "scaled onto the one before (Procrustes), so that what moves has changed. "
        f"{aligned.disparity:.0%} of this picture could not be laid over the layer before. "
        + (" · ".join(last.notes))
    )
    if picked is not None:
        st.caption(_way(pictures, picked))
    _groups(asked, parts, label)
    return Drawn(wanted, parts[number], drawn, chart, coordinates(parts[number], drawn))


def _numbers(vectors: Vectors) -> list[int]:
    return sorted(int(n) for n in vectors.frame["layer"].unique())


def _pictures(wanted: Drawing, parts: list[Vectors]) -> list | None:
    def compute(progress) -> list:  # noqa: ANN001
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


def _trail(parts, pictures, number, label, picked):  # noqa: ANN001, ANN202
    places = [aligned.coordinates for _, aligned in pictures]
    everything = np.concatenate(places)
    low, high = everything.min(axis=0), everything.max(axis=0)
    edge = 0.04 * (high - low)
    frame = pd.DataFrame(places[number], columns=["x", "y"]).astype(np.float32)
    frame["text"] = frames.names(parts[number], frames.SHOWN_LETTERS)
    frame.attrs["domain"] = tuple(zip((low - edge).tolist(), (high + edge).tolist()))
    if label:
        groups = grouped(parts[number].frame[label])
        frame[label] = groups.to_numpy()
        frame.attrs["groups"] = set(groups)
    path = None
    if picked is not None:
        path = ic.path_frame(places, picked)
    return trail(frame, path, label)


def _way(pictures: list, picked: int) -> str:
    path = ic.path_frame([aligned.coordinates for _, aligned in pictures], picked)
    most = path.loc[path["moved"].idxmax()]
    return (
        f"The line is the way of the chosen point; it moved most into layer {int(most['layer'])}: "
        f"{most['moved']:.1f} times the mean step of all points."
    )


def _groups(asked: Points, parts: list[Vectors], label: str | None) -> None:
    """Layer by layer: how often neighbours carry the same label, and the shape of the space."""
    if label is None:
        return

    def compute(progress) -> pd.DataFrame:  # noqa: ANN001
        rows = []
        for number, part in enumerate(parts):
            rows.append((number, *agreement(part, label)))
            progress(number + 1, len(parts))
        return pd.DataFrame(rows, columns=["layer", "share", "chance"])

    found = slow((asked, "agreement", label), "Neighbours' labels", compute, unit="layers")
    if found is None:
        return
    st.markdown(f"**Do the groups part as layers go up?** Neighbours that share their {label}")
    st.altair_chart(
        lines(
            found.assign(what="same label"),
            x="layer",
            y="share",
            colour="what",
            x_title="layer",
            y_title="share",
        ),
        width="stretch",
        alt="Share of neighbours with the same label, by layer.",
    )
    st.caption(
        f"Mean share of each point's {AGREE} nearest neighbours (cosine, original space) with the "
        f"same {label}; by chance {found['chance'].iloc[0]:.0%}."
    )


def agreement(vectors: Vectors, label: str) -> tuple[float, float]:
    """The mean share of the nearest neighbours with the same label, and what chance gives."""
    names = vectors.frame[label].astype(str).to_numpy()
    knn = find_neighbours(vectors, k=min(AGREE, len(vectors) - 1))
    share = float((names[knn.indices] == names[:, None]).mean())
    counts = pd.Series(names).value_counts().to_numpy(dtype=float)
    chance = float((counts * (counts - 1)).sum() / (len(names) * (len(names) - 1)))
    return share, chance

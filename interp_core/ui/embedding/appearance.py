"""Everything that a picture is made of: the choices of the reader, and the tables of the charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.charts.label_placement import label_levels, names_apart
from interp_core.charts.scatter import GROUP
from interp_core.embedding.neighbours import Neighbours
from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors, has_tokens, truncate
from interp_core.embedding.vectors import point_labels as names
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import picking
from interp_core.ui.embedding.colouring import Colouring, choices, columns
from interp_core.ui.embedding.question import Drawing, View
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of

SHOWN_LETTERS = 120  # of a text on hover
LABEL_LETTERS = 26
WORD_LETTERS = 3  # shorter texts are labelled last: single signs say little
AXES = ["x", "y", "z"]
NEAR_LINES = 10
MOST_DRAWN = 8_000  # what the chart moves fluently
COLOUR, NEAR = "_colour", "near"  # columns that `scatter` reads


def found_rows(vectors: Vectors, part: str) -> np.ndarray:
    """(n,) which points' names contain what was typed."""
    part = part.strip().casefold()
    if not part:
        return np.zeros(len(vectors), dtype=bool)
    column = "token" if has_tokens(vectors) else "text"
    hits = vectors.frame[column].astype(str).str.casefold().str.contains(part, regex=False)
    return hits.to_numpy(dtype=bool)


def point_frame(
    vectors: Vectors, drawn: Projection, found: np.ndarray, rows: np.ndarray
) -> pd.DataFrame:
    """row, x, y (and z), text, found of the rows that are drawn."""
    axes = AXES[: drawn.dimensions]
    frame = pd.DataFrame(drawn.coordinates[rows].astype(np.float32), columns=axes)
    frame.insert(0, "row", rows.astype(np.int32))
    called = names(vectors, SHOWN_LETTERS)
    frame["text"] = [called[row] for row in rows]
    frame["found"] = found[rows]
    return frame


def near_column(knn: Neighbours, rows: np.ndarray) -> list[str]:
    """The true neighbours of each row, separated by spaces."""
    few = knn.indices[rows, :NEAR_LINES]
    return [" ".join(map(str, line)) for line in few.tolist()]


def drawn_rows(count: int, found: np.ndarray, marked: int | None) -> np.ndarray:
    """All rows, or a random sample with what was searched for and the marked point in it."""
    if count <= MOST_DRAWN:
        return np.arange(count)
    sample = np.random.default_rng(0).choice(count, MOST_DRAWN, replace=False)
    wanted = [sample, np.flatnonzero(found)[:500], [] if marked is None else [marked]]
    return np.unique(np.concatenate(wanted).astype(np.int64))


def point_labels(frame: pd.DataFrame, vectors: Vectors) -> pd.DataFrame:
    """x, y, label, level: texts beside points, as many as find room; whole words come first."""
    labels = labels_of(frame, vectors, frame["row"])
    texts = labels["label"].tolist()
    short_ones = np.array([len(text) < WORD_LETTERS for text in texts])
    order = np.lexsort((short_ones, ~frame["found"].to_numpy()))
    labels["level"] = label_levels(labels[["x", "y"]].to_numpy(), texts, order=order)
    return labels[labels["level"] >= 0]


def labels_of(frame: pd.DataFrame, vectors: Vectors, rows: Sequence[int]) -> pd.DataFrame:
    """The axes, label, level 0: the names of these rows of the vectors."""
    column = vectors.frame["token" if has_tokens(vectors) else "text"]
    places = frame.set_index("row")[AXES[: 2 + ("z" in frame)]].loc[list(rows)]
    texts = [truncate(column.iloc[row], LABEL_LETTERS) for row in rows]
    return places.reset_index(drop=True).assign(label=texts, level=0)


def group_labels(frame: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """The axes, label, level −1: each group's name at the middle of its points."""
    axes = AXES[: 2 + ("z" in frame)]
    middles = frame.groupby(groups.to_numpy())[axes].median().reset_index(names="label")
    if len(axes) == 2:
        span = np.ptp(frame[axes].to_numpy(), axis=0)
        middles[axes] = names_apart(middles[axes].to_numpy(), list(middles["label"]), span)
    return middles.assign(level=GROUP)


NO_LABELS = pd.DataFrame({"x": [], "y": [], "label": [], "level": []})
EXTRA_TIPS = 4


def with_details(frame: pd.DataFrame, vectors: Vectors, columns: list[str]) -> pd.DataFrame:
    """The frame with the first columns of the table, for the tooltip."""
    told = vectors.frame.iloc[frame["row"]].reset_index(drop=True)
    kept = {name: told[name] for name in columns[:EXTRA_TIPS]}
    cut = {
        name: column
        if pd.api.types.is_numeric_dtype(column)
        else column.map(lambda t: truncate(t, 60))
        for name, column in kept.items()
    }
    own = {*frame, COLOUR, NEAR}
    taken = {name: f"{name} " if name in own else name for name in cut}
    return frame.assign(**{taken[name]: column for name, column in cut.items()})


@dataclass(frozen=True)
class Scene:
    """The question, the look, vectors, coordinates, colours, search hits (n,), the picked row."""

    asked: Drawing
    view: View
    vectors: Vectors
    picture: Projection
    colours: Colouring | None
    found: np.ndarray
    picked: int | None

    @property
    def name(self) -> tuple[Drawing, View]:
        """What the picture is known by from run to run."""
        return self.asked, self.view


DRAGS = ("pan", "select")  # what dragging does; with Shift, the other
LABELS = {"points": "of points", "groups": "of groups", "none": "none"}
GROUPED = ("ambiguous_words", "requests")  # long or repeated texts: their groups' names come first


def choose(
    asked: Drawing, vectors: Vectors, model: LoadedModel
) -> tuple[View, np.ndarray, int | None]:
    """The look, which points were searched for, and the picked row."""
    with layout.controls():
        colour = _colour(asked, vectors, model)
    with layout.options():
        part = find()
    found = found_rows(vectors, part)
    with layout.controls():
        picked = picking.chooser(vectors, found)
    with layout.options():
        labels, drag = _display(asked)
        everything = _everything(asked, vectors)
    tell(part, found)
    return View(colour, labels, part, drag, everything), found, picked


def _colour(asked: Drawing, vectors: Vectors, model: LoadedModel) -> str | None:
    offered = choices(vectors, model if asked.points.source != "vectors" else None)
    key = f"colour_{asked.points.source}"
    keep_valid(key, offered)
    first = 0 if columns(vectors) else None
    follow(key, None if first is None else offered[first])
    return st.selectbox(
        "Colour by", offered, index=first, key=key, placeholder="none", width=150, **BOUND
    )


def find() -> str:
    """What is searched for."""
    return st.text_input("Search", key="find", placeholder="text contains …", **BOUND)


def tell(part: str, found: np.ndarray) -> None:
    """How many points were found."""
    if not part.strip():
        return
    hits = int(found.sum())
    if hits:
        st.caption(f"{hits:,} of {len(found):,} points match (outlined).")
    else:
        st.caption("No points match.")


def _display(asked: Drawing) -> tuple[str, str]:
    """Which labels, and what dragging does."""
    offered = _labels_first(asked.points.source)
    labels = st.selectbox(
        "Labels", offered, key=f"labels_{asked.points.source}", format_func=LABELS.get, **BOUND
    )
    if asked.dimensions == 3:
        return labels, "pan"
    drag = one_of("Drag action", DRAGS, key="drag", help="Hold Shift for the other action.")
    return labels, drag


def _labels_first(source: str) -> list[str]:
    return sorted(LABELS, key=lambda name: name != "groups") if source in GROUPED else list(LABELS)


def _everything(asked: Drawing, vectors: Vectors) -> bool:
    if asked.dimensions == 3 or len(vectors) <= MOST_DRAWN:
        return False
    return st.toggle("All points", key="everything", help="Draws every point, with WebGL.", **BOUND)

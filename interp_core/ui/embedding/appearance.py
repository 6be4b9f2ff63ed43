"""Everything that a picture is made of: the choices of the reader, and the tables of the charts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from interp_core.drawing.points import (
    AXES,
    COLOUR,
    MOST_DRAWN,
    NEAR,
    NEAR_LINES,
    NO_LABELS,
    SHOWN_LETTERS,
    drawn_rows,
    group_labels,
    labels_of,
    near_column,
    point_frame,
    point_labels,
    with_details,
)
from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors, has_tokens
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import picking
from interp_core.ui.embedding.colouring import Colouring, choices, columns
from interp_core.ui.embedding.question import Drawing, View
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of

__all__ = [
    "AXES",
    "COLOUR",
    "DRAGS",
    "LABELS",
    "MOST_DRAWN",
    "NEAR",
    "NEAR_LINES",
    "NO_LABELS",
    "SHOWN_LETTERS",
    "Scene",
    "choose",
    "drawn_rows",
    "find",
    "found_rows",
    "group_labels",
    "labels_of",
    "near_column",
    "point_frame",
    "point_labels",
    "tell",
    "with_details",
]


def found_rows(vectors: Vectors, part: str) -> np.ndarray:
    """(n,) which points' names contain what was typed."""
    part = part.strip().casefold()
    if not part:
        return np.zeros(len(vectors), dtype=bool)
    column = "token" if has_tokens(vectors) else "text"
    hits = vectors.frame[column].astype(str).str.casefold().str.contains(part, regex=False)
    return hits.to_numpy(dtype=bool)


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

"""Everything that a picture is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import frames, picking
from interp_core.ui.embedding.colouring import Colouring, choices, columns
from interp_core.ui.embedding.question import Drawing, View
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of


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
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colour = _colour(asked, vectors, model)
        part = find()
        found = frames.found_rows(vectors, part)
        labels, drag = _display(asked)
        picked = picking.chooser(vectors, found)
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
    return st.text_input("Search", key="find", placeholder="text contains …", width=130, **BOUND)


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
    with st.popover("Display", icon=":material/visibility:"):
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
    if asked.dimensions == 3 or len(vectors) <= frames.MOST_DRAWN:
        return False
    return st.toggle("All points", key="everything", help="Draws every point, with WebGL.", **BOUND)

"""Two pictures of the same points side by side, with one box for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.quality import shared
from interp_core.analysis.vectors import Vectors
from interp_core.charts.pairs import side_by_side
from interp_core.models.record import LoadedModel
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.projector import drawing, frames, how_drawn, other_side, sources
from interp_core.ui.projector.asked import Drawing, Points
from interp_core.ui.projector.colouring import grouped, label_columns
from interp_core.ui.projector.shown import Drawn

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MOST_POINTS = 5_000
MOST_CHANGED = 20
KEPT = "same neighbours"
COLUMNS = {
    KEPT: st.column_config.NumberColumn(format="percent", width="small"),
    "point": st.column_config.NumberColumn(width="small"),
    "text": st.column_config.TextColumn(width="large"),
}


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> Drawn | None:
    """Both pictures, how far they agree, and the points whose neighbours changed most."""
    left = how_drawn.choose(asked, row, solid=False, own=False)
    pair = st.container(horizontal=True, vertical_alignment="bottom")
    right = other_side.choose(left, model, pair)
    if right is None:
        return None
    sides = (left, right)
    both = [sources.vectors(each.points) for each in sides]
    if any(each is None for each in both):
        return None
    _check(both)
    pictures = [drawing.projection(each, found) for each, found in zip(sides, both)]
    kept = None if any(each is None for each in pictures) else _kept(sides, both)
    if kept is None:
        return None
    places = [each.coordinates for each in pictures]
    table = _table(both[0], places, kept)
    chart = _chart(table, both[0], other_side.titles(left, right), pair)
    _figures(kept, places)
    _changed(table)
    return Drawn(left, both[0], pictures[0], chart, table, right)


def _check(both: list[Vectors]) -> None:
    if len(both[0]) != len(both[1]):
        raise ic.BadInput(
            "The two models cut the texts into different tokens, which cannot be paired. Choose "
            "one point for each text."
        )
    if len(both[0]) > MOST_POINTS:
        raise ic.BadInput(
            f"Side by side shows at most {MOST_POINTS:,} points; there are {len(both[0]):,}. "
            "Filter them."
        )


def _kept(sides: tuple[Drawing, Drawing], both: list[Vectors]) -> np.ndarray | None:
    """(n,) which share of its true neighbours each point has on both sides."""
    near = [drawing.neighbours(each.points, found, each.metric) for each, found in zip(sides, both)]
    return None if any(each is None for each in near) else shared(*(each.indices for each in near))


def _table(vectors: Vectors, places: list[np.ndarray], kept: np.ndarray) -> pd.DataFrame:
    """point, text, x, y (left), u, v (right, laid over the left), and the shared neighbours."""
    onto = ic.align(places[1], places[0]).coordinates
    table = pd.DataFrame(np.hstack([places[0], onto]), columns=["x", "y", "u", "v"])
    table.insert(0, "point", range(len(table)))
    table.insert(1, "text", frames.names(vectors, 300))
    return table.assign(**{KEPT: kept.round(2)})


def _chart(  # noqa: ANN202 - any chart of Altair's
    table: pd.DataFrame, vectors: Vectors, titles: tuple[str, str], pair: DeltaGenerator
):
    labels = label_columns(vectors)
    keep_valid("pair_colour", labels)
    first = 0 if labels else None
    label = pair.selectbox(
        "Colour", labels, index=first, key="pair_colour", width=170, placeholder="none", **BOUND
    )
    frame = table.assign(text=frames.names(vectors, frames.SHOWN_LETTERS))
    told = ["text", KEPT]
    if label:
        frame[frames.COLOUR] = grouped(vectors.frame[label]).to_numpy()
        frame[f"{label} "] = frame[frames.COLOUR]
        told.insert(1, f"{label} ")
    chart = side_by_side(frame, titles, frames.COLOUR if label else None, tuple(told))
    st.altair_chart(chart, width="stretch", alt="The same points in two pictures, side by side.")
    return chart


def _figures(kept: np.ndarray, places: list[np.ndarray]) -> None:
    row = ic.compare_pictures({"left": places[0], "right": places[1]}).iloc[0]
    st.caption(
        f"In the original spaces the two sides share {kept.mean():.0%} of the nearest neighbours; "
        f"the two pictures share {row['shared']:.0%} (by chance {row['chance']:.1%}). The right "
        "picture is turned and scaled onto the left one. Drag a box in either: its points stay lit "
        "in both; a double click resets."
    )


def _changed(table: pd.DataFrame) -> None:
    if (table[KEPT] == 1).all():
        return
    st.markdown("**Points whose neighbours changed most**")
    worst = table.nsmallest(MOST_CHANGED, KEPT)[["point", KEPT, "text"]]
    st.dataframe(worst, hide_index=True, height=240, column_config=COLUMNS)

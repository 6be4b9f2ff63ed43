"""How much a picture owes to its seed and its method: it is drawn again."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.reducers import REDUCERS
from interp_core.analysis.stability import stable_share
from interp_core.analysis.vectors import Vectors
from interp_core.ui import numbers, sharing
from interp_core.ui.projector import drawing
from interp_core.ui.projector.asked import Drawing
from interp_core.ui.projector.store import slow

AGAIN = "projector_stability"  # which picture was asked to be drawn again
SEEDS = (0, 1, 2)
METHODS = ("pca", "tsne", "umap")
TSNE_NEAR = 90  # neighbours that t-SNE reads
COLUMNS = {
    "shared": st.column_config.NumberColumn("neighbours in both", format="percent"),
    "chance": st.column_config.NumberColumn("by chance", format="percent"),
    "disparity": st.column_config.NumberColumn(
        "left after overlay", format="%.2f", help="0: the same picture; 1: nothing in common"
    ),
}


def show(wanted: Drawing, vectors: Vectors) -> None:
    """Would another seed, another method, have drawn the same neighbours?"""
    st.markdown("**Would another seed or method show the same?**")
    key = (wanted, "stability")
    if st.session_state.get(AGAIN) != key:
        st.button(
            "Draw it again with three seeds and each method",
            icon=":material/replay:",
            on_click=lambda: st.session_state.update({AGAIN: key}),
        )
        st.caption("Takes about six times as long as one picture.")
        return
    sharing.check_points(len(vectors), "umap")  # it draws by all methods
    found = slow(key, "Drawing again", lambda progress: _compared(wanted, vectors, progress))
    if found is None:
        return
    table, steady = found
    st.dataframe(table.round(2), hide_index=True, column_config=COLUMNS)
    st.caption(
        f"Seeds start from random places. The pictures of {len(SEEDS)} seeds agree on "
        f"{numbers.number(steady, '.0%')} of the neighbours: what only one of them shows is chance."
    )


def _compared(
    wanted: Drawing, vectors: Vectors, progress: Callable[[int, int], object]
) -> tuple[pd.DataFrame, float]:
    """Each pair of pictures, and the share of neighbours that the seeds agree on."""
    wide = min(max(drawing.needed(wanted), TSNE_NEAR), len(vectors) - 1)
    knn = ic.find_neighbours(vectors, k=wide, metric=wanted.metric)
    common = {"dimensions": wanted.dimensions, "metric": wanted.metric}
    seeds, table = ic.over_seeds(
        vectors, seeds=SEEDS, method=wanted.method, knn=knn, **common, **dict(wanted.options)
    )
    progress(50, 100)
    pictures = {}
    for number, name in enumerate(METHODS, 1):
        drawn = ic.project(vectors, method=name, knn=knn, quality=False, **common)
        pictures[REDUCERS[name].title] = drawn.coordinates
        progress(50 + 50 * number // len(METHODS), 100)
    between = ic.compare_pictures(pictures)
    steady = float(stable_share([each.coordinates for each in seeds]).mean())
    return pd.concat([table, between], ignore_index=True), steady

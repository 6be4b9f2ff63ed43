"""The picked point: its true neighbours, and what the picture made of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from interp_core.analysis.picture import Projection
from interp_core.analysis.point_card import false_neighbours, true_neighbours
from interp_core.analysis.vectors import Vectors
from interp_core.ui.plain import plain
from interp_core.ui.projector.asked import Drawing
from interp_core.ui.projector.colouring import columns
from interp_core.ui.projector.frames import name_of, names, short

SHOWN = 10


def neighbours_of(
    asked: Drawing, vectors: Vectors, picture: Projection, point: int, k: int = SHOWN
) -> pd.DataFrame:
    """The k true neighbours of a point."""
    return true_neighbours(vectors, picture, point, k=k)


def show(asked: Drawing, vectors: Vectors, picture: Projection, point: int) -> None:
    """The card of one point."""
    if len(vectors) < 2:
        return
    near = neighbours_of(asked, vectors, picture, point)
    with st.container(border=True):
        st.markdown(f"**{plain(short(name_of(vectors, point), 300))}**")
        st.caption(_facts(vectors, picture, point))
        torn = int(near["torn"].sum())
        st.markdown(
            f"**Nearest in the original space** ({asked.metric}); the picture tore {torn} of "
            f"{len(near)} away."
        )
        st.dataframe(
            _table(near, vectors),
            hide_index=True,
            column_config=COLUMNS,
            height=36 * (len(near) + 1),
        )
        far = false_neighbours(vectors, picture, point, k=SHOWN)
        if len(far):
            called = names(vectors, 40)
            listed = ", ".join(
                f"{plain(called[row])} (truly {rank:,}th)"
                for row, rank in zip(far["index"], far["rank"])
            )
            st.caption(f"Near in the picture only: {listed}.")


def _facts(vectors: Vectors, picture: Projection, point: int) -> str:
    line = vectors.frame.iloc[point]
    parts = [f"{plain(name)}: {plain(short(line[name], 60))}" for name in columns(vectors)[:6]]
    if picture.reliability is not None:
        parts.append(f"the picture keeps {picture.reliability[point]:.0%} of its neighbours")
    return " · ".join(parts) or f"Point {point:,}."


COLUMNS = {
    "cosine distance": st.column_config.NumberColumn(format="%.4f", help="1 − cosine"),
    "Euclidean distance": st.column_config.NumberColumn(format="%.4f"),
    "place in the picture": st.column_config.NumberColumn(
        help="1 is the nearest point in the picture"
    ),
}


def _table(near: pd.DataFrame, vectors: Vectors) -> pd.DataFrame:
    called = names(vectors, 120)
    table = pd.DataFrame(
        {
            "rank": near["rank"],
            "neighbour": [called[row] for row in near["index"]],
            "cosine distance": near["cosine"],
            "Euclidean distance": near["euclidean"],
            "place in the picture": near["place"],
            "in the picture": near["torn"].map({True: "torn away", False: "kept"}),
        }
    )
    extra = [name for name in columns(vectors)[:3] if name in near]
    return pd.concat([table, near[extra]], axis=1)

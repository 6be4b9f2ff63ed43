"""The picked point: its true neighbours, and what the picture made of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from interp_core.embedding.projection import Projection
from interp_core.embedding.tables import false_neighbours, true_neighbours
from interp_core.embedding.vectors import Vectors, name_of, point_labels, truncate
from interp_core.ui.embedding.colouring import columns
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.numbers import number

SHOWN = 10
MOST_FACTS = 6
ROW_HEIGHT = 35  # px
COLUMNS = {
    "rank": st.column_config.NumberColumn(width=50),
    "neighbour": st.column_config.TextColumn(width="medium"),
    "cosine": st.column_config.NumberColumn("cosine distance", format="%.4f", help="1 − cosine"),
    "euclidean": st.column_config.NumberColumn("Euclidean distance", format="%.4f"),
    "place": st.column_config.NumberColumn(
        "rank in projection", help="1 is the nearest point in the projection"
    ),
    "torn": st.column_config.CheckboxColumn(
        "not near in projection",
        help="Among the nearest in the original space, but not in the projection",
    ),
}


def show(vectors: Vectors, picture: Projection, point: int) -> None:
    """The card of one point."""
    if len(vectors) < 2:
        return
    near = true_neighbours(vectors, picture, point, k=SHOWN)
    with st.container(border=True):
        st.markdown(f"**{plain(truncate(name_of(vectors, point), 300))}**")
        st.caption(_facts(vectors, picture, point))
        st.markdown(
            f"**Nearest neighbours in the original space** ({picture.metric}). "
            f"{int(near['torn'].sum())} of {len(near)} are not near in the projection."
        )
        height = ROW_HEIGHT * (len(near) + 1) + 3
        st.dataframe(_table(near, vectors), hide_index=True, column_config=COLUMNS, height=height)
        _false(vectors, picture, point)


def _false(vectors: Vectors, picture: Projection, point: int) -> None:
    far = false_neighbours(vectors, picture, point, k=SHOWN)
    if not len(far):
        return
    called = point_labels(vectors, 40)
    listed = ", ".join(
        f"{plain(called[row])} (true rank {rank:,})" for row, rank in zip(far["index"], far["rank"])
    )
    st.caption(f"False neighbours (near in the projection only): {listed}.")


def _facts(vectors: Vectors, picture: Projection, point: int) -> str:
    line = vectors.frame.iloc[point]
    told = columns(vectors)[:MOST_FACTS]
    parts = [f"{plain(name)}: {plain(truncate(line[name], 60))}" for name in told]
    if picture.reliability is not None:
        parts.append(f"{number(picture.reliability[point], '.0%')} of its neighbours preserved")
    return " · ".join([f"point {point:,}", *parts])


def _table(near: pd.DataFrame, vectors: Vectors) -> pd.DataFrame:
    """Rank and name, then what the table told of the points, then the distances."""
    called = point_labels(vectors, 120)
    table = pd.DataFrame(
        {"rank": near["rank"], "neighbour": [called[row] for row in near["index"]]}
    )
    told = [name for name in columns(vectors)[:2] if name in near and name not in COLUMNS]
    rest = ["cosine", "euclidean", "place", "torn"]
    return pd.concat([table, near[told], near[rest]], axis=1)

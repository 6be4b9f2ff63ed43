"""Which heads are alike: a map by distance, the matrix in clustered order, groups of twins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.heads import likeness_map, likeness_matrix
from interp_core.ui.heads import card, picking
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.shown import Shown

MOST_CELLS = 150  # heads up to which the matrix is drawn


def draw(asked: Asked, state: ic.CorpusState) -> Shown:
    """The map of heads, the matrix and the groups."""
    statistics = state.statistics
    frame = statistics.frame
    chosen = picking.chooser(frame)
    places, stress = statistics.map()
    drawn = places.merge(frame[["layer", "head", "role", "group"]], on=["layer", "head"])
    drawn["name"] = [picking.name(*pair) for pair in zip(drawn["layer"], drawn["head"])]
    chart = likeness_map(drawn)
    st.altair_chart(
        chart,
        width="stretch",
        key="likeness",
        selection_mode="pick",
        on_select=picking.on_chart("likeness", "pick"),
        alt="Heads as points, the nearer the more alike.",
    )
    st.caption(
        "Heads that spread their attention alike lie together (Jensen-Shannon distance, averaged "
        "over tokens, drawn by multidimensional scaling, as in Clark et al. 2019). A plane cannot "
        f"hold all distances: its stress is {stress:.2f} (0 would be perfect)."
    )
    if chosen is not None:
        card.show(asked, statistics, frame, chosen)
    pairs = _matrix(statistics, drawn)
    _twins(frame)
    return Shown(asked, state, pairs, chart)


def _matrix(statistics: ic.HeadStatistics, drawn: pd.DataFrame) -> pd.DataFrame:
    names = list(drawn["name"])
    one, two = np.indices(statistics.distances.shape).reshape(2, -1)
    pairs = pd.DataFrame(
        {
            "one": [names[row] for row in one],
            "two": [names[row] for row in two],
            "distance": statistics.distances.ravel(),
        }
    )
    if len(names) <= MOST_CELLS:
        order = [names[row] for row in statistics.order()]
        st.altair_chart(
            likeness_matrix(pairs, order),
            width="stretch",
            alt="The distance of every pair of heads, like beside like.",
        )
        st.caption("Every pair of heads, clustered: dark squares on the diagonal are families.")
    else:
        st.caption(f"{len(names):,} heads are too many for a matrix; the download has all pairs.")
    return pairs


def _twins(frame: pd.DataFrame) -> None:
    """Groups of heads that are redundant: closer than the stated distance to each other."""
    groups = frame[frame["group"] >= 0].groupby("group")
    st.markdown("**Heads that do the same**")
    if not len(groups):
        st.caption("No two heads are closer than 0.05 nats to each other.")
        return
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "group": number + 1,
                    "heads": ", ".join(
                        picking.name(*pair) for pair in zip(part["layer"], part["head"])
                    ),
                    "size": len(part),
                    "roles": ", ".join(sorted(set(part["role"]))),
                }
                for number, (_, part) in enumerate(groups)
            ]
        ),
        hide_index=True,
    )
    st.caption("Closer than 0.05 nats on average. Looking alike is not writing alike: ablate.")

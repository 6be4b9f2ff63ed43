"""Which heads are alike: a map by distance, the matrix in clustered order, groups of twins."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.heads import MATRIX
from interp_core.ui.heads import card, corpus, table
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.widgets import downloads, layout
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe, calls, value
from interp_core.ui.widgets.result import ViewResult

MOST_CELLS = 150  # heads up to which the matrix is drawn


def draw(asked: Asked, state: ic.CorpusState) -> ViewResult:
    """The map of heads, the matrix and the groups."""
    statistics = corpus.statistics(asked, state)
    frame = state.statistics.frame
    with layout.controls():
        chosen = table.chooser(frame)
    likeness, distances = calls.head_likeness(statistics), calls.head_distances(statistics)
    places = value(likeness)
    names = [table.name(*pair) for pair in zip(places["layer"], places["head"])]
    chart = calls.chart(likeness, "head_likeness")
    figure(
        chart,
        title="Heads by similarity of attention",
        key="likeness",
        selection_mode="pick",
        on_select=table.on_chart("likeness", "pick", frame),
        alt=f"{len(places)} heads as points; near points have similar attention. Most "
        f"similar: {_closest(places)}.",
    )
    st.caption(
        "Heads with similar attention are close together (Jensen–Shannon distance averaged "
        "over tokens; multidimensional scaling, as in Clark et al. 2019). Stress: "
        f"{number(places.attrs['stress'], '.2f')} (0 = exact)."
    )
    if chosen is not None:
        card.show(asked, state, frame, chosen)
    if len(names) <= MOST_CELLS:
        _matrix(statistics, distances, names)
    else:
        st.caption(
            f"Too many heads for a matrix ({len(names):,}). The download contains all pairs."
        )
    _twins(frame)
    pairs = ("head_distances.csv", "text/csv", lambda: downloads.csv(value(distances)))
    return table.result(chart, likeness, frame, **{"All distances (CSV)": pairs})


def _closest(places: pd.DataFrame) -> str:
    line = places.loc[places["distance"].idxmin()]
    one = table.name(line["layer"], line["head"])
    return f"{one} and {line['nearest']}, {number(line['distance'])} nats apart"


def _matrix(statistics: Recipe, distances: Recipe, names: list[str]) -> None:
    numbers = value(distances)
    figure(
        statistics.chart("distances"),
        room=MATRIX,
        title="Distances of all pairs of heads",
        alt=f"Matrix of the distances of {len(names)} heads, ordered by clustering: from "
        f"{number(numbers['distance'].min())} to {number(numbers['distance'].max())} nats.",
        table=distances,
    )
    st.caption(
        "All pairs of heads, ordered by clustering. Low-distance blocks on the diagonal are "
        "groups of similar heads."
    )


def _twins(frame: pd.DataFrame) -> None:
    """Groups of heads that are redundant: closer than the stated distance to each other."""
    groups = frame[frame["group"] >= 0].groupby("group")
    st.markdown("**Redundant heads**")
    if not len(groups):
        st.caption("No two heads are closer than 0.05 nats to each other.")
        return
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "group": number + 1,
                    "heads": ", ".join(
                        table.name(*pair) for pair in zip(part["layer"], part["head"])
                    ),
                    "size": len(part),
                    "roles": ", ".join(sorted(set(part["role"]))),
                }
                for number, (_, part) in enumerate(groups)
            ]
        ),
        hide_index=True,
    )
    st.caption(
        "Mean distance below 0.05 nats. Similar attention does not imply similar output: test "
        "with ablation."
    )

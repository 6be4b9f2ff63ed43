"""The map of layer × head of one statistic, its spread by layer, and all figures."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.charts.heads import by_layer, head_map, histogram_by_layer
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.downloads import section
from interp_core.ui.heads import card, picking, table
from interp_core.ui.heads.catalogue import IMPORTANCE, STATISTICS, offered
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.shown import Shown


def preview(statistics: ic.HeadStatistics) -> None:
    """What is known so far, while the texts are read."""
    frame = table.map_frame(statistics.frame, "entropy_normalised", None)
    st.altair_chart(
        head_map(frame, title=STATISTICS["entropy_normalised"].title),
        width="stretch",
        alt="Normalised entropy so far.",
    )


def draw(asked: Asked, state: ic.CorpusState) -> Shown:
    """The map; a click opens the card of a head."""
    frame = state.statistics.frame
    names = [*offered(list(frame)), IMPORTANCE]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        keep_valid("stat", names)
        name = st.selectbox(
            "Statistic",
            names,
            format_func=lambda n: STATISTICS[n].axis,
            key="stat",
            width=280,
            **BOUND,
        )
        chosen = picking.chooser(frame)
    if name == IMPORTANCE:
        frame = table.with_importance(frame, asked)
        if IMPORTANCE not in frame:
            st.info("Importance needs a model that predicts something; `sentiment` does.")
            name = names[0]
    entry = STATISTICS[name]
    drawn = table.map_frame(frame, name, chosen)
    chart = head_map(drawn, title=entry.axis, signed=entry.signed, text_format=entry.digits)
    st.altair_chart(
        chart,
        width="stretch",
        key="head_map",
        selection_mode="head",
        on_select=picking.on_chart("head_map", "head"),
        alt=f"{entry.title} of every head; the table below lists them.",
    )
    st.caption(f"{entry.about} {entry.caution} Words in the cells are roles; a click opens a head.")
    if chosen is not None:
        card.show(asked, state.statistics, frame, chosen)
    _by_layer(drawn, entry)
    section("All figures", ":material/table:", lambda: table.show(frame))
    section("Roles and their thresholds", ":material/label:", roles)
    return Shown(asked, state, frame, chart)


def _by_layer(drawn, entry) -> None:  # noqa: ANN001
    left, right = st.columns(2)
    left.altair_chart(
        by_layer(drawn, title=entry.axis, text_format=entry.digits),
        width="stretch",
        alt=f"{entry.title} of every head by layer.",
    )
    right.altair_chart(
        histogram_by_layer(drawn, title=entry.axis),
        width="stretch",
        alt=f"How many heads of each layer have which {entry.title}.",
    )


def roles() -> None:
    """The thresholds and what a role does not say."""
    st.dataframe(ic.role_table(), hide_index=True)
    st.caption(
        "The first role that fits is taken, from the most specific to the least; “none” where "
        "nothing does. A role names where a head looks, not what it does for the answer: see "
        "which heads matter for that."
    )

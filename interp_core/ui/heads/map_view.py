"""The map of layer × head of one statistic, its spread by layer, and all figures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.axes import head_room
from interp_core.charts.heads import head_map
from interp_core.drawing.heads import layer_parts
from interp_core.heads.catalogue import IMPORTANCE, STATISTICS, Statistic, offered, undefined
from interp_core.ui.heads import card, corpus, table
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.table import capital, extremes
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.downloads import section
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult


def preview(statistics: ic.HeadStatistics) -> None:
    """What is known so far, while the texts are read."""
    frame = table.map_frame(statistics.frame, "entropy_normalised", None)
    draw_chart(
        head_map(frame, title=STATISTICS["entropy_normalised"].title),
        alt=f"Normalised entropy so far; {extremes(frame, 'value')}.",
    )


def draw(asked: Asked, state: ic.CorpusState) -> ViewResult:
    """The map; a click opens the card of a head."""
    made = named("frame", corpus.statistics(asked, state).frame)
    frame = value(made)
    names = [*offered(frame), IMPORTANCE]
    with layout.controls():
        follow("stat", names[0])
        keep_valid("stat", names)
        name = st.selectbox(
            "Statistic",
            names,
            format_func=lambda n: STATISTICS[n].axis,
            key="stat",
            width=280,
            **BOUND,
        )
        chosen = table.chooser(frame)
    if name == IMPORTANCE:
        made = table.with_importance(made, asked)
        frame = value(made)
        if IMPORTANCE not in frame:  # or the computation was stopped, or waits for a click
            if not table.has_importance(asked):
                st.info("Importance needs a model with a task head (for example `sentiment`).")
            name = names[0]
    entry = STATISTICS[name]
    drawn = table.map_frame(frame, name, chosen)
    chart = calls.chart(made, "heads", name, **({} if chosen is None else {"chosen": chosen}))
    figure(
        chart,
        title=f"{capital(entry.title)} of every head",
        key="head_map",
        room=head_room(frame["head"].nunique()),
        selection_mode="head",
        on_select=table.on_chart("head_map", "head", frame),
        alt=f"Map of the {entry.axis} of {len(frame)} heads: "
        f"{extremes(frame, name, entry.digits)}.",
    )
    st.caption(
        f"{entry.about} {entry.caution} Cell labels are head roles. Click a cell to open the "
        f"head. {undefined(frame)}"
    )
    if chosen is not None:
        card.show(asked, state, frame, chosen)
    numbers = table.numbers(made, name)
    _by_layer(drawn, entry, numbers, calls.chart(made, "heads_by_layer", name))
    section("All statistics", ":material/table:", lambda: table.show(frame))
    section("Role definitions", ":material/label:", roles)
    return table.result(chart, numbers, frame)


def _by_layer(drawn: pd.DataFrame, entry: Statistic, numbers: Recipe, both: Recipe) -> None:
    """Every head above its layer, and how many heads of a layer have which value."""
    points, counts = layer_parts(drawn, entry)
    said = _layers_said(drawn, entry)
    left, right = st.columns(2)
    with left:
        draw_chart(points, alt=f"{capital(entry.axis)} of every head above its layer: {said}.")
    with right:
        draw_chart(counts, alt=f"Number of heads by layer and {entry.title}: {said}.")
    offer(
        both,
        title=f"{capital(entry.title)} by layer",
        alt=f"{capital(entry.axis)} of every head by layer, and the number of heads by value: "
        f"{said}.",
        table=numbers,
    )
    st.caption(
        "Left: every head above its layer; the dashed line is the mean of the layer. Right: heads "
        "of a layer by value; the stronger the colour, the more heads."
    )


def _layers_said(drawn: pd.DataFrame, entry: Statistic) -> str:
    means = drawn.groupby("layer")["value"].mean().dropna()
    if not len(means):
        return "no head has a value"
    high, low = means.idxmax(), means.idxmin()
    return (
        f"on average highest in layer {high} ({means[high]:{entry.digits}}), lowest in layer "
        f"{low} ({means[low]:{entry.digits}})"
    )


def roles() -> None:
    """The thresholds and what a role does not say."""
    table = ic.role_table()
    titles = {name: entry.title for name, entry in STATISTICS.items()}
    st.dataframe(table.assign(statistic=table["statistic"].replace(titles)), hide_index=True)
    st.caption(
        "Each head gets the first matching role, from most to least specific, else “none”. A "
        "role describes the attention pattern, not the effect on the output (see Head "
        "importance)."
    )

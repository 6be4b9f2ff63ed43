"""Two statistics of every head against each other; a box lights the same heads elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.tables import rank_correlation
from interp_core.heads.catalogue import IMPORTANCE, STATISTICS, offered
from interp_core.ui.heads import card, corpus, table
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.table import Box, capital, extremes
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe, builtin, calls, named, value
from interp_core.ui.widgets.result import ViewResult

CHART = "head_scatter"
LINKED = "lit"  # the box in the address


def draw(asked: Asked, state: ic.CorpusState) -> ViewResult:
    """Entropy against importance first."""
    plain = named("frame", corpus.statistics(asked, state).frame)
    ranked = table.with_importance(plain, asked)
    frame = value(ranked)
    names = offered(frame)
    second = IMPORTANCE if IMPORTANCE in names else "confidence"
    with layout.controls():
        across = _statistic("x-axis", names, "entropy_normalised", "stat_x")
        up = _statistic("y-axis", names, second, "stat_y")
        chosen = table.chooser(frame)
    titles = (STATISTICS[across].axis, STATISTICS[up].axis)
    rank = number(rank_correlation(frame[across], frame[up]), "+.2f")
    made = ranked if IMPORTANCE in (across, up) else plain
    chart = calls.chart(made, "head_scatter", across, up)
    figure(
        chart,
        title=f"{capital(STATISTICS[across].title)} and {STATISTICS[up].title}",
        key=CHART,
        selection_mode=["pick", "box"],
        on_select=lambda: _selected(frame, across, up),
        alt=f"{len(frame)} heads as points: x: {titles[0]}, y: {titles[1]}; rank correlation "
        f"{rank}.",
    )
    st.caption(
        f"Rank correlation (Spearman) over {len(frame)} heads: {rank}. Error bars: ±1 SE over "
        "texts. Drag to select heads (highlighted below); click to open a head. "
        f"{STATISTICS[across].caution}"
    )
    inside = _lit(made, up, chosen, _box(across, up))
    if chosen is not None:
        card.show(asked, state, frame, chosen)
    st.markdown(f"**{int(inside.sum())} heads**" + (" selected" if not inside.all() else ""))
    table.show(frame[inside])
    return table.result(chart, table.numbers(made, across, up), frame)


def _lit(made: Recipe, up: str, chosen: tuple[int, int] | None, box: Box) -> pd.Series:
    """The map of the second statistic, in which the heads of the box are lit; returns which."""
    frame = value(made)
    entry, inside = STATISTICS[up], ic.heads_between(frame, **box)
    about: dict[str, Any] = {} if chosen is None else {"chosen": chosen}
    if box:
        about["lit"] = builtin(list)(calls.heads_between(made, **box))
    where = f"the {int(inside.sum())} selected heads" if box else f"{len(frame)} heads"
    figure(
        calls.chart(made, "heads", up, plain=True, **about),
        title=f"{capital(entry.title)} of every head",
        alt=f"Map of the {entry.axis} of {where}: {extremes(frame[inside], up, entry.digits)}.",
        table=table.numbers(made, up, *box, box=box),
    )
    st.caption(f"The y-axis for {where}{', the others dimmed' if box else ', as a map'}.")
    return inside


def _statistic(label: str, names: list[str], first: str, key: str) -> str:
    follow(key, first)
    keep_valid(key, names)
    return st.selectbox(
        label,
        names,
        index=names.index(first),
        key=key,
        width=250,
        format_func=lambda n: STATISTICS[n].axis,
        **BOUND,
    )


def _selected(frame: pd.DataFrame, across: str, up: str) -> None:
    """A click chooses a head; a box goes into the address."""
    table.on_chart(CHART, "pick", frame)()
    clicks.to_address(LINKED, clicks.box(CHART, "box", across, up))


def _box(across: str, up: str) -> Box:
    """Lowest and highest value of both statistics in the box; empty without one."""
    return clicks.box(CHART, "box", across, up) or clicks.from_address(LINKED, across, up)

"""Two statistics of every head against each other; a box lights the same heads elsewhere."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.heads import head_map, head_scatter
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.heads import card, picking, table
from interp_core.ui.heads.catalogue import IMPORTANCE, STATISTICS, offered
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.shown import Shown

CHART = "head_scatter"


def draw(asked: Asked, state: ic.CorpusState) -> Shown:
    """Entropy against importance first."""
    frame = table.with_importance(state.statistics.frame, asked)
    names = offered(list(frame))
    second = IMPORTANCE if IMPORTANCE in names else "confidence"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        across = _statistic("Across", names, "entropy_normalised", "stat_x")
        up = _statistic("Up", names, second, "stat_y")
        chosen = picking.chooser(frame)
    titles = (STATISTICS[across].axis, STATISTICS[up].axis)
    chart = head_scatter(frame, x=across, y=up, titles=titles)
    st.altair_chart(
        chart,
        width="stretch",
        key=CHART,
        selection_mode=["pick", "box"],
        on_select=picking.on_chart(CHART, "pick"),
        alt=f"{titles[0]} against {titles[1]} of every head.",
    )
    rank = frame[across].corr(frame[up], method="spearman")
    st.caption(
        f"Rank correlation (Spearman) over {len(frame)} heads: {rank:+.2f}. Lines are one standard "
        "error over texts. Drag a box to light its heads in the map and list them; a click opens "
        f"a head. {STATISTICS[across].caution}"
    )
    inside = _inside(frame, across, up)
    lit = table.map_frame(frame, up, chosen).assign(lit=inside)
    st.altair_chart(
        head_map(lit, title=titles[1], signed=STATISTICS[up].signed),
        width="stretch",
        alt=f"{titles[1]} of every head.",
    )
    if chosen is not None:
        card.show(asked, state.statistics, frame, chosen)
    st.markdown(f"**{int(inside.sum())} heads**" + (" in the box" if not inside.all() else ""))
    table.show(frame[inside])
    return Shown(asked, state, frame, chart)


def _statistic(label: str, names: list[str], first: str, key: str) -> str:
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


def _inside(frame: pd.DataFrame, across: str, up: str) -> pd.Series:
    """Which heads are in the box; all of them without one."""
    box = st.session_state.get(CHART, {}).get("selection", {}).get("box") or {}
    if across not in box or up not in box:
        return pd.Series(True, index=frame.index)
    kept = pd.Series(True, index=frame.index)
    for name in (across, up):
        low, high = sorted(map(float, box[name]))
        kept &= frame[name].between(low, high)
    return kept

"""What changed in each head over many texts: distance of its attention, and its statistics."""

from __future__ import annotations

import streamlit as st

from interp_core.compare.heads import HeadComparison
from interp_core.compare_report import heads_told
from interp_core.drawing.compare import DISTANCE
from interp_core.heads.catalogue import STATISTICS
from interp_core.heads.tables import head_name
from interp_core.ui.comparison import over_texts
from interp_core.ui.comparison.question import Side
from interp_core.ui.heads.table import as_read
from interp_core.ui.server import jobs
from interp_core.ui.widgets import clicks, layout, leads
from interp_core.ui.widgets.choices import BOUND, keep_valid, list_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult

HEAD = "versus_head"
MEASURING = 2.5  # what a pass with both maps and all statistics takes, in passes
SHOWN = {
    "difference": st.column_config.NumberColumn(format="%+.4f"),
    "first": st.column_config.NumberColumn(format="%.4f"),
    "second": st.column_config.NumberColumn(format="%.4f"),
    "se": st.column_config.NumberColumn("standard error", format="%.4f"),
    "distance": st.column_config.NumberColumn("JS distance (nats)", format="%.4f"),
    "distance_se": st.column_config.NumberColumn("its standard error", format="%.4f"),
    "t": st.column_config.NumberColumn(format="%+.1f"),
    "real": "significant",
}


def draw(sides: tuple[Side, Side], choose) -> ViewResult | None:  # noqa: ANN001 - of `corpus`
    """The map of all heads; a click leads to the head's attention."""
    with layout.controls():
        asked = over_texts.controls(choose)
        known = {name: f"Change of {each.axis}" for name, each in STATISTICS.items()}
        names = {name: title for name, title in known.items() if _measured(name)}
        names = {DISTANCE: "Jensen-Shannon distance (nats)", **names}
        name = list_of("Value", names, key="versus_stat", width=290)
    if asked is None:
        return None
    texts, made = over_texts.given(asked)
    step = named("found", calls.compare_attention(*(side.recipe for side in sides), made))
    step = jobs.follow(
        ("head changes", *(side.key for side in sides), asked),
        "Comparing the heads",
        step,
        unit="texts",
        operations=lambda: MEASURING * over_texts.passes(sides, texts),
    )
    if step is None:
        return None
    found: HeadComparison = value(step)
    statistic = "entropy" if name == DISTANCE else name
    table_step = step.table(statistic)
    table = value(table_step)
    chart = step.chart("heads", name)
    told = _told(found, table, name)

    def clicked() -> None:
        hit = clicks.mark("versus_heads", "head", layer=set(found.layers), head=range(found.heads))
        if hit:
            st.session_state[HEAD] = head_name(*hit)

    figure(
        chart,
        title="Change of every head",
        key="versus_heads",
        selection_mode="head",
        on_select=clicked,
        alt=f"Map of {len(table)} heads. {told}",
    )
    st.caption(f"{plain(told)} {_caption(found, name)}")
    _links(sides, found, texts)
    order = table["distance" if name == DISTANCE else "difference"].abs().sort_values()
    ordered = as_read(table.loc[order.index[::-1]])
    st.dataframe(ordered, hide_index=True, height=280, column_config=SHOWN)
    return ViewResult(chart, table_step)


def _measured(name: str) -> bool:
    from interp_core.heads.measure import NAMES

    return name in NAMES and not name.startswith("profile")


def _told(found: HeadComparison, table, name: str) -> str:  # noqa: ANN001 - a data frame
    if name == DISTANCE:
        top = table.loc[table["distance"].idxmax()]
        said = (
            f"Largest distance: head {top['head']:.0f} of layer {top['layer']:.0f}, "
            f"{top['distance']:.3f} nats; mean of all heads {table['distance'].mean():.3f}."
        )
    else:
        said = heads_told(table)
    if found.reordered:
        layers = ", ".join(map(str, found.reordered))
        said += (
            f" Heads stand in another order in layer {layers}: that is no change, and each is "
            "compared with its counterpart (column “matched”)."
        )
    return said


def _caption(found: HeadComparison, name: str) -> str:
    left = f", {found.left_out:,} left out" if found.left_out else ""
    texts = f"{found.texts:,} texts that both models read as the same tokens{left}"
    if name == DISTANCE:
        return (
            "One cell per head: Jensen-Shannon distance of its attention in the two models, from "
            f"0 to ln 2 = 0.69, mean over queries and {texts}."
        )
    return (
        f"One cell per head: second − first, mean over {texts}. Framed: significant, paired "
        "t-test over texts, Benjamini–Hochberg over heads, FDR 5%. "
        f"{STATISTICS[name].caution}"
    )


def _links(sides: tuple[Side, Side], found: HeadComparison, texts: list[str]) -> None:
    """To the attention of the chosen head in both models."""
    heads = {
        head_name(layer, head): (layer, head)
        for layer in found.layers
        for head in range(found.heads)
    }
    keep_valid(HEAD, heads)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Attention of head",
            list(heads),
            index=None,
            key=HEAD,
            width=170,
            placeholder="click or choose",
            **BOUND,
        )
        if name is None:
            return
        layer, head = heads[name]
        other = int(found.order[found.layers.index(layer), head])
        for side, number in zip(sides, (head, other)):
            label = f"Head {layer}.{number} of {plain(side.name)}"
            leads.head(side.name, texts[0], layer, number, label)

"""Attention of one text in two models: both maps of a head, and second − first."""

from __future__ import annotations

import streamlit as st

from interp_core.charts.heatmaps import compact_width
from interp_core.compare.one_text import MapComparison
from interp_core.drawing.compare import MOST, map_parts
from interp_core.inputs.tokens import check_text
from interp_core.ui.comparison.question import Side
from interp_core.ui.server import cache
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

HEAD = "versus_map_head"


def draw(sides: tuple[Side, Side], text: str) -> ViewResult | None:
    """The share of attention that goes elsewhere by head, then one head side by side."""
    check_text(text)
    step = named("maps", calls.compare_maps(*(_maps(side, text) for side in sides)))
    found: MapComparison = value(step)
    made = step.heads()
    heads = value(made)
    names = [f"{row.layer}.{row.head}" for row in heads.itertuples()]
    top = int(heads["difference"].to_numpy().argmax())
    follow(HEAD, names[top])
    keep_valid(HEAD, names)
    with layout.controls():
        chosen = st.selectbox("Head", names, index=top, key=HEAD, width=150, **BOUND)
    layer, head = map(int, chosen.split("."))
    _both(sides, step, found, (layer, head))
    return _all_heads(step, made, heads)


def _maps(side: Side, text: str) -> Recipe:
    step = calls.attention_maps(side.recipe, named("text", text))
    return supplied(step, lambda: cache.attention(side.name, text, None))


def _both(
    sides: tuple[Side, Side], step: Recipe, found: MapComparison, place: tuple[int, int]
) -> None:
    """The maps of both and their difference."""
    made = step.table(*place)
    table = value(made)
    count = min(len(found.tokens), MOST)
    table = table[(table["query_position"] < count) & (table["key_position"] < count)]
    high = float(table[["first", "second"]].to_numpy().max())
    titles = (plain(sides[0].name), plain(sides[1].name), "second − first")
    charts = map_parts(found, *place)
    shown = found.tokens[:count]
    wide = compact_width(shown, shown)
    name = f"head {place[0]}.{place[1]}"
    with st.container(horizontal=True, vertical_alignment="top"):
        for title, chart in zip(titles, charts):
            with st.container(width=wide, gap="xsmall"):
                st.markdown(f"**{title}**")
                draw_chart(chart, alt=f"{title}: heatmap of {name}, {count} tokens.")
    largest = table.loc[table["difference"].abs().idxmax()]
    told = (
        f"largest difference: from “{largest['query']}” to “{largest['key']}”, "
        f"{number(largest['difference'], '+.2f')}"
    )
    offer(
        step.chart("maps", *place),
        title=f"Attention of {name} in both models",
        alt=f"Maps of {name} in both models and second − first; {told}.",
        table=made,
    )
    more = f" First {count} of {len(found.tokens)} tokens." if count < len(found.tokens) else ""
    st.caption(
        f"Rows: queries; columns: keys. Colour: attention weight, 0 to {high:.2g}; difference: "
        f"second − first, a dash where it is below 0. {plain(told[0].upper() + told[1:])}.{more}"
    )


def _all_heads(step: Recipe, made: Recipe, heads) -> ViewResult:  # noqa: ANN001 - a data frame
    st.markdown("**All heads**")
    chart = step.chart("heads")

    def clicked() -> None:
        hit = clicks.mark("versus_maps", "head", layer=set(heads["layer"]), head=set(heads["head"]))
        if hit:
            st.session_state[HEAD] = f"{hit[0]}.{hit[1]}"

    top = heads.loc[heads["difference"].idxmax()]
    figure(
        chart,
        title="Attention that goes elsewhere, by head",
        key="versus_maps",
        selection_mode="head",
        on_select=clicked,
        alt=f"Map of {len(heads)} heads; most moved: head {top['head']:.0f} of layer "
        f"{top['layer']:.0f}, {top['difference']:.0%} of its attention.",
    )
    st.caption(
        "One cell per head: Σ |second − first| / 2, mean over queries (total variation; 0%: the "
        "same map, 100%: no key in common). One text. Click a cell to open its maps."
    )
    return ViewResult(chart, made)

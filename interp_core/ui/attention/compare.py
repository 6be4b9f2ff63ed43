"""Two heads on one text, or one head on two texts, with the signed difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.what_if import suggestions
from interp_core.charts.heatmaps import compact_width
from interp_core.drawing.attention_beside import BESIDE, side_by_side
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.question import Options, strongest_named
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import offer
from interp_core.ui.widgets.recipe import Recipe, calls, value
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS

MODES = {"heads": "Two heads", "texts": "Two texts"}


@dataclass(frozen=True)
class Side:
    """One of the two maps."""

    name: str
    made: Recipe  # the maps
    place: tuple[int, int]  # layer, head

    @property
    def maps(self) -> ic.AttentionMaps:
        """The maps themselves."""
        return value(self.made)

    @property
    def weights(self) -> np.ndarray:
        """The map of the head."""
        return self.maps.head(*self.place)


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> Any:
    """Both maps and second − first; returns the three charts side by side."""
    made = options.shown.recipe()
    place = (options.layer, options.heads[0])
    first = Side(_name(*place), made, place)
    second = _second(made, options)
    if second is None:
        st.info("To compare two texts, enter the second text above.", icon=":material/edit:")
        return alt.Chart(pd.DataFrame({"x": []})).mark_point()
    top = float(max(first.weights.max(), second.weights.max()))
    charts = side_by_side((first.maps, second.maps), (first.place, second.place))
    with st.container(horizontal=True, vertical_alignment="top"):
        for name, chart, told, of in zip(
            (first.name, second.name, "Difference (second − first)"),
            charts,
            (_told(first), _told(second), ""),
            (first, second, first),
        ):
            tokens = of.maps.tokens[:BESIDE], of.maps.key_tokens[:BESIDE]
            with st.container(width=compact_width(*tokens)):
                st.markdown(f"**{name}**")
                draw_chart(chart, alt=f"Heatmap: {name}{told}")
    shared = (
        ""
        if first.made is second.made
        else (" The difference covers only the tokens that the two texts share, aligned in order.")
    )
    st.caption(
        f"Both heatmaps use the same colour scale (0 to {top:.2g}). Difference: blue = higher "
        f"in the second; orange with “–” = higher in the first.{shared}"
    )
    both = made.chart("beside", second.made, *place, *second.place)
    pairs = [(side.made.head(*side.place), side.made.tokens) for side in (first, second)]
    table = calls.difference_table(*pairs[0], *pairs[1])
    offer(
        both,
        title=f"{first.name} and {second.name.lower()}",
        alt=f"Two heatmaps and their difference; {_largest(value(table))}.",
        table=table,
    )
    return both


def _told(side: Side) -> str:
    return f", {len(side.maps.tokens)} tokens; {strongest_named(side.maps, side.weights)}"


def _largest(numbers: pd.DataFrame) -> str:
    """Where the maps differ most, in words."""
    if not len(numbers):
        return "the texts share no tokens"
    row = numbers.loc[numbers["difference"].abs().idxmax()]
    return (
        f"largest difference: {row['query']} → {row['key']}: {row['first']:.2f} and "
        f"{row['second']:.2f}"
    )


def _name(layer: int, head: int) -> str:
    return f"Layer {layer}, head {head}"


def _second(made: Recipe, options: Options) -> Side | None:
    with layout.controls():
        mode = one_of("Compare", MODES, key="mode", default="heads")
        if mode == "heads":
            return _other_head(made, options)
        return _other_text(options)


def _other_head(made: Recipe, options: Options) -> Side:
    maps = value(made)
    layers, heads = list(maps.layer_numbers), list(range(maps.weights.shape[1]))
    first = most_similar(maps, options.layer, options.heads[0])
    follow("layer_b", first[0])
    follow("head_b", first[1])
    keep_valid("layer_b", layers)
    keep_valid("head_b", heads)
    layer = st.selectbox(
        "Second layer", layers, layers.index(first[0]), key="layer_b", width=100, **BOUND
    )
    head = st.selectbox(
        "Second head",
        heads,
        first[1],
        key="head_b",
        width=110,
        help="At first the head whose weights on this text differ least from the chosen one's.",
        **BOUND,
    )
    return Side(_name(layer, head), made, (layer, head))


def most_similar(maps: ic.AttentionMaps, layer: int, head: int) -> tuple[int, int]:
    """The (layer, head) whose map has the smallest mean absolute difference from the given one."""
    given = maps.head(layer, head)
    far = np.array([[np.abs(each - given).mean() for each in heads] for heads in maps.weights])
    if far.size > 1:
        far[maps.row(layer), head] = np.inf
    row, column = np.unravel_index(int(far.argmin()), far.shape)
    return maps.layer_numbers[row], int(column)


def _other_text(options: Options) -> Side | None:
    edits = (edit.text for edit in suggestions(options.shown.asked.text))
    first = next((text for text in edits if len(text) <= MAX_CHARACTERS), "")
    follow("text_b", first)
    text = st.text_input(
        "Second text to compare with",
        first,
        key="text_b",
        max_chars=MAX_CHARACTERS,
        **BOUND,
        placeholder="the same sentence with a word changed",
        help="At first the text without its first negation, or with another small change.",
    )
    if not text.strip():
        return None
    place = (options.layer, options.heads[0])
    return Side(f"{_name(*place)}, second text", options.shown.recipe(text), place)

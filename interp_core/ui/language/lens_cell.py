"""One cell of the logit lens: its best tokens, and the final answer from layer to layer."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

import interp_core as ic
from interp_core.charts.language import EXPECTED, expected
from interp_core.charts.lens import fate
from interp_core.ui.choices import one_of
from interp_core.ui.figure import figure
from interp_core.ui.language.asked import side_by_side
from interp_core.ui.language.telling import best_named
from interp_core.ui.plain import plain

LINES = {
    "answer_probability": "Probability",
    "answer_rank": "Rank",
    "divergence": "KL to the end (bits)",
}


def draw(found: ic.LogitLens, place: int, depth: int, script: Callable[[str], str]) -> None:
    """What the chosen cell says, and how the final answer of its position came about."""
    token = found.tokens[place]
    answer = plain(found.names[int(found.answers[found.column(place)])])
    left, right = side_by_side(450, 450)
    with left:
        layers = "layer" if depth == 1 else "layers"
        st.markdown(f"At **{plain(found.tokens[place])}**, after {depth} {layers}")
        cell = found.at(depth, place)
        figure(
            expected(cell.assign(kind=EXPECTED)),
            title=f"Best tokens at {token} (position {place}), after {depth} {layers}",
            key="lm_cell_chart",
            alt=f"Bars of the {len(cell)} best tokens at {token} after {depth} {layers}; "
            f"{best_named(cell)}.",
            numbers=cell,
            script=lambda: script(f"lens.at({depth}, {place})"),
        )
    with right:
        st.markdown(f"The way of the final answer **{answer}**")
        value = one_of(
            "Figure", LINES, key="lm_line", default="answer_probability",
            label_visibility="collapsed",
        )  # fmt: skip
        line = ic.answer_path(found, place)
        first, last = line[value].iloc[[0, -1]]
        figure(
            fate(line, value=value, title=LINES[value], logarithmic=value == "answer_rank"),
            title=f"{LINES[value]} of the final answer at {token} (position {place})",
            key="lm_fate_chart",
            alt=f"Line of the {LINES[value]} of {line['answer'].iloc[0]} by layer: {first:.3g} "
            f"at the embeddings, {last:.3g} after the last layer.",
            numbers=line,
            script=lambda: script(f"ic.answer_path(lens, {place})"),
        )

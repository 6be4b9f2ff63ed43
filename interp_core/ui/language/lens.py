"""The logit lens: what the model would say after each layer."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.axes import token_keys
from interp_core.charts.language import EXPECTED, expected
from interp_core.charts.lens import fate, lens_grid
from interp_core.models.tokens import TokenSequence
from interp_core.ui.choices import BOUND, keep_valid, one_of
from interp_core.ui.language.asked import (
    Asked,
    Shown,
    ink,
    pick_place,
    picked,
    place_choice,
    sequence,
    side_by_side,
)
from interp_core.ui.plain import plain

WHOLE = 48  # tokens up to which all positions are read at once
WINDOW = 12  # positions side by side: more would leave no room for words
LINES = {
    "answer_probability": "Probability",
    "answer_rank": "Rank",
    "divergence": "KL to the end (bits)",
}


def draw(asked: Asked) -> Shown | None:
    """The grid, one cell in detail, and the way of the final answer."""
    read = sequence(asked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = place_choice(asked, read)
        depth = _depth(asked)

    window = _window(place, len(read))
    part = None if len(read) <= WHOLE else window

    def compute(progress: Callable) -> ic.LogitLens:
        options = {"k": 10, "positions": part, "progress": progress}
        return ic.logit_lens(asked.loaded, asked.text, **options)

    found = asked.run("Logit lens", compute, part, unit="states")
    if found is None:
        return None
    frame = found.to_frame()
    chart = _grid(read, frame, window, (depth, place))
    _detail(found, frame, place, depth)
    st.caption(
        "Each state is read by the model's own final norm and output table (logit lens, "
        f"nostalgebraist 2020); the last row is the model's output itself (largest difference of a "
        f"logit: {found.error:.1g}). Layers were not trained to be read like this: an early row "
        "that looks like noise may still carry the answer in another form."
    )
    options = "" if part is None else f", positions={part!r}"
    return Shown(chart, frame, f"print(ic.logit_lens(model, text{options}).to_frame())")


def _depth(asked: Asked) -> int:
    layers = asked.loaded.n_layers
    options = [str(layer) for layer in range(layers + 1)]
    keep_valid("lm_depth", options)
    chosen = st.selectbox(
        "Layers passed", options, index=layers, key="lm_depth", width=130,
        help="0: the embeddings, before any layer.", **BOUND,
    )  # fmt: skip
    return int(chosen)


def _window(place: int, size: int) -> range:
    """The positions that are shown, in pages counted from the end, so that clicks move nothing."""
    pages = -(-(size - place) // WINDOW)
    first = max(0, size - pages * WINDOW)
    return range(first, min(first + WINDOW, size))


def _grid(
    read: TokenSequence, frame: pd.DataFrame, window: range, chosen: tuple[int, int]
) -> alt.LayerChart:
    inside = frame[frame["position"].isin(window)]
    names = token_keys(read.tokens)
    inside = inside.assign(
        key=[names[at] for at in inside["position"]],
        chosen=(inside["layer"] == chosen[0]) & (inside["position"] == chosen[1]),
    )

    def clicked() -> None:
        hit = picked("lm_lens_chart", "cell", "layer", "position")
        if hit:
            st.session_state["lm_depth"] = str(int(hit[0]))
            pick_place(read, int(hit[1]))

    st.altair_chart(
        lens_grid(inside, ink=ink()),
        width="stretch",
        key="lm_lens_chart",
        on_select=clicked,
        selection_mode="cell",
        alt="The best token after each layer at each position; the table below lists them.",
    )
    shown = (
        f" Positions {window[0]} to {window[-1]} of {len(read)}: choose another token to move."
        if len(read) > WINDOW
        else ""
    )
    st.caption(
        "Upwards through the model: in each cell the token it would predict there, shaded by its "
        f"probability (full: certain), bold where it is the final answer. Click a cell.{shown}"
    )
    return lens_grid(inside)


def _detail(found: ic.LogitLens, frame: pd.DataFrame, place: int, depth: int) -> None:
    answer = plain(found.names[int(found.answers[found.column(place)])])
    left, right = side_by_side(450, 450)
    with left:
        layers = "layer" if depth == 1 else "layers"
        st.markdown(f"At **{plain(found.tokens[place])}**, after {depth} {layers}")
        cell = found.at(depth, place).assign(kind=EXPECTED)
        st.altair_chart(expected(cell), width="stretch", alt="The best tokens of the chosen cell.")
    with right:
        st.markdown(f"The way of the final answer **{answer}**")
        value = one_of(
            "Figure", LINES, key="lm_line", default="answer_probability",
            label_visibility="collapsed",
        )  # fmt: skip
        line = frame[frame["position"] == place]
        st.altair_chart(
            fate(line, value=value, title=LINES[value], logarithmic=value == "answer_rank"),
            width="stretch", alt=f"{LINES[value]} of the final answer after each layer.",
        )  # fmt: skip

"""The logit lens: what the model would say after each layer."""

from __future__ import annotations

import streamlit as st

from interp_core.charts.export import ON_CELLS
from interp_core.charts.language import lens_grid
from interp_core.drawing.language import DOT, LINES, WINDOW, lens_cells, thinned
from interp_core.inputs.tokens import TokenSequence
from interp_core.language.lens import LogitLens
from interp_core.ui.language.next_token import best_named, settled
from interp_core.ui.language.question import (
    Asked,
    pick_place,
    place_choice,
    sequence,
)
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

WHOLE = 48  # tokens up to which all positions are read at once
ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


def draw(asked: Asked) -> ViewResult | None:
    """The grid, one cell in detail, and the way of the final answer."""
    read = sequence(asked)
    with layout.controls():
        place = place_choice(asked, read)
        depth = _depth(asked)

    window = _window(place, len(read))
    part = None if len(read) <= WHOLE else window
    options = {"k": 10} if part is None else {"k": 10, "positions": part}
    lens = named("lens", calls.logit_lens(*asked.recipes, **options))
    lens = asked.run("Logit lens", lens, part, unit="states")
    if lens is None:
        return None
    found = value(lens)
    chart = _grid(read, lens, window, (depth, place))
    cell(lens, place, depth)
    st.caption(
        "Logit lens (nostalgebraist 2020): each hidden state is decoded with the final norm and "
        "the unembedding matrix. The top row equals the model output (largest logit difference "
        f"{found.error:.1g}). Intermediate layers are not trained for this decoding, so "
        "meaningless early tokens do not prove that the information is absent."
    )
    return ViewResult(chart, lens.to_frame())


def _depth(asked: Asked) -> int:
    layers = asked.loaded.n_layers
    options = [str(layer) for layer in range(layers + 1)]
    follow("lm_depth", options[layers])
    keep_valid("lm_depth", options)
    chosen = st.selectbox(
        "After layer",
        options,
        index=layers,
        key="lm_depth",
        width=130,
        help="0: the embeddings, before any layer; n: the output of the n-th layer, which is layer "
        "n − 1 on the page “Attention heads”.",
        **BOUND,
    )
    return int(chosen)


def _window(place: int, size: int) -> range:
    """The positions that are shown, in pages counted from the end, so that clicks move nothing."""
    pages = -(-(size - place) // WINDOW)
    first = max(0, size - pages * WINDOW)
    return range(first, min(first + WINDOW, size))


def _grid(read: TokenSequence, lens: Recipe, window: range, chosen: tuple[int, int]) -> Recipe:
    inside, every = lens_cells(value(lens), window, chosen), thinned(len(value(lens).ids))

    def clicked() -> None:
        hit = clicks.mark("lm_lens_chart", "cell", layer=set(inside["layer"]), position=window)
        if hit:
            st.session_state["lm_depth"] = str(hit[0])
            pick_place(read, hit[1])

    said = settled(inside)
    ink = ON_CELLS["dark" if st.context.theme.type == "dark" else "light"]
    chart = supplied(
        lens.chart(positions=window, chosen=chosen), lambda: lens_grid(inside, ink=ink)
    )
    figure(
        chart,
        title="Logit lens: top token after each layer",
        key="lm_lens_chart",
        on_select=clicked,
        selection_mode="cell",
        alt=said,
    )
    some = f" Every {ORDINALS.get(every, f'{every}th')} layer is shown." if every > 1 else ""
    shown = (
        f" Positions {window[0]} to {window[-1]} of {len(read)}: choose another token to move."
        if len(read) > WINDOW
        else ""
    )
    st.caption(
        "Rows: layers, bottom to top. Each cell shows the top predicted token; shading: its "
        f"probability; bold: same as the final prediction. “{DOT}” marks a space. Click a cell for "
        f"details.{some}{shown}"
    )
    return chart


def cell(lens: Recipe, place: int, depth: int) -> None:
    """What the chosen cell says, and how the final answer of its position came about."""
    found: LogitLens = value(lens)
    token = found.tokens[place]
    answer = plain(found.names[int(found.answers[found.column(place)])])
    left, right = st.columns(2, gap="large")
    with left:
        layers = "layer" if depth == 1 else "layers"
        st.markdown(f"At **{plain(found.tokens[place])}**, after {depth} {layers}")
        table = lens.at(depth, place)
        cell = value(table)
        figure(
            lens.chart("cell", depth, place),
            title=f"Top tokens at {token} (position {place}), after {depth} {layers}",
            key="lm_cell_chart",
            alt=f"Bars of the {len(cell)} top tokens at {token} after {depth} {layers}; "
            f"{best_named(cell)}.",
            table=table,
        )
    with right:
        st.markdown(f"Final prediction **{answer}** by layer")
        shown = one_of("Quantity", LINES, key="lm_line", label_visibility="collapsed")
        path = calls.answer_path(lens, place)
        line = value(path)
        first, last = line[shown].iloc[[0, -1]]
        figure(
            lens.chart("path", place, shown),
            title=f"{LINES[shown]} of the final prediction at {token} (position {place})",
            key="lm_fate_chart",
            alt=f"Line of the {LINES[shown]} of {line['answer'].iloc[0]} by layer: {first:.3g} "
            f"at the embeddings, {last:.3g} after the last layer.",
            table=path,
        )

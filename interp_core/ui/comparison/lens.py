"""The answer as it forms over the layers of two models."""

from __future__ import annotations

import streamlit as st

from interp_core.inputs.tokens import check_text
from interp_core.ui.comparison.question import Side
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import message, plain
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult


def draw(sides: tuple[Side, Side], text: str) -> ViewResult | None:
    """Probability of one label after every layer of both models."""
    check_text(text)
    step = calls.compare_lens(*(side.recipe for side in sides), named("text", text))
    made = jobs.follow(
        ("lens of both", *(side.key for side in sides), text),
        "Lens of both models",
        named("lens", step),
        counts=False,
        operations=lambda: sum(
            2 * side.model.n_layers * costs.passes(side.model, costs.tokens(side.model, text))
            for side in sides
        ),
    )
    if made is None:
        return None
    table = value(made)
    for note in table.attrs["notes"]:
        st.info(message(note), icon=":material/info:")
    labels = list(dict.fromkeys(table["label"]))
    keep_valid("versus_lens", labels)
    language = not sides[0].model.labels
    shown, about = table, {}
    if not language and len(labels) > 1:
        with layout.controls():
            wide = layout.room(labels, 200)
            label = st.selectbox("Label", labels, key="versus_lens", width=wide, **BOUND)
        shown, about = table[table["label"] == label], {"label": label}
    chart = calls.chart(made, "compare_lens", **about)
    last = shown[shown.groupby("model")["layer"].transform("max") == shown["layer"]]
    told = "; ".join(f"{r.model}: {r.label}, {r.probability:.1%}" for r in last.itertuples())
    figure(
        chart,
        title="Lens of both models",
        key="versus_lens_chart",
        alt=f"Lines of the probability after each layer in both models; at the end: {told}.",
    )
    what = (
        "the model’s own last answer at the last token, read with its own unembedding matrix"
        if language
        else "the label, read with the model’s own task head"
    )
    st.caption(
        f"At the end: {plain(told)}. One line per model: probability of {what} from the state "
        "after each layer. Earlier layers were not trained for that. The table holds second − "
        "first where both have as many layers."
    )
    return ViewResult(chart, made)

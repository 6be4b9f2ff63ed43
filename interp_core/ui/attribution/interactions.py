"""Word interactions: what two words do together beyond what each does alone."""

from __future__ import annotations

import streamlit as st

from interp_core.attribution.baselines import non_word_mask
from interp_core.inputs.tokens import encode
from interp_core.inputs.words import removable
from interp_core.interventions.interactions import MOST_PAIRWISE, MOST_WORDS
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.question import Asked
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult

KINDS = {"pairwise": "Pairwise", "shapley": "Shapley interaction index"}
LISTED = 6


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """The heatmap of all pairs of words."""
    if asked.labels:
        st.info("Word interactions need a model with a task head (for example `sentiment`).")
        return None
    with layout.controls():
        kind = one_of(
            "Interaction",
            KINDS,
            key="interaction",
            help=f"Pairwise: up to {MOST_PAIRWISE} words. The Shapley interaction index averages "
            f"over all sets of other words (Grabisch & Roubens 1999): up to {MOST_WORDS} words.",
        )
    options = {name: each for name, each in asked.options().items() if name not in LEFT_OUT}
    options["baseline"] = None if asked.baseline == "average" else asked.baseline
    options = {name: each for name, each in options.items() if each is not None}
    given = cache.model_recipe(asked.model), named("text", asked.text)
    step = named("found", calls.word_interactions(*given, **options, method=kind))
    sequence = encode(model, asked.text, asked.pair).sequence
    words = len(removable(sequence, non_word_mask(model.tokenizer, sequence)))
    rows = 2**words if kind == "shapley" else words * (words + 1) / 2
    step = jobs.follow(
        ("interactions", asked, kind),
        "Word interactions",
        step,
        operations=lambda: min(rows, 4096) * costs.passes(model, len(sequence)),
    )
    if step is None:
        return None
    found = value(step)
    order = found.reindex(found["interaction"].abs().sort_values(ascending=False).index)
    top = order.iloc[0]
    chart = calls.chart(step, "word_interactions")
    figure(
        chart,
        title="Word interactions",
        key="interactions",
        width="content",
        alt=f"Heatmap of the interactions of {len(found)} pairs of words; largest: {top['first']} "
        f"with {top['second']}, {top['interaction']:+.3f}.",
    )
    st.caption(
        "One cell per pair of words. Rows and columns: words. Colour: interaction in the logit of "
        "the target; 0 where the effects of both words simply sum, positive where together they "
        "support the target more."
    )
    listed = [
        f"**{plain(row.first)}** with **{plain(row.second)}**: {number(row.interaction, '+.3f')}"
        for row in order.head(LISTED).itertuples()
    ]
    st.markdown("Largest: " + "; ".join(listed) + ".")
    return ViewResult(chart, step)


LEFT_OUT = ("method", "evaluations", "seed", "baseline")

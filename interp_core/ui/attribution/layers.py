"""Where in the stack the decision forms: layer conductance by word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from interp_core.attribution.result import misleads
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.question import Asked, cost
from interp_core.ui.attribution.text import largest, quoted
from interp_core.ui.server import cache, jobs
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """Conductance of each word in each layer."""
    if asked.labels:
        st.info("Layer conductance needs a model with a task head (for example `sentiment`).")
        return None
    single = None if asked.baseline == "average" else asked.baseline
    asked = replace(asked, method="integrated_gradients", evaluations=None, baseline=single)
    options = {name: value for name, value in asked.options().items() if name != "method"}
    given = cache.model_recipe(asked.model), named("text", asked.text)
    step = named("found", calls.layer_conductance(*given, **options))
    key = ("conductance", asked)
    step = jobs.follow(key, "Layer conductance", step, operations=lambda: cost(asked))
    if step is None:
        return None
    found, by_word = value(step), step.by_word()
    whole = found.value - found.baseline_value
    missed = float(np.abs(found.convergence_delta).max())
    if misleads(missed / (abs(whole) or 1.0), found.scores, missed):
        st.error(
            f"The scores of one layer miss the output difference {number(whole, '+.3f')} "
            f"({found.goal.unit}) by {missed:.3f}, so the chart is not drawn. Choose another "
            "target or baseline, or use “Leave one out” under “Explanation”.",
            icon=":material/error:",
        )
        return None
    words = value(by_word)
    chart = by_word.chart()
    figure(
        chart,
        title=f"Layer conductance for {quoted(found.target)}",
        alt=f"Conductance of {len(words.tokens)} words in the embeddings and "
        f"{len(words.scores) - 1} layers. Largest at first: "
        f"{largest(words.tokens, words.scores[0])}; at the end: "
        f"{largest(words.tokens, words.scores[-1], 1)}.",
    )
    st.caption(
        "Layer conductance (Dhamdhere et al. 2019): how much of the output difference "
        f"{number(whole, '+.3f')} ({found.goal.unit}) between text and baseline "
        f"({found.baseline}) flows through each word's hidden state after each layer. Each row "
        "sums to this difference "
        f"(largest deviation {np.abs(found.convergence_delta).max():.4f}). The prediction is "
        "formed where conductance moves from the words to the classification token. Layers are "
        "numbered as on the page “Attention heads”."
    )
    return ViewResult(chart, by_word.to_frame())

"""The classifier lens: the model's own task head on the state after each layer."""

from __future__ import annotations

import streamlit as st

from interp_core.drawing.interventions import LENS_LABELS
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.question import Asked
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """Probability of each label after every layer, and where the prediction turns."""
    given = cache.model_recipe(asked.model), named("text", asked.text)
    options = {"position": asked.position, "text_pair": asked.pair}
    options = {name: each for name, each in options.items() if each is not None}
    step = named("lens", calls.classifier_lens(*given, **options))
    count = costs.tokens(model, asked.text)
    step = jobs.follow(
        ("task lens", asked.model, asked.files, asked.text, asked.pair, asked.position),
        "Classifier lens",
        step,
        counts=False,
        operations=lambda: 2 * costs.passes(model, count),
    )
    if step is None:
        return None
    lens, turns = value(step), value(calls.turning_points(step))
    shares = lens["probability"].notna().all()
    column = "probability" if shares else "logit"
    chart = calls.chart(step, "classifier_lens")
    last = lens[lens["layer"] == lens["layer"].max()]
    answer = last.loc[last["logit"].idxmax(), "label"]
    said, labels, states = _turns(turns, lens), lens["label"].nunique(), lens["layer"].nunique()
    figure(
        chart,
        title="Prediction of the task head after each layer",
        key="task_lens",
        alt=f"Lines of the {column} of {min(labels, LENS_LABELS)} labels over {states} states; "
        f"at the end: {answer}. {said}",
    )
    st.caption(
        "One line per label. Across: after layer (0: the embeddings; n: the n-th layer, which is "
        f"layer n − 1 on the page “Attention heads”); up: {column}, as the model's own task head "
        "computes it from the states after that layer. Earlier layers were not trained for that."
    )
    st.markdown(plain(said))
    return ViewResult(chart, step)


def _turns(turns, lens) -> str:  # noqa: ANN001 - data frames
    if not len(turns):
        only = lens.loc[lens["logit"].idxmax(), "label"]
        return f"The best label is the same after every layer: {only}."
    told = [f"after layer {row.layer} to {row.label}" for row in turns.itertuples()]
    return f"The best label turns {', then '.join(told)}."

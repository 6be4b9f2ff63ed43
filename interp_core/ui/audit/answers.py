"""The model's predictions for the labelled texts: made once, kept, with partial results."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.models.record import LoadedModel
from interp_core.ui.audit import question
from interp_core.ui.audit.question import Asked
from interp_core.ui.server import cache, costs, jobs, limits
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.markdown import counted, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied
from interp_core.ui.widgets.uploads import told

PARTIAL = "audit_partial"  # (question, predictions): how far the pass has come
SAMPLED = 200  # texts by which a pass is forecast
LISTED = 8  # reasons why a row was left out


@dataclass(frozen=True)
class Audited:
    """What every view draws from: labelled texts that were predicted, and the same in recipes.

    `key` is what results are kept under. `part` is how many of the texts were predicted when the
    pass was stopped; None for all.
    """

    asked: Asked
    model: LoadedModel
    data: ic.AuditData
    predictions: ic.Predictions
    model_recipe: Recipe
    data_recipe: Recipe
    predictions_recipe: Recipe
    part: int | None = None

    @property
    def key(self) -> tuple:
        """Changes with the model, the data, and how much of it was predicted."""
        return self.asked, self.part


def _bytes(found: tuple[ic.AuditData, ic.Predictions]) -> int:
    data, predictions = found
    texts = sum(map(len, data.texts)) + sum(map(len, data.pairs or ()))
    return 2 * texts + predictions.nbytes() + 200 * len(data)


@st.cache_resource(show_spinner=False)
def _answers() -> Shared:
    return Shared(32, 512 * 2**20, _bytes, name="audits")


def gathered(asked: Asked, model: LoadedModel) -> Audited | None:
    """Labelled texts with their predictions; partial when stopped, None when nothing is known."""
    kept = _answers().peek(asked)
    data = kept[0] if kept else question.labelled(asked, model)

    def compute(progress) -> tuple[ic.AuditData, ic.Predictions]:  # noqa: ANN001
        state = None
        for state in ic.stream_predictions(model, data):
            st.session_state[PARTIAL] = (asked, data, state)
            progress(int((state.done | state.lost).sum()), len(data))
        return data, state

    try:
        found = kept or jobs.run(
            asked,
            "Predictions",
            compute,
            unit="texts",
            store=_answers(),
            operations=lambda: _cost(model, data),
        )
    except limits.TimeIsUp as error:
        st.info(str(error), icon=":material/timer_off:")
        found = None
    if found is None:
        return _partial(asked, model)
    st.session_state.pop(PARTIAL, None)
    data, predictions = found
    return _audited(asked, model, data, predictions, None)


def _cost(model: LoadedModel, data: ic.AuditData) -> float:
    """Operations of the pass, by the first texts, which stand for all."""
    first = data.texts[:SAMPLED]
    mean = sum(costs.tokens(model, text) for text in first) / max(len(first), 1)
    return costs.passes(model, mean * len(data))


def _partial(asked: Asked, model: LoadedModel) -> Audited | None:
    """What was predicted when the person stopped the pass."""
    question_, data, state = st.session_state.get(PARTIAL, (None, None, None))
    if question_ != asked or not state.first:
        return None
    st.caption(f"Only the first {state.first:,} of {len(data):,} texts are covered.")
    return _audited(asked, model, data, state, state.first)


def _audited(
    asked: Asked,
    model: LoadedModel,
    data: ic.AuditData,
    predictions: ic.Predictions,
    part: int | None,
) -> Audited:
    model_step = cache.model_recipe(asked.model)
    data_step = question.recipe(asked, model_step)
    if part is not None:
        first = slice(0, part)
        data, refused = data.take(first), predictions.refused
        predictions = replace(predictions.take(first), refused=refused)
        data_step = named("data", data_step.take(first))
    data_step = supplied(data_step, lambda: data)
    step = named("predictions", calls.predict_labelled(model_step, data_step))
    step = supplied(step, lambda: predictions)
    return Audited(asked, model, data, predictions, model_step, data_step, step, part)


def report(found: Audited) -> None:
    """How many texts, which classes, what was assumed and what was left out."""
    data, predictions = found.data, found.predictions
    left = data.problems.counts + predictions.refused.counts
    parts = [f"{counted(int(predictions.done.sum()), 'labelled text')} of {plain(data.name)}"]
    if cut := int(predictions.cut.sum()):
        parts.append(
            f"{cut:,} truncated to {found.model.max_tokens:,} tokens, the limit of the model"
        )
    if left:
        told_ = ", ".join(f"{count:,} {reason}" for reason, count in left.items())
        parts.append(f"{counted(left.total(), 'row')} left out ({told_})")
    st.caption("; ".join(parts) + ".")
    if found.asked.source == question.FILE:
        told([note for note in data.notes if "columns" not in note][:LISTED])
    rows = [*data.problems.rows, *predictions.refused.rows]
    if rows:
        with st.popover("Rows left out", icon=":material/rule:"):
            st.dataframe(
                {
                    "row": [row.number for row in rows],
                    "reason": [row.reason for row in rows],
                    "message": [row.message for row in rows],
                },
                hide_index=True,
                height=280,
            )


def right(found: Audited) -> np.ndarray:
    """Whether each text got its label, (n,) bool."""
    from interp_core.audit.predictions import is_right

    return is_right(found.data, found.predictions)

"""The generalisation gap over the checkpoints, and the change from each to the next."""

from __future__ import annotations

import streamlit as st

from interp_core.drawing.training_dynamics import GAPS, labelled
from interp_core.training_dynamics.curves import ACCURACY, LOSS
from interp_core.ui.training_dynamics.curves import scored
from interp_core.ui.training_dynamics.question import Course
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import between
from interp_core.ui.widgets.recipe import value
from interp_core.ui.widgets.result import ViewResult

TITLES = {LOSS: "Loss", ACCURACY: "Accuracy"}


def draw(found: Course) -> ViewResult | None:
    """Held out against training sample, with intervals."""
    with layout.controls():
        measure = one_of("Measure", TITLES, key="dynamics_gap")
    made = scored(found)
    if made is None:
        return None
    table = made.gap()
    frame = value(table)
    drawn = labelled(frame[frame["measure"] == measure])
    form = "+.3f" if measure == LOSS else "+.1%"
    chart = made.chart("gap", measure)
    top = drawn.loc[drawn["value"].idxmax()]
    figure(
        chart,
        title=f"Generalisation gap: {TITLES[measure].lower()}",
        alt=f"{GAPS[measure]} over {len(drawn)} checkpoints; largest at step {top['at']}: "
        f"{top['value']:{form}} ({top['low']:{form}} to {top['high']:{form}}).",
    )
    st.caption(
        "One point per checkpoint: how much better the model does on the training sample than on "
        "held-out texts; interval: bootstrap over both sets, 95%. Dashed: no gap."
    )
    _changes(made, measure)
    return ViewResult(chart, table)


def _changes(made, measure: str) -> None:  # noqa: ANN001 - Recipe
    st.markdown("**Change from each checkpoint to the next**")
    table = value(made.changes())
    table = table[table["measure"] == measure]
    told = [between(*row) for row in zip(table["change"], table["low"], table["high"])]
    st.dataframe(table[["from", "to", "set"]].assign(**{"change (95%)": told}), hide_index=True)
    st.caption(
        "Paired bootstrap over texts; intervals are simultaneous over all steps and both sets of a "
        "measure (95% together, Bonferroni)."
    )

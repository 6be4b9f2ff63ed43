"""How far the weights of every part of the network have moved from the first checkpoint."""

from __future__ import annotations

import streamlit as st

from interp_core.drawing.training_dynamics import labelled
from interp_core.training_dynamics.findings import drift_findings
from interp_core.ui.server import jobs
from interp_core.ui.training_dynamics.question import Course
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult


def draw(found: Course) -> ViewResult | None:
    """A map of part × checkpoint."""
    asked = found.asked
    made = jobs.follow(
        ("weight drift", asked.series, asked.base, asked.files),
        "Weights of all checkpoints",
        named("drift", calls.checkpoint_drift(found.recipe)),
        unit="checkpoints",
        operations=found.sized,
    )
    if made is None:
        return None
    frame = value(made)
    drawn = labelled(frame).rename(columns={"drift": "value"})
    chart = calls.chart(made, "weight_drift")
    top = drawn.loc[drawn["value"].fillna(-1).idxmax()]
    figure(
        chart,
        title="Weight drift from the first checkpoint",
        alt=f"Map of {drawn['part'].nunique()} parts of the network by {drawn['at'].nunique()} "
        f"checkpoints; largest: {top['part']} at step {top['at']}, {top['value']:.3f}.",
    )
    st.caption(
        "One cell per part of the network and checkpoint: ‖W − W₀‖ / ‖W₀‖ over all its parameters, "
        "W₀ being the first checkpoint."
    )
    for each in drift_findings(frame):
        st.markdown(each.text)  # names of the architecture's own modules
    return ViewResult(chart, made)

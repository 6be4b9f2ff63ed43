"""Training dynamics: the checkpoints of one training, from the first to the last."""

import streamlit as st

from interp_core.ui import errors, navigation
from interp_core.ui.training_dynamics import DRAW, LOOK, VIEWS, question
from interp_core.ui.widgets import downloads, layout
from interp_core.ui.widgets.choices import view_of

navigation.guard()
layout.head(
    "Training dynamics",
    "The checkpoints of one training: what the model gains on its training texts and on held-out "
    "ones, which weights move, and what its answers rest on.",
)

with errors.shown():
    view = view_of(VIEWS, key="dynamics_view")
    with layout.controls():
        found = question.controls()
    if isinstance(found, str):
        st.info(found)
        errors.stop()
    question.notes(found)
    drawn = DRAW[view](found)
    question.about(found)
    if drawn is not None:
        layout.how_to_read(f"**How to read this.** {LOOK[view]}")
        downloads.below(drawn, f"training_{view}", key="training", note=question.COMMAND)

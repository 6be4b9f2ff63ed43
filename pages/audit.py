"""Audit: where a classifier errs on labelled texts, with intervals and tests."""

import streamlit as st

from interp_core.ui import errors, navigation
from interp_core.ui.audit import DRAW, VIEWS, answers, question
from interp_core.ui.widgets import downloads, layout, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Audit",
    "Predictions for labelled texts: accuracy, groups with more errors, and single errors, each "
    "with its number of texts and interval.",
)

with errors.shown():
    model = opened(sidebar.model())
    choice = sidebar.choice(model, text=False)
    view = view_of(VIEWS, key="audit_view")
    with layout.controls():
        asked = question.controls(choice, model)
    if isinstance(asked, str):
        st.info(asked)
        errors.stop()
    found = answers.gathered(asked, model)
    if found is None:
        errors.stop()
    drawn = DRAW[view](found)
    answers.report(found)
    if drawn is not None:
        layout.how_to_read(
            "**How to read this.** Every value has its number of texts (n) and a 95% interval. A "
            "difference counts only if its test is significant after Benjamini–Hochberg."
        )
        downloads.below(drawn, f"audit_{view}", key="audit", note=question.COMMAND)

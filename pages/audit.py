"""Audit: where a classifier errs on labelled texts, with intervals and tests."""

import streamlit as st

from interp_core.ui import errors, navigation
from interp_core.ui.audit import DRAW, VIEWS, answers, question
from interp_core.ui.widgets import downloads, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
st.title("Audit")
st.markdown("Predictions for labelled texts: accuracy, groups with more errors, and single errors.")

with errors.shown():
    choice = sidebar.choice()
    model = opened(choice.model)
    asked = question.controls(choice, model)
    if asked is None:
        st.info("Upload a labelled file to start. It is processed on the Clearhead server only.")
        st.stop()
    found = answers.gathered(asked, model)
    if found is None:
        st.stop()
    answers.report(found)
    view = view_of(VIEWS, key="audit_view")
    drawn = DRAW[view](found)
    st.markdown(
        "**How to read this.** Every value has its number of texts (n) and a 95% interval. A "
        "difference counts only if its test is significant after Benjamini–Hochberg."
    )
    if drawn is not None:
        downloads.below(drawn, f"audit_{view}", key="audit", note=question.COMMAND)

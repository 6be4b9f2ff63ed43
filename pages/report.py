"""Report: the pictures that were added, in order, with notes; and how to hand them on."""

import streamlit as st

from interp_core.ui import errors, navigation
from interp_core.ui.report import editing, exporting, opening, session

navigation.guard()
st.title("Report")
st.markdown(
    "Pictures that you added, with the model, the text, the options and the numbers behind each. "
    "What can somebody else check?"
)

with errors.shown():
    report = session.report()
    if report.figures:
        editing.title()
        exporting.show(report)
        editing.figures(report)
    else:
        st.info(
            "The report is empty. Every picture of the other pages has a button “Add to report”.",
            icon=":material/note_add:",
        )
    opening.show()

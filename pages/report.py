"""Report: the pictures that were added, in order, with notes; and how to hand them on."""

import streamlit as st

from interp_core.ui import errors, navigation
from interp_core.ui.report import editing, exporting, session
from interp_core.ui.widgets import layout

navigation.guard()
layout.head(
    "Report",
    "Charts you added, each with its model, text, settings, data and code. Export them as a "
    "report or a notebook.",
)

with errors.shown():
    report = session.report()
    if report.figures:
        editing.title()
        exporting.show(report)
        editing.figures(report)
    else:
        st.info(
            "The report is empty. Select “Add to report” beside any chart.",
            icon=":material/note_add:",
        )
    exporting.sessions()

"""Lessons: a few minutes each, with predictions; the glossary; notes for teachers."""

from interp_core.lessons.library import all_lessons
from interp_core.ui import errors, lessons, navigation
from interp_core.ui.widgets import layout

navigation.guard()
layout.head(
    "Lessons",
    "Short lessons: predict the result, open the view, check your prediction. With a glossary and "
    "notes for teachers.",
)

with errors.shown():
    lessons.choose(all_lessons())

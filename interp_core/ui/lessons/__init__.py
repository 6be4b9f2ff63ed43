"""The lessons page: a lesson by steps, the list of lessons, the glossary, notes for teachers."""

from __future__ import annotations

import streamlit as st

from interp_core.lessons.library import LessonLibrary, all_lessons
from interp_core.ui.lessons import catalogue, progress
from interp_core.ui.lessons import lesson as lessons_lesson
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.markdown import plain

__all__ = ["VIEWS", "beside", "choose", "lessons_lesson", "way_back"]
VIEWS = {"lessons": "Lessons", "glossary": "Glossary", "teachers": "For teachers"}
way_back = progress.way_back


def choose(shelf: LessonLibrary) -> None:
    """The lesson that the address names, or what was chosen above."""
    name, number = progress.asked()
    found = next((lesson for lesson in shelf.lessons if lesson.name == name), None)
    if found is not None:
        lessons_lesson.show(found, number)
        return
    view = view_of(VIEWS, key="lessons_view")
    if name:
        st.warning(f"There is no lesson “{plain(name[:60])}” here. Choose another one.")
    DRAW[view](shelf)


def beside(page: str) -> None:
    """On the view that a step has opened: its question, and the way on."""
    progress.went_on()
    going = progress.underway(page)
    if going is None or page != progress.opened_page():
        return
    found = next((each for each in all_lessons().lessons if each.name == going.lesson), None)
    if found is not None and 1 <= going.step <= len(found.steps):
        lessons_lesson.beside(found, going.step)


DRAW = {
    "lessons": catalogue.show,
    "glossary": lambda shelf: catalogue.terms(),
    "teachers": lambda shelf: catalogue.teachers(),
}

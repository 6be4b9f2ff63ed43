"""The lessons page: a lesson by steps, the list of lessons, the glossary, notes for teachers."""

from __future__ import annotations

import streamlit as st

from interp_core.analysis.lessons import Shelf
from interp_core.ui.choices import view_of
from interp_core.ui.lessons import catalogue, place, reading, teachers, terms
from interp_core.ui.plain import plain

__all__ = ["VIEWS", "choose", "reading", "way_back"]
VIEWS = {"lessons": "Lessons", "glossary": "Glossary", "teachers": "For teachers"}
way_back = place.way_back


def choose(shelf: Shelf) -> None:
    """The lesson that the address names, or what was chosen above."""
    name, number = place.asked()
    found = next((lesson for lesson in shelf.lessons if lesson.name == name), None)
    if found is not None:
        reading.show(found, number)
        return
    view = view_of(VIEWS, key="lessons_view")
    if name:
        st.warning(f"There is no lesson “{plain(name[:60])}” here. Choose another one.")
    DRAW[view](shelf)


DRAW = {
    "lessons": catalogue.show,
    "glossary": lambda shelf: terms.show(),
    "teachers": lambda shelf: teachers.show(),
}

"""The list of lessons, what each teaches and how long it takes; the glossary, searchable."""

from __future__ import annotations

from html import escape

import streamlit as st

from interp_core.lessons.library import EMBEDDED, LessonLibrary, Term, glossary
from interp_core.lessons.record import Lesson
from interp_core.ui.lessons import progress
from interp_core.ui.lessons.markdown import label
from interp_core.ui.widgets.choices import BOUND
from interp_core.ui.widgets.markdown import message

ACROSS = 3  # cards in a row


def show(shelf: LessonLibrary) -> None:
    """All lessons, the built-in ones first."""
    st.markdown(
        "Each lesson takes 6 to 10 minutes: predict the result, open the view, check your "
        "prediction."
    )
    embedded = [lesson for lesson in shelf.lessons if lesson.name in shelf.embedded]
    own = [lesson for lesson in shelf.lessons if lesson.name not in shelf.embedded]
    _grid(embedded)
    if own or shelf.mistakes:
        st.header("From your teacher")
    for each in shelf.mistakes:
        st.warning(message(each), icon=":material/edit_note:")
    _grid(own)


def _grid(lessons: list[Lesson]) -> None:
    for first in range(0, len(lessons), ACROSS):
        for column, lesson in zip(st.columns(ACROSS), lessons[first : first + ACROSS]):
            with column.container(border=True, height="stretch", vertical_alignment="distribute"):
                _card(lesson)


def _card(lesson: Lesson) -> None:
    st.markdown(f"**{label(lesson.title)}**\n\n{label(lesson.teaches)}")
    facts = [f"{lesson.minutes} minutes", lesson.level, f"{len(lesson.steps)} steps"]
    if lesson.needs:
        facts.append(f"needs {lesson.needs}")
    if lesson.name in st.session_state.get(progress.DONE, ()):
        facts.append("finished")
    step = progress.paused_at(lesson.name)
    with st.container():  # one block, so that it stands at the foot of every card of a row
        st.caption(label(" · ".join(facts)))
        st.button(
            "Start" if step == 1 else f"Continue at step {step}",
            key=f"start_{lesson.name}",
            on_click=progress.go,
            args=(lesson.name, step),
            type="secondary" if step == 1 else "primary",
        )


def teachers() -> None:
    """How to run a workshop and how to write a lesson."""
    with st.container(width=820):
        st.markdown((EMBEDDED / "teachers.md").read_text(encoding="utf-8"))


CSS = """
.terms { max-width: 52rem; line-height: 1.55; }
dl.terms.terms, .terms dt, .terms dd { margin: 0; padding: 0; }
.terms dt { font-weight: 650; padding-top: .9rem; }
.terms small { opacity: .8; }
"""


def terms() -> None:
    """All terms, or those that contain what was typed."""
    wanted = st.text_input(
        "Find a term",
        key="term",
        placeholder="search terms and definitions",
        width=320,
        max_chars=60,
        **BOUND,
    )
    found = matching(wanted or "")
    if not found:
        st.info("No matching terms.")
        return
    st.caption(f"{len(found)} of {len(glossary())} terms")
    lines = "".join(_line(term) for term in found)
    st.html(f'<style>{CSS}</style><dl class="terms">{lines}</dl>')


def matching(wanted: str) -> list[Term]:
    """Terms whose names begin with the words come first, then those that contain them."""
    part = wanted.strip().casefold()
    named = [term for term in glossary() if part in " ".join((term.name, *term.also)).casefold()]
    told = [term for term in glossary() if part in term.means.casefold() and term not in named]
    return [*named, *told]


def _line(term: Term) -> str:
    names = escape(", ".join((term.name, *term.also)))
    source = f" <small>({escape(term.source)})</small>" if term.source else ""
    return f"<dt>{names}</dt><dd>{escape(term.means)}{source}</dd>"

"""One step of a lesson: its text, the view to open, the prediction, and what was found."""

from __future__ import annotations

import streamlit as st

from interp_core.lessons.record import Lesson, Question, Step
from interp_core.ui.lessons import markdown, progress
from interp_core.ui.lessons.markdown import label
from interp_core.ui.navigation import PAGES
from interp_core.ui.widgets.markdown import message


def show(lesson: Lesson, number: int) -> None:
    """The step with this number, from 1; numbers beyond the ends show the nearest step."""
    number = min(max(number, 1), len(lesson.steps))
    step = lesson.steps[number - 1]
    progress.remember(lesson, number)
    _top(lesson, number)
    with st.container(width=760):
        st.header(label(step.title), anchor=False)
        markdown.show(step.text)
        if step.link is not None:
            _link(lesson, step)
        if step.question is not None:
            _question(lesson, number, step.question)
        _turn(lesson, number)


def _top(lesson: Lesson, number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All lessons", icon=":material/arrow_back:", on_click=progress.leave, key="leave")
        st.markdown(f"**{label(lesson.title)}**", width="content")
        st.caption(f"step {number} of {len(lesson.steps)} · {lesson.minutes} minutes in all")
    st.progress(number / len(lesson.steps))


def _link(lesson: Lesson, step: Step) -> None:
    missing = _missing(lesson)
    if missing:
        st.info(f"{message(missing)} You can continue without it: the answers are included.")
        return
    progress.offer(step.link)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.page_link(
            f"pages/{step.link.page}.py",
            label=f"Open in the app: {dict(PAGES)[step.link.page]}",
            icon=":material/open_in_browser:",
            query_params=list(step.link.query),
        )
        st.caption(
            "To return, use the browser's Back button or *Back to the lesson* in the sidebar."
        )


def _missing(lesson: Lesson) -> str | None:
    """How to install the model that the lesson needs, where it is not there."""
    if not lesson.needs:
        return None
    from interp_core.ui.language import (
        question,  # brings charts, which the other lessons do not need
    )

    return question.why_missing() if lesson.needs == question.FITTING else None


def _question(lesson: Lesson, number: int, question: Question) -> None:
    st.markdown("**Predict first**")
    markdown.show(question.text)
    given = progress.answer(lesson.name, number)
    chosen = st.radio(
        "Your prediction",
        range(len(question.options)),
        index=given.chosen,
        format_func=lambda at: label(question.options[at]),
        key=f"predict_{lesson.name}_{number}",
        label_visibility="collapsed",
        disabled=given.revealed,
    )
    if not given.revealed:
        st.button(
            "Reveal",
            key="reveal",
            type="primary",
            disabled=chosen is None,
            on_click=progress.reveal,
            args=(lesson.name, number, chosen),
            help="Choose an answer first." if chosen is None else None,
        )
        return
    _feedback(question, given.chosen)


def _feedback(question: Question, chosen: int | None) -> None:
    if chosen == question.right:
        st.success("Correct.", icon=":material/check:")
    else:
        right = label(question.options[question.right])
        st.info(f"Not quite. Correct answer: {right}", icon=":material/lightbulb:")
    markdown.show(question.reveal)


def _turn(lesson: Lesson, number: int) -> None:
    last = number == len(lesson.steps)
    with st.container(horizontal=True):
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            key="previous",
            disabled=number == 1,
            on_click=progress.go,
            args=(lesson.name, number - 1),
        )
        if last:
            st.button(
                "Finish",
                icon=":material/check:",
                key="finish",
                type="primary",
                on_click=progress.leave,
                args=(True,),
            )
        else:
            st.button(
                "Next",
                icon=":material/chevron_right:",
                key="next",
                on_click=progress.go,
                args=(lesson.name, number + 1),
            )

"""One step of a lesson: its text, the prediction, and the view that shows who was right."""

from __future__ import annotations

import streamlit as st

from interp_core.lessons.record import Lesson, Question, Step
from interp_core.models.bundled_models import CONVERTED
from interp_core.ui.lessons import markdown, progress
from interp_core.ui.lessons.markdown import label
from interp_core.ui.navigation import PAGES
from interp_core.ui.widgets.markdown import message


def show(lesson: Lesson, number: int) -> None:
    """The step with this number, from 1; numbers beyond the ends show the nearest step."""
    number = min(max(number, 1), len(lesson.steps))
    step = lesson.steps[number - 1]
    if step.link is not None and progress.to_open():
        st.switch_page(f"pages/{step.link.page}.py", query_params=list(step.link.query))
    progress.remember(lesson, number)
    _top(lesson, number)
    with st.container(width=760):
        st.header(label(step.title), anchor=False)
        markdown.show(step.text)
        missing = _missing(lesson) if step.link is not None else None
        if missing:
            st.info(f"{message(missing)} You can continue without it: the answers are included.")
        if step.link is not None and not missing:
            progress.offer(step.link)
        if step.question is not None:
            _question(lesson, number, step, opens=step.link is not None and not missing)
        elif step.link is not None and not missing:
            _link(step)
        _turn(lesson, number)


def beside(lesson: Lesson, number: int) -> None:
    """The question above the view that the step has opened, and what was found."""
    step = lesson.steps[number - 1]
    with st.container(border=True, key="lesson_beside"):
        left, right = st.columns([5, 1], vertical_alignment="center")
        with left.container(gap="xsmall"):
            st.caption(f"{label(lesson.title)} · step {number} of {len(lesson.steps)}")
            question, given = step.question, progress.answer(lesson.name, number)
            if question is None:
                st.markdown(f"**{label(step.title)}**")
            else:
                markdown.show(question.text)
                if given.revealed:
                    st.markdown(f"**{_verdict(question, given.chosen)}**")
                    markdown.show(question.reveal)
        with right:
            _on(lesson, number)


def _on(lesson: Lesson, number: int) -> None:
    """The way on from a view."""
    last = number == len(lesson.steps)
    st.button(
        "Finish the lesson" if last else "Next step",
        key="lesson_on",
        icon=":material/chevron_right:",
        type="primary",
        on_click=progress.go_on,
        args=(None if last else progress.address(lesson.name, number + 1),),
    )


def _top(lesson: Lesson, number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All lessons", icon=":material/arrow_back:", on_click=progress.leave, key="leave")
        st.markdown(f"**{label(lesson.title)}**", width="content")
        st.caption(f"step {number} of {len(lesson.steps)} · {lesson.minutes} minutes in all")
    st.progress(number / len(lesson.steps))


def _link(step: Step, title: str = "Open in the app") -> None:
    st.page_link(
        f"pages/{step.link.page}.py",
        label=f"{title}: {dict(PAGES)[step.link.page]}",
        icon=":material/open_in_browser:",
        query_params=list(step.link.query),
    )


def _missing(lesson: Lesson) -> str | None:
    """How to install the model that the lesson needs, where it is not there."""
    needed = CONVERTED.get(lesson.needs)
    return needed.why_missing() if needed else None


def _question(lesson: Lesson, number: int, step: Step, *, opens: bool) -> None:
    """The question; a click on an answer is the prediction, and opens the view that shows it."""
    question, given = step.question, progress.answer(lesson.name, number)
    markdown.show(question.text)
    if given.revealed:
        _feedback(question, given.chosen)
        if opens:
            _link(step, "Open the view again")
        return
    after = f" “{dict(PAGES)[step.link.page]}” then opens, so that you can check." if opens else ""
    st.caption(f"Predict: choose what you expect.{after}")
    with st.container(gap="xsmall"):
        for at, option in enumerate(question.options):
            name = f"predict_{lesson.name}_{number}_{at}"
            st.button(
                label(option),
                key=name,
                width="stretch",
                on_click=progress.reveal,
                args=(lesson.name, number, at, opens),
            )


def _verdict(question: Question, chosen: int | None) -> str:
    right, mine = (label(question.options[at]) for at in (question.right, chosen or 0))
    if chosen == question.right:
        return f":material/check: Correct: {right}"
    return f":material/lightbulb: You predicted: {mine}. Correct answer: {right}"


def _feedback(question: Question, chosen: int | None) -> None:
    tell = st.success if chosen == question.right else st.info
    tell(_verdict(question, chosen))
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

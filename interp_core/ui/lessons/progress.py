"""Which lesson and step are shown: in the address, and remembered while other pages are open."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from interp_core.lessons.record import KEYS, SHARED, Lesson, Link
from interp_core.ui import reader

PAGE = "pages/lessons.py"
UNDERWAY, ANSWERS, DONE = "lesson_underway", "lesson_answers", "lessons_done"
OFFERED, PAUSED = "lesson_page", "lessons_paused"
GO, OPEN = "lesson_go", "lesson_open"


@dataclass(frozen=True)
class Answer:
    """What the learner predicted in a step, and whether the answer was revealed."""

    chosen: int | None = None
    revealed: bool = False


@dataclass(frozen=True)
class Underway:
    """The lesson that is going on."""

    lesson: str
    title: str
    step: int
    steps: int = field(default=1)


def asked() -> tuple[str, int]:
    """The lesson and step (from 1) that the address names, else the one underway, else ("", 1).

    The browser's way back may lead to an address of this page from before the lesson was named.
    """
    going = st.session_state.get(UNDERWAY)
    if going is not None and not {"lesson", "lessons_view"} & set(st.query_params):
        go(going.lesson, going.step)
    step = st.query_params.get("step", "1")
    number = int(step) if step.isascii() and step.isdigit() and len(step) < 4 else 1
    return st.query_params.get("lesson", ""), number


def address(lesson: str, step: int) -> dict[str, str]:
    """The part of the address that names a step."""
    return {"lesson": lesson, "step": str(step)}


def go(lesson: str, step: int) -> None:
    """Show a step; for callbacks."""
    st.query_params.update(address(lesson, step))


def leave(finished: bool = False) -> None:
    """Back to the list, with the reader's own model, text and choices; for callbacks."""
    reader.restore()
    going = st.session_state.pop(UNDERWAY, None)
    if going is not None:
        paused = dict(st.session_state.get(PAUSED, {}))
        paused[going.lesson] = 1 if finished else going.step
        st.session_state[PAUSED] = paused
    if finished and going is not None:
        st.session_state[DONE] = {*st.session_state.get(DONE, ()), going.lesson}
    for key in ("lesson", "step"):
        if key in st.query_params:
            del st.query_params[key]


def remember(lesson: Lesson, number: int) -> None:
    """Note the step, for the way back from other pages."""
    for key in SHARED:  # a link adds its own to those that the sidebar keeps in the address
        given = st.query_params.get_all(key)
        if len(given) > 1:
            st.query_params[key] = given[-1]
    st.session_state.pop(OFFERED, None)
    st.session_state[UNDERWAY] = Underway(lesson.name, lesson.title, number, len(lesson.steps))


def paused_at(lesson: str) -> int:
    """The step at which the lesson was left, from 1."""
    return st.session_state.get(PAUSED, {}).get(lesson, 1)


def answer(lesson: str, number: int) -> Answer:
    """What was answered in a step so far."""
    return st.session_state.get(ANSWERS, {}).get((lesson, number), Answer())


def go_on(step: dict[str, str] | None) -> None:
    """From a view back to the lesson: to a step, or to the list when it is finished.

    For callbacks, which cannot change the page: `went_on` does.
    """
    if step is None:
        leave(True)
    st.session_state[GO] = step


def went_on() -> None:
    """Go where `go_on` said."""
    if GO in st.session_state:
        st.switch_page(PAGE, query_params=st.session_state.pop(GO))


def to_open() -> bool:
    """Whether an answer was just chosen, so that the view is to be opened."""
    return bool(st.session_state.pop(OPEN, False))


def reveal(lesson: str, number: int, chosen: int | None, opens: bool = False) -> None:
    """Note the prediction and reveal the answer, in the view where one `opens`; for callbacks."""
    st.session_state[OPEN] = opens
    answers = dict(st.session_state.get(ANSWERS, {}))
    answers[lesson, number] = Answer(chosen, True)
    st.session_state[ANSWERS] = answers


def offer(link: Link) -> None:
    """Make ready for a click on the link: what its page was asked before is put aside."""
    reader.hold()
    st.session_state[OFFERED] = link.page
    for key in KEYS[link.page]:
        st.session_state.pop(key, None)


def opened_page() -> str:
    """The page that the present step opens; empty where it opens none."""
    return st.session_state.get(OFFERED, "")


def underway(page: str) -> Underway | None:
    """The lesson that is going on, on the pages that it opens."""
    return None if page == "lessons" else st.session_state.get(UNDERWAY)


def way_back(page: str) -> None:
    """On other pages, above the sidebar's controls: back to the lesson, or out of it."""
    going = underway(page)
    if going is None:
        return
    with st.sidebar:
        st.page_link(
            PAGE,
            label=f"Back to the lesson, step {going.step} of {going.steps}",
            icon=":material/school:",
            query_params=address(going.lesson, going.step),
        )
        if reader.HELD in st.session_state:
            st.button(
                "Restore my text",
                key="lesson_restore",
                icon=":material/undo:",
                on_click=leave,
                help="Leaves the lesson. Your model, text and choices are as they were before it.",
            )

"""The fields of the view of retrieved passages, and examples to put into them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

import interp_core as ic
from interp_core.errors import EmptyText
from interp_core.files.tables import text_columns
from interp_core.generated_text.passages import MOST_PASSAGES
from interp_core.ui.server import limits
from interp_core.ui.widgets import layout, uploads
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, list_of, one_of
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS

QUESTION, PASSAGES, ANSWER = "passage_question", "passages", "passage_answer"
EXAMPLE, FILE, RETRIEVED = "passage_example", "passage_file", "passages_retrieved"
BY, ANSWERS = "passage_by", {"typed": "Typed", "written": "Written by the model"}
GAP = "\n\n"
BLANK = re.compile(r"\n[ \t]*\n\s*")
HELP = (
    "One passage a paragraph, with a blank line between two. Without blank lines, one a line. "
    "Press Ctrl+Enter (⌘+Enter) to run the model on changed passages."
)


@dataclass(frozen=True)
class Given:
    """What stands in the fields. An empty `answer` is to be written by the model."""

    question: str
    passages: tuple[str, ...]
    answer: str
    retrieved: int


def draw() -> Given:
    """The fields, and what stands in them. Raises `NotShared` and `BadInput`."""
    cases = _cases()
    with layout.controls():
        titles = {name: case.title for name, case in cases.items()}
        chosen = list_of("Example", titles, key=EXAMPLE, width=280, on_change=_anew)
        writes = one_of("Answer", ANSWERS, key=BY) == "written"
        _from_file()
        retrieved = st.number_input(
            "Retrieved",
            1,
            MOST_PASSAGES,
            1,
            key=RETRIEVED,
            width=120,
            help="How many passages of the encoder's ranking count as retrieved.",
            **BOUND,
        )
    texts = _texts(cases[chosen])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        passages = _field("Passages", PASSAGES, texts[1], height=186, help=HELP)
    with right:
        question = _field("Question", QUESTION, texts[0], height=68)
        answer = _field("Typed answer", ANSWER, texts[2], height=68, disabled=writes)
    answer = "" if writes else answer.strip()
    if not writes and not answer:
        raise EmptyText("The answer is empty. Type one, or let the model write it.")
    given = Given(question.strip(), parted(passages), answer, int(retrieved))
    limits.check_texts((given.question, given.passages, given.answer))
    return given


def _field(label: str, key: str, default: str, **more: Any) -> str:
    """A text that begins with that of the example, until another one is typed."""
    follow(key, default)
    return st.text_area(label, default, key=key, max_chars=MAX_CHARACTERS, **more, **BOUND)


def _anew() -> None:
    """Another example takes the place of what was typed."""
    case = _cases()[st.session_state[EXAMPLE]]
    for key, text in zip((QUESTION, PASSAGES, ANSWER), _texts(case)):
        st.session_state[key] = text


def _cases() -> dict[str, ic.PassageCase]:
    return {case.name: case for case in ic.passage_cases()}


def _texts(case: ic.PassageCase) -> tuple[str, str, str]:
    """What the fields begin with: question, passages, answer."""
    return case.question, GAP.join(case.passages), case.answer


def parted(text: str) -> tuple[str, ...]:
    """The passages of a text: its paragraphs, or its lines where there is a single paragraph."""
    parts = [part for part in BLANK.split(text.strip()) if part.strip()]
    if len(parts) == 1:
        parts = [line for line in parts[0].splitlines() if line.strip()]
    return tuple(part.strip() for part in parts)


def _from_file() -> None:
    """A popover that puts the texts of an uploaded table into the field of passages."""
    with st.popover("Passages from a file", icon=":material/upload_file:"):
        given = uploads.uploader(uploads.ABOUT, uploads.TEXTS, key=FILE)
        if given is None:
            return
        table = uploads.held_table(*uploads.keep(given))
        uploads.told(table.notes)
        names = text_columns(table.frame)
        keep_valid("passage_column", names)
        column = st.selectbox("Text column", names, key="passage_column")
        texts = [" ".join(str(each).split()) for each in table.frame[column].dropna()]
        kept = [text for text in texts if text][:MOST_PASSAGES]
        if len(texts) > MOST_PASSAGES:
            st.caption(f"The first {MOST_PASSAGES} of {len(texts):,} rows are used.")
        st.button(
            f"Use {len(kept)} passages",
            on_click=_put,
            args=(GAP.join(kept)[:MAX_CHARACTERS],),
            disabled=not kept,
            key="passage_use",
        )


def _put(text: str) -> None:
    st.session_state[PASSAGES] = text

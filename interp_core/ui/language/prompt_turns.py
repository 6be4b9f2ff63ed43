"""The prompt of the language page as a plain text, or as the turns of a chat that are edited."""

from __future__ import annotations

from typing import Any

import streamlit as st

from interp_core.generated_text.prompt import has_template
from interp_core.ui.language.question import Asked
from interp_core.ui.widgets.choices import BOUND, one_of
from interp_core.ui.widgets.model_choice import EXAMPLES
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS

FORMS = {"chat": "Chat", "text": "Plain text"}
ROLES = ("system", "user", "assistant")
MOST_TURNS = 6  # before the last one, which is the page's text
SYSTEM = "Answer in one short sentence."
EXAMPLE = EXAMPLES["causal-lm"][-1]  # a fact among others that do not matter
FORM, COUNT = "lm_form", "lm_turns"


def prompt_form(asked: Asked) -> str:
    """Whether the prompt is a chat, for models that know a template; else plain text."""
    if not has_template(asked.loaded):
        return "text"
    return one_of(
        "Prompt",
        FORMS,
        key=FORM,
        help="Chat: the turns are put together by the model's own chat template, and the text "
        "on the left is the user's last turn. Plain text: the model continues the text.",
    )


def edited_turns(asked: Asked) -> list[dict[str, str]]:
    """The turns before the page's text, each with its role, and the text as the user's turn."""
    with st.expander("Earlier turns", icon=":material/forum:", key="lm_turns_box"):
        count = st.number_input(
            "Number of turns",
            0,
            MOST_TURNS,
            1,
            key=COUNT,
            width=150,
            help="The last turn is the text on the left, said by the user.",
            **BOUND,
        )
        turns = [_turn(number) for number in range(int(count))]
    said = [turn for turn in turns if turn["content"].strip()]
    return [*said, {"role": "user", "content": asked.text}]


def _turn(number: int) -> dict[str, str]:
    first = number == 0
    with st.container(horizontal=True):
        role = st.selectbox(
            f"Role of turn {number + 1}",
            ROLES,
            index=0 if first else 1 + (number + 1) % 2,
            key=f"lm_role_{number}",
            width=150,
            **BOUND,
        )
        content = st.text_area(
            f"Content of turn {number + 1}",
            SYSTEM if first else "",
            key=f"lm_turn_{number}",
            height=70,
            max_chars=MAX_CHARACTERS,
            placeholder="Empty turns are left out",
            **BOUND,
        )
    return {"role": role, "content": content}


def prompt_of(asked: Asked) -> Any:
    """The prompt as `ic.attribute_generation` takes it: a text, or a list of turns."""
    return asked.text if prompt_form(asked) == "text" else edited_turns(asked)

"""The embedded models by what they teach, each one click away."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.ui.other_model import take

# Task: what there is to learn with it.
GROUPS = {
    "encoder": "What words and texts mean",
    "sequence-classification": "Decisions about a text",
    "token-classification": "A label for each word",
    "causal-lm": "Writing the next word",
    "masked-lm": "Guessing a hidden word",
    "image-classification": "Looking at pictures",
}


def shelf() -> None:
    """A popover with the models, grouped; a click takes one."""
    cards = ic.bundled_models()
    with st.popover("Embedded models", icon=":material/collections_bookmark:", width="stretch"):
        for task, heading in GROUPS.items():
            found = [card for card in cards if card.task == task]
            if not found:
                continue
            st.markdown(f"**{heading}**")
            for card in found:
                st.button(
                    f"`{card.name}` · {card.title}",
                    key=f"shelf_{card.name}",
                    on_click=take,
                    args=(card.name,),
                    width="stretch",
                    type="tertiary",
                )

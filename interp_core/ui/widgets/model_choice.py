"""Sentences written for the product, each with something to see; by the model's task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

import interp_core as ic
from interp_core.ui.server import limits, loading
from interp_core.ui.widgets.choices import BOUND, follow, to_address
from interp_core.ui.widgets.markdown import message

DEFAULT_MODEL = "sentiment"
EXAMPLES: dict[str, tuple[str, ...]] = {
    "sequence-classification": (
        "The plot is not bad at all, but the ending left me cold.",
        "I expected to hate it, and I could not stop smiling.",
        "Far from boring, it is the funniest film of the year.",
        "The acting is wonderful; the script is not.",
        "Nobody who loves music should miss this concert.",
    ),
    "causal-lm": (
        "When Mary and John went to the store, John gave a drink to",
        "The capital of France is",
        "The keys to the old cabinet",
        "red blue green red blue green red blue",
        "The museum in Oslo opens at nine. Tickets cost ten euros. The café is closed today. When "
        "does the museum open?",
    ),
    "encoder-decoder": (
        "translate English to German: The house is wonderful.",
        "summarize: The cat slept all day, and nobody woke it.",
    ),
    "masked-lm": (
        "The doctor said that [MASK] would be late.",
        "Paris is the [MASK] of France.",
    ),
}
REQUESTS = (
    "Book a table for four at a quiet Italian place tonight.",
    "Play the newest album by Miles Davis.",
    "Will it rain in Lisbon on Sunday morning?",
    "Add this song to my summer playlist.",
    "Give the last novel I read five stars.",
    "When is the next showing of Casablanca at the Grand?",
)
NAMED = {"intents": REQUESTS, "slots": REQUESTS}  # models that read a kind of text of their own
GENERAL = (
    "The cat sat on the mat because it was tired.",
    "She went to the bank to deposit money, then sat on the bank of the river.",
    "The lawyer told the doctor that she had read his report twice.",
    "The keys that the man with the hats lost are on the table.",
)


def examples(task: str, name: str = "") -> tuple[str, ...]:
    """Example texts that suit the model, or its task; the first is what a page opens with."""
    return NAMED.get(name) or EXAMPLES.get(task, GENERAL)


def is_example(text: str) -> bool:
    """Whether the text is one of ours, which nobody misses when another model is chosen."""
    return any(text in each for each in (*EXAMPLES.values(), *NAMED.values(), GENERAL))


def take(name: str) -> None:
    """Choose a built-in model, and an example that suits it unless there is a text of one's own.

    For callbacks: before the sidebar is drawn.
    """
    st.session_state["model"] = name
    text = st.session_state.get("text", "")
    if is_example(text) or not text.strip():
        task = next(card.task for card in ic.bundled_models() if card.name == name)
        st.session_state["text"] = examples(task, name)[0]


def instead(name: str) -> None:
    """The button that takes a model that fits."""
    st.button(f"Switch to `{name}`", on_click=take, args=(name,))


def second(
    label: str,
    first: str,
    *,
    key: str,
    prefer: Sequence[str] = (),
    fits: Callable[[ic.ModelCard], bool] = lambda card: True,
    **more: Any,
) -> str | None:
    """The name of a model beside `first`; those to `prefer` stand at the top.

    Offers the built-in models that fit, what a shared server has on its list beside them, and the
    name that was typed or came with the address.
    """
    cards = {card.name: card for card in ic.bundled_models()}
    known = limits.allowed_models() if limits.is_shared() else cards
    names = [name for name in known if name != first and (name not in cards or fits(cards[name]))]
    names.sort(key=lambda name: name not in prefer)
    given = st.session_state.get(key) or st.query_params.get(key)
    if names:
        follow(key, names[0])
    given = given if given == first else st.session_state.get(key) or st.query_params.get(key)
    names += [given] if given and given not in (*names, first) else []
    if given == first and names:  # typed, in the address, or the sidebar's model has changed
        if key not in st.session_state:  # a control that is there writes its own address
            to_address(key, names[0])
        st.session_state[key] = names[0]
    chosen = st.selectbox(
        label, names, key=key, accept_new_options=not limits.is_shared(), **BOUND, **more
    )
    if chosen:
        loading.base_field(chosen, loading.SECOND_BASE, "Its base model", width=200)
    if given == first:
        st.session_state[f"{key}_instead"] = (first, chosen)
    if chosen and st.session_state.get(f"{key}_instead") == (first, chosen):
        st.caption(
            message(
                f"{first} is the first model already, so {chosen} was taken. To see the effect of "
                "rounding, type its name with `@bfloat16` or `@float16` behind it."
            )
        )
    return chosen


IMAGES = "image-encoder"
# Task: what there is to learn with it.
GROUPS = {
    "sequence-classification": "Text classification",
    "token-classification": "Token classification",
    "encoder": "Text encoder",
    "causal-lm": "Causal language model",
    "masked-lm": "Masked language model",
    "image-classification": "Image classification",
    IMAGES: "Image encoder",
}


def in_order(names: Sequence[str]) -> list[str]:
    """Names of models by what there is to learn with them; the default model is the first."""
    tasks = {card.name: list(GROUPS).index(card.task) for card in ic.bundled_models()}
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, tasks.get(name, len(GROUPS))))


def _group(card: ic.ModelCard) -> str:
    """Its task; encoders of images are apart from those of texts."""
    return IMAGES if card.task == "encoder" and card.reads_images else card.task


def shelf() -> None:
    """The built-in models, grouped by what there is to learn with them; a click takes one."""
    cards = ic.bundled_models()
    groups = {each: [card for card in cards if _group(card) == each] for each in GROUPS}
    with st.container(horizontal=True, gap="medium"):
        for task, found in groups.items():
            if not found:
                continue
            with st.container(width=320, gap="xsmall"):
                st.markdown(f"**{GROUPS[task]}**")
                for card in found:
                    st.button(
                        f"`{card.name}` {card.title}",
                        key=f"shelf_{card.name}",
                        on_click=take,
                        args=(card.name,),
                        type="tertiary",
                    )

"""Pictures of language models in the report: all of them, and each can be computed again."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.needs import needs_language_model
from tests.pages.reporting import check
from tests.pages.running import run
from tests.tiny import TEXT

PICTURES = {
    "next": 2,
    "lens": 3,
    "wrote": 2,
    "write": 4,
    "answer": 4,
    "induction": 1,
    "steering": 1,
}


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


@pytest.fixture
def opened(tiny):
    def start(family: str = "gpt2", **state) -> AppTest:
        return run("language_models", **{"model": str(tiny(family)), "text": TEXT, **state})

    return start


@pytest.mark.parametrize("view", PICTURES)
def test_every_picture_is_computed_again_by_its_script(opened, view):
    figures = check(opened(lm_view=view), charts=PICTURES[view])
    assert view == "induction" or all(figure.text == TEXT for figure in figures)


@pytest.mark.parametrize(
    ("family", "state"),
    [
        ("gpt2", {"lm_view": "wrote", "lm_target": " look", "lm_instead": " words"}),
        ("gemma2", {"lm_view": "write", "lm_temperature": 1.3, "lm_seed": 7, "lm_tokens": 5}),
        (
            "llama",
            {
                "lm_view": "lens",
                "lm_line": "answer_rank",
                "lm_depth": "1",
                "text": "look at the " * 17,
            },
        ),
    ],
    ids=["two tokens", "drawn by chance", "a window of a long text"],
)
def test_options_reach_the_script(opened, family, state):
    check(opened(family, **state), charts=PICTURES[state["lm_view"]])


@pytest.mark.parametrize("view", ["next", "lens"])
def test_masked_models(opened, view):
    app = opened("bert-masked-lm", lm_view=view, text="The plot is [MASK] bad.")
    check(app, charts=PICTURES[view])


@needs_language_model
def test_both_copies_of_a_repeated_sequence():
    check(run("language_models", model="language-model", lm_view="induction"), charts=2)


@needs_language_model
def test_the_embedded_language_model():
    text = "When Mary and John went to the store, John gave a drink to"
    check(run("language_models", model="language-model", text=text, lm_view="next"), charts=2)

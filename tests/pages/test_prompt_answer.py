"""The view “Prompt and answer”: both texts shaded, a map that is dragged and clicked, checks."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.chats import CHATML
from tests.pages.reporting import check
from tests.pages.running import charts, clicked, run, undefined, words

TEXT, ANSWER = "The plot is bad. It ends. Who knows?", " The actors."


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


@pytest.fixture
def opened(tiny):
    def start(family: str = "gpt2", **state) -> AppTest:
        given = {"lm_answer": "typed", "lm_typed": ANSWER, "text": TEXT} | state
        return run("language_models", model=str(tiny(family)), lm_view="answer", **given)

    return start


@pytest.fixture(scope="module")
def chat_model(tiny, tmp_path_factory) -> str:
    import shutil

    folder = tmp_path_factory.mktemp("chat") / "gpt2"
    shutil.copytree(tiny("gpt2"), folder)
    (folder / "chat_template.jinja").write_text(CHATML, "utf-8")
    return str(folder)


def test_the_map_has_the_units_and_the_answers_tokens(opened):
    app = opened()
    assert not app.exception
    assert not app.error
    assert not undefined(app)
    said = words(app)
    assert "Log probability of the answer" in said
    assert "positions count those that are left" in said
    assert app.selectbox(key="lm_source").options == [
        "0: The plot is bad.",
        "1: It ends.",
        "2: Who knows?",
    ]


def test_a_drag_chooses_answer_tokens_and_a_click_a_source(opened):
    app = opened()
    names = app.selectbox(key="lm_from").options
    keys = [name.replace(": ", "|", 1) for name in names]
    clicked(app, "lm_answer_map", {"span": {"token_key": keys[1:3]}})
    assert app.session_state["lm_from"] == names[1]
    assert app.session_state["lm_to"] == names[2]
    clicked(app, "lm_answer_map", {"cell": [{"unit": "1|It ends."}]})
    assert app.session_state["lm_source"] == "1: It ends."
    assert "the effect of 1" in words(app)
    clicked(app, "lm_answer_map", {"span": {"token_key": ["0|no", 3]}, "cell": [{"unit": "x"}]})
    assert not app.exception


@pytest.mark.parametrize("more", ["sums", "shapley", "contrast", "faithfulness"])
def test_every_picture_is_computed_again_by_its_script(opened, more):
    check(opened(lm_more=more, lm_rival=" Nobody."), charts=4)


def test_what_the_model_writes_and_models_with_an_encoder(opened):
    app = opened("t5", lm_answer="written", lm_answer_tokens=3, lm_more="cross")
    assert not app.exception
    assert not app.error
    assert len(charts(app)) == 2
    assert "special tokens have the rest of 1" in words(app)


def test_turns_of_a_chat(chat_model):
    app = run(
        "language_models",
        model=chat_model,
        lm_view="answer",
        text="Who?",
        lm_turn_0="Be short.",
        lm_answer="typed",
        lm_typed="a",
        lm_unit="turn",
    )
    assert not app.exception
    assert not app.error, [each.value for each in app.error]
    assert app.selectbox(key="lm_source").options == ["0: system: Be short.", "1: user: Who?"]


@pytest.mark.parametrize("unit", ["turn", "sentence"])
def test_what_is_below_the_map_has_its_units_with_the_template_too(chat_model, unit):
    state = {
        "lm_answer": "typed",
        "lm_typed": "a",
        "lm_unit": unit,
        "lm_template": True,
        "lm_rival": "b",
        "lm_against": "input_x_gradient",
    }
    for more in ("contrast", "faithfulness"):
        app = run(
            "language_models",
            model=chat_model,
            lm_view="answer",
            text="Who?",
            lm_more=more,
            **state,
        )
        assert not app.exception
        assert not app.error, [each.value for each in app.error]
        assert "same units" not in words(app)


def test_integrated_gradients_have_as_many_points_as_are_asked_for(opened):
    app = opened(lm_method="integrated_gradients", lm_steps=4, lm_unit="word")
    assert not app.exception
    assert not app.error
    assert "(4 points)" in words(app)
    assert "first token stands in the baseline" in words(app)


def test_the_other_answer_begins_as_the_answer_does(opened):
    app = opened(lm_more="contrast", lm_rival="Nobody.")
    assert "begins with a space too" in words(app)
    assert "the difference is that of the space" not in words(app)


def test_an_answer_is_asked_for(opened):
    app = opened(lm_typed=" ")
    assert "Type the answer" in words(app)
    assert not charts(app)

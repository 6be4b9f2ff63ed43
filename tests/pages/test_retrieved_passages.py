"""The view of retrieved passages: its fields, verdicts, pictures, and what people may put in."""

from __future__ import annotations

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

import interp_core as ic
from interp_core.ui.language.passage_fields import parted
from tests.needs import needs_language_model
from tests.pages.reporting import check
from tests.pages.running import charts, reopened, run, words
from tests.safety.test_hostile_texts import HOSTILE, harmless


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


@pytest.fixture(scope="module")
def roomy(tiny, tmp_path_factory) -> str:
    """A tiny GPT-2 that reads prompts with passages: 600 tokens."""
    folder = tmp_path_factory.mktemp("roomy")
    config = AutoConfig.from_pretrained(tiny("gpt2"), n_positions=600)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny("gpt2")).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def opened(roomy):
    def start(**state) -> AppTest:
        return run("language_models", model=roomy, lm_view="passages", **state)

    return start


def ranked(app: AppTest):
    return app.dataframe[0].value


def test_every_picture_goes_into_the_report_and_is_computed_again(opened):
    app = opened(passage_example="tea")
    field = app.selectbox(key="passage_token")
    app = field.set_value(field.options[1]).run()
    figures = check(app, charts=3)
    assert any("passage" in figure.title for figure in figures)
    assert app.warning  # random weights read nothing
    assert len(charts(app)) == 2


def test_a_link_to_a_token_of_the_answer_shows_that_token(opened, roomy):
    app = opened(passage_example="tea")
    app.query_params.update(lm_view="Retrieved passages", model=roomy, passage_example="tea")
    chosen = app.selectbox(key="passage_token").options[1]
    app.selectbox(key="passage_token").set_value(chosen).run()
    assert f"Bits that each passage gives **{chosen.partition(': ')[2]}**" in words(app)
    assert words(reopened(app, "language_models")) == words(app)


def test_the_model_writes_where_no_answer_is_given(opened):
    app = opened(passage_by="written", passages="She knows.\nIt ends.", passage_question="Who?")
    assert not app.error
    assert "Answer of the model" in words(app)
    assert sorted(ranked(app)["passage"]) == [1, 2]
    assert app.text_area(key="passage_answer").disabled


def test_answers_with_less_are_written_when_they_are_asked_for(opened):
    short = {"passages": "She knows.\nIt ends.", "passage_question": "Who?"}
    assert len(opened(**short).dataframe) == 1
    app = opened(**short, passage_answer="Yes", passages_rewritten=True)
    assert not app.exception
    assert "Too few bits to tell" in app.info[0].value  # a short answer is no ground for a warning
    assert "cannot be told from so few bits" in words(app)
    assert not app.warning
    assert list(app.dataframe[1].value["given"])[:3] == ["all", "none", "without 1"]


def test_hostile_passages_questions_and_answers_are_texts(opened):
    app = opened(
        passages=f"{HOSTILE}\n\nIt ends.", passage_question=HOSTILE, passage_answer=HOSTILE
    )
    assert harmless(app)
    assert not app.error
    assert parted(app.text_area(key="passages").value)[0] == HOSTILE


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"passages": " \n "}, "between 1 and 20"),
        ({"passages": "word\n" * 21}, "between 1 and 20"),
        ({"passage_question": " "}, "question is empty"),
        ({"passage_answer": " "}, "Type one"),
        ({"passages": "word " * 700}, "at most 600"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(opened, state, says):
    app = opened(**state)
    assert not app.exception
    told = [each.value.replace("\\", "") for each in (*app.error, *app.info)]
    assert any(says in each for each in told)


def test_another_example_takes_the_place_of_what_was_typed(opened):
    app = opened(passage_question="Who?", passage_example="tea")
    assert app.text_area(key="passage_question").value == "Who?"
    app.selectbox(key="passage_example").select("france").run()
    case = next(case for case in ic.passage_cases() if case.name == "france")
    assert app.text_area(key="passage_question").value == case.question
    assert parted(app.text_area(key="passages").value) == case.passages


def test_rows_of_a_table_become_passages(opened, tmp_path):
    app = opened()
    table = b"title,text\na,She knows a lot.\nb,It ends\nc,\n"
    app.get("file_uploader")[0].upload("passages.csv", table, "text/csv")
    app.run()
    assert not app.exception
    app.button(key="passage_use").click().run()
    assert parted(app.text_area(key="passages").value) == ("She knows a lot.", "It ends")
    assert not app.error


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one\n\ntwo\nlines\n \n\nthree", ("one", "two\nlines", "three")),
        ("one\n two \n", ("one", "two")),
        ("one", ("one",)),
        (" \n ", ()),
    ],
)
def test_passages_are_paragraphs_or_lines(text, parts):
    assert parted(text) == parts


@needs_language_model
def test_the_language_model_names_the_passage_that_the_encoder_ranks_first(real_models):
    app = run("language_models", model="language-model", lm_view="passages")
    assert "passage 3" in app.success[0].value
    assert "Whether a passage says the same is not measured." in words(app)
    assert not app.warning
    assert ranked(app)["finding"].tolist()[0] == "retrieved and read"

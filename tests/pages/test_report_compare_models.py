"""Pictures of two classifiers in the report: all of them, and each can be computed again."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.reporting import check
from tests.pages.running import run

TEXT = "The film was not good."
RIVAL = "sentiment-lstm"


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


def opened(**state) -> AppTest:
    return run("compare_models", **{"model": "sentiment", "rival": RIVAL, "text": TEXT, **state})


def test_every_picture_of_a_text_is_computed_again_by_its_script():
    chosen = {"versus_target": "positive", "reach_side": "before", "reach_word": "4: not"}
    figures = check(opened(**chosen), charts=4)
    for figure in figures:
        assert set(figure.models) == {"sentiment", RIVAL}
        assert figure.text == TEXT
        assert "sentiment" in figure.alt


def test_the_probes_are_computed_again():
    (figure,) = check(opened(versus="probes"), charts=1)
    assert figure.rows == 2 * 48


def test_without_a_common_label_each_prediction_is_explained():
    figures = check(opened(rival="intents"), charts=2)
    assert all("target=None" in figure.script for figure in figures)


FEW = "It is good.\nIt is bad.\nA cat slept.\nWe left.\nNobody came."


@pytest.mark.parametrize(
    ("view", "charts"), [("weights", 2), ("representations", 2), ("heads", 1), ("maps", 2)]
)
def test_every_picture_of_two_checkpoints_is_computed_again(view, charts):
    app = run(
        "compare_models",
        model="encoder",
        rival="sentiment",
        versus=view,
        corpus="text",
        text=TEXT if view == "maps" else FEW,
    )
    for figure in check(app, charts=charts):
        assert set(figure.models) == {"encoder", "sentiment"}


def test_the_pictures_of_answers_are_computed_again(tmp_path, monkeypatch):
    figures = check(opened(versus="answers", versus_data="plain", corpus="text", text=FEW))
    assert [figure.title for figure in figures] == ["Agreement and churn"]


def test_a_model_beside_itself_in_another_number_format():
    app = run("compare_models", model="sentiment", rival="sentiment@bfloat16", versus="weights")
    figures = check(app, charts=2)
    assert set(figures[0].models) == {"sentiment", "sentiment@bfloat16"}
    changed = figures[0].numbers["relative"]
    assert changed.between(0, 2**-8).all()
    assert (changed > 0).any()


def test_the_lens_of_both_is_computed_again():
    (figure,) = check(opened(versus="lens", rival="sentiment@bfloat16"), charts=1)
    assert set(figure.numbers["model"]) == {"sentiment (first)", "sentiment (second)"}


def test_the_pictures_of_labelled_answers_are_computed_again():
    figures = check(opened(versus="answers", rival="sentiment@bfloat16", audit_size=100), charts=2)
    titles = ["Agreement and churn", "Reliability of both models"]
    assert [figure.title for figure in figures] == titles

"""Pictures of heads in the report: all of them, and each can be computed again."""

from __future__ import annotations

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.report import numbers
from interp_core.ui.heads import corpus, table
from interp_core.ui.server import cache
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import uploads
from interp_core.ui.widgets.recipe import BESIDE, script
from tests.pages.reporting import check
from tests.pages.running import run

TEXT = "The plot is not bad at all.\n\nI liked it, and so did she!\nA cat sat on the mat."
PICTURES = {"map": 3, "scatter": 3, "alike": 3, "importance": 3, "compare": 1}  # with a card


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


def opened(**state) -> AppTest:
    start = {"model": "sentiment", "corpus": "text", "text": TEXT, "unit": "1.2"}
    return run("head_entropy", **{**start, **state})


def held(data: bytes, name: str) -> dict:
    key = digest(data)
    uploads.files().get(key, lambda: data)
    return {"corpus": "file", corpus.HELD: (name, key)}


@pytest.mark.parametrize("view", PICTURES)
def test_every_picture_is_computed_again_by_its_script(view):
    figures = check(opened(heads_view=view), charts=PICTURES[view])
    assert all(figure.text == TEXT for figure in figures)
    assert len({figure.alt for figure in figures}) == len(figures)


def test_the_curve_of_removed_heads_is_computed_again():
    state = {"text": "Not bad.", "way": "ablation", "pruning": True, "unit": None}
    curve = check(opened(heads_view="importance", **state), charts=3)[-1]
    assert set(curve.numbers["ranking"]) == {"gradient", "ablation", "random"}


def test_models_of_one_shape_are_compared_again():
    state = {"heads_view": "compare", "second_model": "slots", "stat2": "distance"}
    (figure,) = check(opened(model="intents", **state), charts=1)
    assert tuple(figure.models) == ("intents", "slots")


def test_models_of_two_shapes_are_compared_again(tiny):
    state = {"heads_view": "compare", "second_model": str(tiny("gpt2"))}
    (figure,) = check(opened(model="pos", **state), charts=1)
    assert "by depth" in figure.title


def test_the_script_reads_an_uploaded_file_by_its_name(tmp_path, monkeypatch):
    frame = pd.DataFrame({"title": ["One", "", "Two"], "review": ["Good film.", "", "Not bad!"]})
    data = frame.to_csv(index=False).encode()
    (tmp_path / "my films.csv").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    app = opened(**held(data, "my films.csv"), corpus_column="title", unit=None)
    for figure in check(app, charts=2):
        assert BESIDE in figure.script


def test_a_stopped_pass_is_computed_again_up_to_where_it_was(sentiment):
    files = cache.stamp("sentiment")
    asked = corpus.Asked("sentiment", files, "sentences", 1000)  # no other test has the whole pass
    state = next(ic.stream_statistics(sentiment, corpus.rows(asked)))
    stopped = {corpus.STOPPED: asked, corpus.PARTIAL: (asked, state)}
    figures = check(opened(corpus="sentences", corpus_size=1000, unit=None, **stopped), charts=2)
    assert f"until={state.texts}" in figures[0].script


def test_a_box_in_the_scatter_is_in_the_script(sentiment):
    asked = corpus.Asked("sentiment", "", "text", 1, text=TEXT)
    state = ic.CorpusState(ic.corpus_statistics(sentiment, list(corpus.rows(asked))))
    box = {"entropy": (0.5, 1.8), "confidence": (0.2, 0.7)}
    names: dict = {}
    made = corpus.statistics(asked, state).frame
    exec(script(table.numbers(made, *box, box=box)), names)
    frame = state.statistics.frame
    wanted = frame.query("0.5 <= entropy <= 1.8 and 0.2 <= confidence <= 0.7")
    wanted = ic.statistic_table(wanted, *box)
    assert 0 < len(wanted) < len(frame)
    assert "as recorded" in ic.check_against(names["table"], numbers.written(wanted))

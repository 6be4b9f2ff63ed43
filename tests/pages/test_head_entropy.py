"""The head page run by Streamlit's test harness: every view, its figures, and mistakes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.heads.catalogue import CODES, STATISTICS
from interp_core.ui.heads import corpus
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import uploads
from tests.pages.running import charts, run, shows, undefined, words

ROOT = Path(__file__).resolve().parents[2]
VIEWS = ("map", "scatter", "alike", "importance", "compare")
COUNT = 100


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


def opened(**state) -> AppTest:
    start = {"model": "sentiment", "corpus": "sentences", "corpus_size": COUNT}
    return run("head_entropy", **{**start, **state})


@pytest.fixture(scope="module")
def statistics(sentiment):
    return ic.head_statistics(sentiment, ic.sentences()[:COUNT])


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_without_an_error(view):
    app = opened(heads_view=view)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Head statistics"
    assert charts(app)
    assert f"{COUNT} texts" in words(app)


def test_the_card_shows_the_figures_of_the_head(statistics):
    app = opened(unit="2.4")
    line = statistics.frame.query("layer == 2 and head == 4").iloc[0]
    shown = {metric.label: metric for metric in app.metric}
    entropy = shown["normalised entropy"]
    assert shows(entropy.value, line["entropy_normalised"], "{:.3f}")
    assert shows(entropy.delta, line["entropy_normalised_se"], "± {:.2g}")
    assert shows(shown["confidence"].value, line["confidence"], "{:.3f}")
    role = line["role"] if line["role"] != "none" else "no role"
    assert f"Layer 2, head 4: {role}" in words(app)


def test_importance_on_the_page_is_that_of_the_core(sentiment):
    app = opened(heads_view="importance")
    found = ic.head_importance(sentiment, list(ic.sentences()[:64]))
    best = found.nlargest(12, "importance")
    held = [each.proto.datasets for each in app.get("vega_lite_chart")]
    tables = [convert_arrow_bytes_to_pandas_df(data.data.data) for each in held for data in each]
    top = next(table for table in tables if "name" in table)
    assert list(top["name"]) == [f"{a}.{b}" for a, b in zip(best["layer"], best["head"])]
    assert list(top["importance"]) == pytest.approx(list(best["importance"]), rel=1e-4)


def test_comparing_a_model_with_itself_finds_no_difference():
    app = opened(heads_view="compare", other="texts", corpus_2="sentences", corpus_size_2=COUNT)
    assert "0 of 72 heads differ significantly" in words(app)


def test_models_of_other_shapes_are_compared_by_depth(tiny):
    app = opened(heads_view="compare", second_model=str(tiny("gpt2")))
    assert not app.error
    assert "relative depth" in words(app)


def test_one_text_has_no_standard_error():
    app = opened(corpus="text", text="The cat sat on the mat.", unit="0.2")
    assert "1 text," in words(app)
    assert "standard errors need at least two" in words(app)
    assert not app.exception


def held(data: bytes, name: str, side: str = "") -> dict:
    key = digest(data)
    uploads.files().get(key, lambda: data)
    return {f"corpus{side}": "file", f"{corpus.HELD}{side}": (name, key)}


def test_rows_that_cannot_be_read_are_counted_and_the_rest_is_used():
    lines = ["A good film.", "", "word " * 50_000, "A bad film.", "   "]
    app = opened(**held("\n".join(lines).encode(), "films.txt"))
    assert not app.exception
    said = words(app)
    assert "2 texts of films" in said
    assert "3 rows skipped" in said
    assert "1 too long" in said
    assert "2 empty" in said


def test_the_second_file_is_read_as_what_its_own_name_says():
    table = pd.DataFrame({"review": ["A good film.", "A bad film."], "number": [1, 2]})
    second = held(table.to_csv(index=False).encode(), "films.csv", "_2")
    app = opened(heads_view="compare", other="texts", **second)
    assert not app.exception
    assert not app.error
    asked = corpus.Asked(
        "sentiment",
        "",
        "file",
        300,
        digest(table.to_csv(index=False).encode()),
        "review",
        file="films.csv",
    )
    assert [row.text for row in corpus.rows(asked)] == ["A good film.", "A bad film."]
    assert corpus._states().peek(asked).texts == 2


def test_the_column_of_a_table_can_be_chosen():
    frame = pd.DataFrame({"title": ["One", "Two"], "review": ["A good film.", "A bad film."]})
    app = opened(**held(frame.to_csv(index=False).encode(), "films.csv"), corpus_column="title")
    assert "2 texts of films" in words(app)
    assert "tokens" in words(app)


def test_what_is_assumed_of_a_file_is_told_and_can_be_chosen_otherwise():
    data = b"A good film.;1\nNot a bad film.;0\nSo;so;it\n"
    said = words(opened(**held(data, "films.csv"))).replace("\\", "")
    assert "2 texts of films" in said
    assert "The fields are separated by semicolons." in said
    assert "the file seems to have no header" in said
    assert "The row has 3 cells, not 2: “So;so;it”" in said
    app = opened(**held(data, "films.csv"), corpus_header="Column names")
    assert "1 text of films" in words(app)


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (bytes(range(256)) * 40, "noise.txt", "binary data"),
        (b"PK\x03\x04" + b"0" * 60, "films.zip", "zip archive"),
        (b"\n\n  \n", "empty.txt", "holds only blank lines"),
    ],
)
def test_a_file_that_is_no_corpus_gets_a_sentence(data, name, sentence):
    app = opened(**held(data, name))
    assert not app.exception
    assert sentence in words(app).replace("\\", "")


def test_a_model_without_attention_is_offered_another():
    app = opened(model="sentiment-lstm")
    assert "no attention" in words(app).replace("\\", "")
    assert any("Switch to" in button.label for button in app.button)
    assert not any(button.label == "Stop" for button in app.button)  # nothing runs any more


def test_a_stopped_pass_shows_what_it_has(statistics):
    asked = corpus.Asked("sentiment", "", "sentences", 1_000)
    state = ic.CorpusState(statistics=statistics, rows=COUNT)
    app = opened(corpus_size=1_000, **{corpus.STOPPED: asked, corpus.PARTIAL: (asked, state)})
    assert f"Stopped after {COUNT} texts" in words(app)
    assert charts(app)


def test_every_statistic_of_the_table_has_a_name_and_every_role_a_code(statistics):
    suffixes = ("_std", "_se", "_base", "_lift", "_q05", "_q25", "_q50", "_q75", "_q95")
    skipped = {"layer", "head", "texts", "role", "group", "mass"}
    skipped |= {"separator_to_separator", "others_to_separator"}
    for name in statistics.frame:
        if not name.endswith(suffixes) and name not in skipped:
            assert name in STATISTICS, name
    assert set(ic.role_table()["role"]) <= set(CODES)


@pytest.mark.parametrize("view", ["map", "scatter", "alike", "importance", "compare"])
@pytest.mark.parametrize("family", ["gpt2", "bert"])
def test_what_is_undefined_of_one_text_is_not_offered_and_the_reason_is_told(tiny, family, view):
    """One text has no spread and no consistency; a GPT-2 adds no separators."""
    state = {"corpus": "text", "text": "the plot is weak", "heads_view": view, "unit": "0.1"}
    app = run("head_entropy", model=str(tiny(family)), **state)
    assert not app.exception
    assert not undefined(app)
    offered = [option for box in app.selectbox for option in box.options]
    assert "consistency" not in offered
    if view == "map":
        assert "consistency (needs two texts or more)" in words(app)
    shown = [frame.value for frame in app.dataframe if "statistic" in frame.value]
    assert all("± SE" not in frame for frame in shown)

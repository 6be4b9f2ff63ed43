"""Texts, labels, file names, columns, vocabularies that would run or fetch: shown as they are."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image

import interp_core as ic
from interp_core.ui.embedding import picking, plane
from interp_core.ui.embedding.colouring import Colouring
from interp_core.ui.embedding.results import kept
from interp_core.ui.heads import corpus
from interp_core.ui.images import question
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import uploads
from interp_core.ui.widgets.markdown import message, plain
from tests.hostile import build_hostile
from tests.safety.offers import FETCH, HOSTILE, RUN, harmless
from tests.safety.opened import (
    EVERY_VIEW,
    QUICK,
    VIEWS,
    at_view,
    everything,
    opened,
)

pytestmark = pytest.mark.usefixtures("thin_models")  # nothing that a model has learned is read


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.mark.parametrize("page", VIEWS)
def test_a_hostile_model_name_is_escaped(page):
    app = opened(page, {"model": FETCH})
    assert harmless(app)
    assert app.error


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return str(build_hostile(tmp_path_factory.mktemp("hostile")))


@pytest.mark.parametrize(
    ("page", "view"), [each for each in EVERY_VIEW if each[0] != "language_models"]
)
def test_hostile_vocabularies_and_labels_are_escaped(hostile, page, view):
    state = {"model": hostile, "text": "bad cat bad", "many": "bad cat", **QUICK}
    assert harmless(at_view(page, view, {}, **state, rival=hostile))


@pytest.mark.parametrize("view", VIEWS["embedding_projector"][1])
def test_hostile_names_columns_and_cells_of_a_table_are_escaped(view):
    words = ["red", "blue", "green", "house", "bank", "river"] * 3
    rows = [(f"{HOSTILE} {word}", f"{FETCH} {place % 2}") for place, word in enumerate(words)]
    frame = pd.DataFrame(rows, columns=[f"{HOSTILE} text", f"{FETCH} label"])
    kept().get(("table", "hostile"), lambda: frame)
    app = at_view(
        "embedding_projector",
        view,
        points="table",
        model="encoder",
        projector_table=(f"{HOSTILE}.csv", "hostile"),
    )
    assert harmless(app)


def test_hostile_names_columns_and_cells_of_a_corpus_are_escaped():
    frame = pd.DataFrame({FETCH: [HOSTILE, "A good film."], RUN: ["a", "b"]})
    data = frame.to_csv(index=False).encode()
    uploads.files().get(digest(data), lambda: data)
    state = {"corpus": "file", corpus.HELD: (f"{HOSTILE}.csv", digest(data))}
    assert harmless(opened("head_entropy", model="sentiment", **state))


def test_a_hostile_text_is_escaped_on_the_start_page(hostile):
    for model, text in (("sentiment", HOSTILE), (hostile, "bad cat bad")):
        app = opened("start", {"text": text, "model": model, "start": "1"})
        assert harmless(app)
        assert "verdict" in everything(app)


def test_a_hostile_name_of_a_picture_is_escaped():
    picture = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(picture, "PNG")
    key = digest(picture.getvalue())
    question._pictures().get(key, lambda: ic.read_image(picture.getvalue()))
    state = {"picture": question.OWN, "picture_file": (f"{HOSTILE}.png", key)}
    assert harmless(opened("attention_heads", model="digits", **state))


def test_a_hostile_csv_of_many_texts_is_escaped():
    app = at_view("word_attributions", "many", model="sentiment", **QUICK)
    table = f'"{HOSTILE}",{RUN}\n"{HOSTILE} good",b\n'.encode()
    app.file_uploader[0].set_value((f"{HOSTILE}.csv", table, "text/csv")).run()
    assert harmless(app)


def test_charts_name_no_address_and_no_expression_of_a_text():
    """A chart's specification holds texts as data alone."""
    app = opened("attention_heads", {"text": HOSTILE}, view="heatmap")
    for chart in app.get("vega_lite_chart"):
        spec = json.loads(chart.proto.spec)
        spec.pop("datasets", None)
        spec.pop("data", None)
        assert "h.test" not in json.dumps(spec)


@pytest.mark.parametrize("end", ["\n\n", "\r\r", "\r\n\r\n"])
def test_an_end_of_line_leaves_no_code_and_no_escape(end):
    """A blank line ends what backticks began: what follows would be Markdown."""
    for hostile in (f"`a{end}{FETCH}{end}b`", f"a{end}{FETCH}", f"`{end}{FETCH}"):
        assert not set("\r\n") & set(message(hostile) + plain(hostile))
    assert message(f"`a{end}{FETCH}`").count("`") == 2


def test_hostile_names_of_columns_are_escaped_beside_a_box(monkeypatch):
    frame = pd.DataFrame({"text": ["red", "blue", "green"] * 6, f"{FETCH} label": ["a", "b"] * 9})
    kept().get(("table", "boxed"), lambda: frame)
    monkeypatch.setattr(picking, "boxed", lambda picture, places: np.arange(len(places)))
    app = opened(
        "embedding_projector", points="table", model="encoder", projector_table=("a.csv", "boxed")
    )
    assert any("points selected" in each.value for each in app.markdown)
    assert harmless(app)


@pytest.mark.parametrize("kind", ["nominal", "quantitative"])
def test_a_legend_made_of_html_escapes_names(monkeypatch, kind):
    """Pictures by WebGL have no legend of their own."""
    shown: list[str] = []
    monkeypatch.setattr(st, "html", shown.append)
    values = pd.Series([1.0, 2.0] if kind == "quantitative" else [f"{RUN} a", f"{RUN} b"])
    plane.legend(Colouring(values, kind, f"{RUN} title"))
    assert "&lt;img" in shown[0]
    assert "<img" not in shown[0]

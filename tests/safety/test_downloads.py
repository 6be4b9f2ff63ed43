"""What people take home: no formula in any CSV, no code in any script, no path in any name."""

from __future__ import annotations

import csv
import io
import tomllib
from xml.etree import ElementTree

import pandas as pd
import pytest
import streamlit as st

from interp_core.ui.embedding.results import kept
from interp_core.ui.widgets import downloads
from tests.safety.offers import formulas
from tests.safety.opened import ROOT, alive, at_view, opened

FORMULAS = ("=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x")


pytestmark = pytest.mark.usefixtures("thin_models")  # nothing that a model has learned is read


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_and_a_heading_that_read_as_formulas_are_texts(text):
    made = downloads.csv(pd.DataFrame({text: [text, "plain"], "number": [-0.5, 2.0]}))
    assert not formulas(made)
    assert "-0.5" in made.decode("utf-8-sig")


def test_a_line_end_inside_a_text_begins_no_row():
    made = downloads.csv(pd.DataFrame({"text": ["a\r=1+1", "a\n=1+1"], "n": [1, 2]}))
    rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))
    assert rows == [["text", "n"], ["a\r=1+1", "1"], ["a\n=1+1", "2"]]


def test_columns_of_one_name_are_kept_apart():
    frame = pd.DataFrame([["=a", "=b"]], columns=["same", "same"])
    assert downloads.csv(frame).decode("utf-8-sig").splitlines() == ["same,same", "'=a,'=b"]


def test_the_columns_and_labels_of_a_users_table_are_no_formulas(offered):
    frame = pd.DataFrame({"=text": ["=red", "+blue", "@green"] * 4, "-kind": ["=a", "=b"] * 6})
    kept().get(("table", "formulas"), lambda: frame)
    app = opened(
        "embedding_projector",
        model="encoder",
        points="table",
        projector_table=("=1.csv", "formulas"),
    )
    assert alive(app)
    tables = [make() for _, kind, make in offered if kind == "text/csv"]
    assert tables
    assert not any(map(formulas, tables))


def test_a_shared_server_offers_the_numbers_the_picture_and_the_script(monkeypatch):
    """Behind the sign beside the picture, with no more than a click on it."""
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    app = opened("attention_heads", {"text": "A good film."}, **{"section_Download and code": True})
    labels = [each.proto.label for each in app.get("download_button")]
    assert {"PNG", "SVG", "CSV"} <= {label.split(",")[0] for label in labels}
    assert app.code


def test_streamlits_own_export_of_tables_is_off():
    """It writes cells as they are."""
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert settings["client"]["disableDataExport"] is True


@pytest.mark.parametrize("view", ["heatmap", "lines"])
def test_a_picture_holds_a_text_as_text(offered, view):
    text = "<img src=x> </text><script>alert(1)</script> bad"
    at_view("attention_heads", view, {"text": text})
    image = next(make() for name, _, make in offered if name.endswith(".svg"))
    tags = {each.tag.rpartition("}")[2] for each in ElementTree.fromstring(image).iter()}
    assert not tags & {"script", "img", "image", "foreignObject", "a"}
    assert b"http://h.test" not in image

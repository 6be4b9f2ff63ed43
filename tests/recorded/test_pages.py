"""Addresses, saved sessions and notebooks that people have kept open as they did."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO

import pytest
import streamlit as st

import interp_core as ic
from interp_core.report.saved import load
from tests.recorded.pages import ADDRESSES, LINKS, NOTEBOOK, SESSION, opened, seen

RECORDED = json.loads(LINKS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_opens_the_view_that_it_opened(address):
    assert seen(opened(address)) == RECORDED[address]


def test_a_saved_session_opens():
    session = load(SESSION.read_bytes())
    assert len(session.report.figures) == 9
    assert {"attention_heads", "word_attributions", "lessons"} < set(session.views)
    app = opened("/report", clearhead_report=session.report)
    assert not app.exception
    shown = [each.value for each in app.text_input]
    assert all(figure.title in shown for figure in session.report.figures)


def test_a_notebook_computes_the_tables_that_it_holds(monkeypatch):
    monkeypatch.setattr(ic, "load_model", ic.load_model)  # the notebook replaces it
    names: dict = {}
    printed = StringIO()
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    with redirect_stdout(printed):
        for cell in (each for each in cells if each["cell_type"] == "code"):
            exec("".join(cell["source"]), names)
    assert printed.getvalue().count("as recorded") >= 9

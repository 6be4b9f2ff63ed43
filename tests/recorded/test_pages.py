"""Addresses, saved sessions and notebooks that people have kept open as they did."""

from __future__ import annotations

import json

import nbformat
import pytest
import streamlit as st

from interp_core.lessons import aliases
from interp_core.report.saved import load
from interp_core.ui import (
    attention,
    attribution,
    comparison,
    embedding,
    heads,
    images,
    language,
)
from tests.notebooks import run_here
from tests.recorded.pages import ADDRESSES, LINKS, NOTEBOOK, SESSION, opened, seen

TITLES = {"Head-entropy stats": "Head statistics", "Compare classifiers": "Compare models"}
RECORDED = json.loads(LINKS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()


def today(recorded: dict) -> dict:
    """What was seen then, under the names of today."""
    address = {
        key: [aliases.today(key, each) for each in value]
        if isinstance(value, list)
        else aliases.today(key, value)
        for key, value in recorded["address"].items()
    }
    titles = [TITLES.get(title, title) for title in recorded["title"]]
    return recorded | {"title": titles, "address": address}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_opens_the_view_that_it_opened(address):
    now, then = seen(opened(address)), today(RECORDED[address])
    parts = ("title", "errors", "address")
    assert {part: now[part] for part in parts} == {part: then[part] for part in parts}
    assert all(chart in now["charts"] for chart in then["charts"])  # a view may show more by now


def test_the_labels_that_replace_former_ones_are_offered():
    offered = {
        "view": attention.question.VIEWS,
        "kind": attention.question.KINDS,
        "special": attention.question.SPECIAL,
        "mass": attention.question.MASS,
        "show": attribution.VIEWS,
        "order": attribution.explanation.ORDERS,
        "mode_away": attribution.trust.MODES,
        "look": {key: view.title for key, view in embedding.VIEWS.items()},
        "points": embedding.question.SOURCES,
        "entries": embedding.point_choice.KINDS,
        "unit_digits": embedding.question.PICTURE_UNITS,
        "drag": {each: each for each in embedding.appearance.DRAGS},
        "heads_view": heads.VIEWS,
        "corpus": heads.corpus.SOURCES,
        "corpus_2": heads.corpus.SOURCES,
        "way": heads.importance.WAYS,
        "curve": heads.importance.CURVES,
        "versus": comparison.VIEWS,
        "lm_view": language.VIEWS,
        "lm_line": language.logit_lens.LINES,
        "picture_view": images.attention.VIEWS,
        "picture": {"own": images.question.OWN},
    }
    assert set(offered) == set(aliases.RENAMED)
    for key, renamed in aliases.RENAMED.items():
        assert set(renamed.values()) <= set(offered[key].values()), key
        assert not set(renamed) & set(offered[key].values()), key
    assert aliases.today("picture", "a 7 (digit 12)") == "digit 7 (sample 12)"
    assert aliases.today("text", "My text") == "My text"


def test_a_saved_session_opens():
    session = load(SESSION.read_bytes())
    assert len(session.report.figures) == 9
    assert {"attention_heads", "word_attributions", "lessons"} < set(session.views)
    app = opened("/report", clearhead_report=session.report)
    assert not app.exception
    shown = [each.value for each in app.text_input]
    assert all(figure.title in shown for figure in session.report.figures)


def test_a_notebook_computes_the_tables_that_it_holds():
    told, _ = run_here(nbformat.read(NOTEBOOK, as_version=4))
    assert told.count("as recorded") >= 9

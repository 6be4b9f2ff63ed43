"""Addresses with nonsense in every parameter of every page: the page answers, in words."""

from __future__ import annotations

import random

import pytest
import streamlit as st

import interp_core as ic
from interp_core.ui.embedding import picking
from interp_core.ui.server import startup
from interp_core.ui.training_dynamics import question
from tests.safety.opened import (
    EVERY_VIEW,
    QUICK,
    VIEW_KEYS,
    VIEWS,
    WITHOUT_TEXT,
    alive,
    at_view,
    bound_keys,
    markdown,
    opened,
)
from tests.training_dynamics.conftest import *  # noqa: F403 - fixtures

NONSENSE = (
    "-1",
    "99999999999999999999",
    "NaN",
    "1e400",
    "None",
    "[1,2",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "![x](http://h.test/a.png)",
    "0; DROP TABLE",
    "\u202etxet",
    "🦉" * 40,
    "x" * 4000,
    "é\x00ß",
    "%00",
    "{{7*7}}",
)
TEXT = "The plot is not bad at all."
KEPT = {"model", "text", "pair", *QUICK, *VIEW_KEYS.values()}


pytestmark = pytest.mark.usefixtures("thin_models")  # nothing that a model has learned is read


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


def test_the_parameters_are_found_in_the_source():
    assert {"model", "rival", "second_model", "model2", "heads", "lm_seed", "rank_to"} < (
        bound_keys()
    )


@pytest.fixture
def small_series(training, monkeypatch):
    """The built-in series of checkpoints is of a tiny model."""
    whole = ic.checkpoint_series
    monkeypatch.setattr(
        ic,
        "checkpoint_series",
        lambda source, **more: whole(training if source == "sentiment" else source, **more),
    )


@pytest.mark.parametrize(("page", "view"), [*EVERY_VIEW, *WITHOUT_TEXT])
def test_a_page_survives_nonsense_in_every_parameter(tiny, small_series, page, view):
    draw = random.Random(f"{page} {view}")
    junk = {key: draw.choice(NONSENSE) for key in sorted(bound_keys() - KEPT)}
    # A name that is no model ends the page early: those have a test of their own.
    junk = {key: value for key, value in junk.items() if key not in ("rival", "model2")}
    junk.pop("second_model")
    model = str(tiny("gpt2" if page == "language_models" else "bert-2-labels"))
    app = at_view(page, view, {**junk, "model": model, "text": TEXT}, **QUICK)
    assert alive(app)
    assert app.title


@pytest.mark.parametrize("number", ["1e400", "-inf"])
@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("embedding_projector", {"points": "vocabulary"}),
        ("embedding_projector", {"points": "text", "look": "compare", "against": "seed"}),
        ("embedding_projector", {"points": "text", "look": "checks", "check": "clusters"}),
        ("language_models", {"lm_view": "write"}),
        ("language_models", {"lm_view": "induction"}),
    ],
)
def test_a_number_without_end_is_dropped_from_the_address(tiny, page, state, number):
    model = str(tiny("gpt2")) if page == "language_models" else "encoder"
    query = dict.fromkeys(bound_keys() - KEPT - set(state), number)
    app = opened(page, {**query, "text": TEXT}, model=model, **state)
    assert alive(app)
    left = {key for key, value in app.query_params.items() if value == number}
    assert left <= startup.WORDS


@pytest.mark.parametrize("page", VIEW_KEYS)
@pytest.mark.parametrize("junk", ["99999999999999999999", "<script>alert(1)</script>", "\x00"])
def test_a_page_survives_nonsense_for_its_view(tiny, few_texts, page, junk):
    query = {VIEW_KEYS[page]: junk, "text": TEXT}
    if page == "language_models":
        query["model"] = str(tiny("gpt2"))
    app = opened(page, query, **QUICK, dynamics_series=question.FOLDER)  # no checkpoints are read
    assert alive(app)
    assert app.query_params.get(VIEW_KEYS[page]) != junk


@pytest.mark.parametrize("page", VIEWS)
@pytest.mark.parametrize("name", ["../../../etc", "/etc/passwd", "~root", "a/../../b", "\x00", "é"])
def test_a_path_for_a_model_gets_a_sentence(page, name):
    app = opened(page, {"model": name, "text": TEXT})
    assert alive(app)
    assert app.error


@pytest.mark.parametrize(
    ("page", "key", "state"),
    [
        ("compare_models", "rival", {}),
        ("head_entropy", "second_model", {"heads_view": "compare", "corpus": "text"}),
        ("embedding_projector", "model2", {"look": "compare", "against": "model"}),
    ],
)
def test_a_path_for_the_second_model_gets_a_sentence(page, key, state):
    app = opened(page, {key: "../../../etc", "text": TEXT}, **state)
    assert alive(app)
    assert "not a Hub id" in app.error[0].value or "config" in app.error[0].value


@pytest.mark.parametrize("page", VIEWS)
def test_a_text_of_a_megabyte_gets_an_answer(tiny, page):
    query = {"text": "word " * 100_000}
    if page == "language_models":
        query["model"] = str(tiny("gpt2"))
    assert alive(opened(page, query, **QUICK))


@pytest.mark.parametrize("lesson", ["../../../etc/passwd", "what-attention-is", "![x](http://h)"])
@pytest.mark.parametrize("step", ["-1", "0", "999", "1e400", "NaN", "<b>", "1" * 5000])
def test_the_lessons_survive_nonsense_in_their_address(lesson, step):
    app = opened("lessons", {"lesson": lesson, "step": step, "text": TEXT, "lessons_view": step})
    assert alive(app)
    assert "](http://h" not in "".join(text for _, text in markdown(app))


@pytest.mark.parametrize("point", ["²", "²: a", "9" * 5000, "1" * 4301 + ": a", "-1", ": :", ""])
def test_a_point_that_is_no_number_is_no_point(point):
    assert picking.row_of(point, 10) is None
    assert picking.row_of("9: word", 10) == 9

"""The address holds what a view shows: opened anew in a fresh session, it draws the same charts."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from interp_core.ui.report.session import VIEWS
from tests.pages.browser_view import BrowserView
from tests.pages.running import ROOT, TIMEOUT, reopened, run, words
from tests.safety.opened import VIEW_KEYS

TEXT = "The script is not bad."


def chosen(app: AppTest, key: str, label: str) -> AppTest:
    """The page after a choice by its label, with the address as the browser keeps it."""
    kinds = ("selectbox", "text_area", "button_group")
    node = next(each for kind in kinds for each in app.get(kind) if each.key == key)
    states = WidgetStates()
    state = states.widgets.add(id=node.id)
    if node.type == "button_group":
        state.string_array_value.data[:] = [label]
    else:
        state.string_value = label
    app.query_params[key] = label
    app._run(states)
    return app


def drawn(app: AppTest) -> list[str]:
    """What every chart holds: its data and what it says of them."""
    found = []
    for node in app.get("vega_lite_chart"):
        parts = [node.proto.alt]
        for data in (node.proto.data, *(each.data for each in node.proto.datasets)):
            if data.data:
                table = pa.ipc.open_stream(io.BytesIO(data.data)).read_all().to_pandas()
                numbers = table.select_dtypes(["number", "bool"]).to_numpy(float)
                parts.append(f"{table.shape} {np.nansum(np.abs(numbers)):.3f}")
        found.append(" | ".join(parts))
    return found


SWITCHES = [
    ("attention_heads", "sentiment", {"model": "slots"}),
    ("attention_heads", "sentiment", {"text": TEXT}),
    ("attention_heads", "sentiment", {"view": "Across layers", "model": "encoder"}),
    ("attention_heads", "slots", {"view": "Heatmap", "text": TEXT, "model": "pos"}),
    ("word_attributions", "sentiment", {"method": "Gradient norm", "model": "intents"}),
    ("word_attributions", "encoder", {"method": "Gradient norm", "model": "slots"}),
    (
        "word_attributions",
        "pos",
        {"method": "Gradient norm", "show": "Multiple texts", "model": "slots"},
    ),
    ("compare_models", "sentiment", {"model": "sentiment-lstm"}),
    ("compare_models", "sentiment", {"text": TEXT}),
    ("head_entropy", "sentiment", {"corpus": "Sidebar text", "model": "slots"}),
    (
        "head_entropy",
        "sentiment",
        {"corpus": "Sidebar text", "heads_view": "Scatter plot", "model": "encoder"},
    ),
    ("embedding_projector", "sentiment", {"model": "encoder"}),
    ("embedding_projector", "digits", {"model": "intents", "reducer": "PCA"}),
]


@pytest.mark.parametrize(("page", "model", "choices"), SWITCHES)
def test_the_address_opened_anew_draws_the_same(page, model, choices):
    app, browser = run(page, model=model, many_scores=True), BrowserView()
    assert not browser.astray(app)
    app.query_params["model"] = model
    if page == "word_attributions":
        app.query_params["many_scores"] = "true"
    for key, label in choices.items():
        app = chosen(app, key, label)
        assert not browser.astray(app, key)
    assert not app.exception
    assert drawn(app)
    other = reopened(app, page)
    assert drawn(other) == drawn(app)
    assert [each.value for each in other.error] == [each.value for each in app.error]


def test_a_text_of_ones_own_outlives_a_change_of_model():
    app = run("attention_heads", model="sentiment")
    app = chosen(app, "text", TEXT)
    app = chosen(app, "model", "slots")
    assert app.text_area(key="text").value == TEXT


@pytest.mark.parametrize("own", [None, "5"])
def test_the_layers_that_are_read_follow_a_model_with_fewer(tiny, own):
    """`own` is one of the reader's, which the second model does not have."""
    app = run("language_models", model=str(tiny("jamba")), text=TEXT, lm_view="lens")
    browser = BrowserView()
    browser.astray(app)
    if own:
        browser.astray(app.selectbox(key="lm_depth").set_value(own).run(), "lm_depth")
        assert app.query_params["lm_depth"] == own
    assert not browser.astray(chosen(app, "model", str(tiny("gpt2"))), "model")
    assert app.selectbox(key="lm_depth").value == "2"
    assert "after 2 layers" in words(app)
    assert "lm_depth" not in app.query_params


@pytest.mark.parametrize(("own", "kept"), [(None, 1), (2, 1), (0, 0)])
def test_the_layer_of_a_picture_follows_a_model_with_fewer(tiny, own, kept):
    app, browser = run("attention_heads", model="digits", picture_view="overlay"), BrowserView()
    browser.astray(app)
    if own is not None:
        slider = app.select_slider(key="picture_layer")
        browser.astray(slider.set_value(own).run(), "picture_layer")
        assert app.query_params["picture_layer"] == str(own)
    assert not browser.astray(chosen(app, "model", str(tiny("vit"))), "model")
    assert app.select_slider(key="picture_layer").value == kept
    assert app.query_params.get("picture_layer") == (str(kept) if kept == own else None)


@pytest.mark.parametrize("choices", [{"text": " \n "}, {"view": "switches"}])
def test_a_page_that_ends_early_has_its_link_and_is_remembered(choices):
    app = run("attention_heads", model="sentiment", **choices)
    assert any("page_link" in str(getattr(each, "proto", "")) for each in app.sidebar)
    assert "attention_heads" in app.session_state[VIEWS]
    if "view" in choices:  # what the browser does not write is in the address
        app.slider(key="strength").set_value(0.5).run()
        assert app.query_params["strength"] == "0.5"


# What computes little: a tiny model, few texts.
QUICK = {"corpus_size": "100 texts", "points": "Sidebar text", "method": "Gradient norm"}
LINKED = ("attention_heads", "word_attributions", "embedding_projector", "head_entropy")


@pytest.mark.parametrize("page", LINKED)
def test_the_link_of_every_view_shows_the_same(tiny, page):
    """Whichever views were open before it in the session."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.query_params.update({"model": str(tiny("bert-2-labels")), "text": TEXT, **QUICK})
    app.switch_page(f"pages/{page}.py").run()
    key = VIEW_KEYS[page]
    views = next(each for each in app.get("button_group") if each.key == key).proto.options
    for view in [each.content for each in views]:
        app = chosen(app, key, view)
        assert not app.exception
        other = reopened(app, page)
        assert words(other) == words(app), view
        assert drawn(other) == drawn(app), view
        assert {**other.query_params, key: view} == app.query_params  # of the first it says nothing


def test_the_start_page_keeps_no_choice_of_the_page_that_was_left():
    """Back from a view leads to an address with the view's choices, which would open that view."""
    app = run("start")
    app.query_params.update({"token": "1: The", "view": "Attention to a token"})
    app.run()
    assert not app.exception
    assert app.query_params == {}

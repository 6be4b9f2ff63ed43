"""A checkpoint that holds more than one thing is read as the one that the page and address say."""

import pytest

from interp_core.models.tasks import offered_readings
from interp_core.ui.server import cache, loading
from interp_core.ui.widgets.recipe import script
from tests.pages.running import run, words


def test_the_choice_stands_beside_the_model_and_decides_what_is_loaded(tiny):
    folder = str(tiny("bert-masked-lm"))
    app = run("language_models", model=folder, text="a model looks")
    choice = next(each for each in app.sidebar.selectbox if each.label == "Read as")
    assert choice.options == ["masked-lm", "encoder"]
    assert "does not predict tokens" not in words(app)
    choice.set_value("encoder").run()
    assert not app.exception
    assert "predict" in words(app)  # a plain encoder cannot: the page says so
    assert not app.get("vega_lite_chart")


def test_a_choice_that_another_model_does_not_offer_is_dropped(tiny):
    app = run("attention_heads", model=str(tiny("bert-masked-lm")), read_as="encoder", text="a")
    assert not app.exception
    app.sidebar.selectbox(key="model").set_value("sentiment").run()
    assert not [each for each in app.sidebar.selectbox if each.label == "Read as"]
    assert not app.exception


def test_scripts_and_keys_of_results_say_the_task(tiny, monkeypatch):
    import streamlit as st

    folder = str(tiny("bert-masked-lm"))
    before = cache.stamp(folder)
    monkeypatch.setattr(st, "session_state", {"model": folder, "read_as": "encoder"})
    assert cache.stamp(folder) == f"{before}encoder"
    written = script(loading.call(folder))
    assert written.endswith(f"ic.load_model({folder!r}, task='encoder')")
    names: dict = {}
    exec(written, names)  # our own script
    assert names["table"].task == "encoder"
    assert script(loading.call("sentiment")).endswith("ic.load_model('sentiment')")
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    assert loading.task(folder) == ""  # not on the list of a shared server
    monkeypatch.setenv("CLEARHEAD_MODELS", folder)
    assert loading.task(folder) == "encoder"


@pytest.mark.parametrize("name", ["sentiment", "no/such-model", "", "a\0b", "x" * 5000])
def test_nothing_is_offered_for_names_without_a_folder(name):
    assert offered_readings(name) == ()

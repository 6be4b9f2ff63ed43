"""The page on a training: a folder of checkpoints and two tables become curves and sentences."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from interp_core.ui.server import costs
from tests.pages.browser_view import BrowserView
from tests.pages.reporting import check
from tests.pages.running import ROOT, TIMEOUT, charts, run, undefined, words
from tests.training_dynamics.conftest import *  # noqa: F403 - fixtures

PAGE = "training_dynamics"
VIEWS = {"curves": 2, "gap": 1, "weights": 1, "heads": 2, "attributions": 2}


@pytest.fixture
def opened(training, texts, tmp_path, monkeypatch):
    """`opened(view)`: the page with the tiny training and both tables."""
    monkeypatch.chdir(tmp_path)  # scripts find the files beside them

    def page(view: str, **state: object) -> AppTest:
        app = run(
            PAGE,
            dynamics_series="folder",
            dynamics_folder=str(training),
            dynamics_view=view,
            dynamics_attributed=20,
            **state,
        )
        for place, (name, table) in enumerate(zip(("train", "held"), texts)):
            content = table.to_csv(index=False)
            (tmp_path / f"{name}.csv").write_text(content)
            app.file_uploader[place].set_value((f"{name}.csv", content.encode(), "text/csv"))
        return app.run()

    return page


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_and_its_scripts_compute_the_same(view, opened):
    app = opened(view)
    assert not app.exception
    assert not app.error, [each.value for each in app.error]
    assert not undefined(app)
    assert len(charts(app)) == VIEWS[view]
    check(app)


def test_the_changes_are_those_of_the_measure_with_their_intervals(opened):
    loss, accuracy = (
        opened("gap", dynamics_gap=name).dataframe[0].value for name in ("loss", "accuracy")
    )
    assert list(loss["from"]) == list(accuracy["from"])
    told = loss["change (95%)"]
    assert all(re.fullmatch(r"\S+ \(\S+ to \S+\)", each) for each in told)
    assert list(told) != list(accuracy["change (95%)"])


@pytest.mark.parametrize(("own", "gone", "kept"), [(None, 1000, 500), (500, 500, 1000)])
def test_a_checkpoint_that_another_training_lacks_is_let_go(
    own, gone, kept, training, opened, tmp_path
):
    app, browser = opened("heads"), BrowserView()
    browser.astray(app)
    if own:
        browser.astray(app.selectbox(key="dynamics_step").set_value(own).run(), "dynamics_step")
        assert app.query_params["dynamics_step"] == f"step {own}"
    for each in training.glob("checkpoint-*"):
        if each.name != f"checkpoint-{gone}":
            (tmp_path / each.name).symlink_to(each)
    app.text_input(key="dynamics_folder").set_value(str(tmp_path)).run()
    assert not app.error
    assert "dynamics_step" not in browser.astray(app)
    assert app.selectbox(key="dynamics_step").value == kept
    assert f"at step {kept:,} minus step 0" in words(app)
    assert "dynamics_step" not in app.query_params


def test_without_labelled_texts_the_weights_are_shown_and_the_others_ask_for_them(training):
    state = {"dynamics_series": "folder", "dynamics_folder": str(training)}
    app = run(PAGE, **state, dynamics_view="weights")
    assert len(charts(app)) == 1
    assert "Nothing was learned in embeddings, layer 0" in words(app)
    app = run(PAGE, **state, dynamics_view="curves")
    assert "Upload tables with labelled texts" in words(app)
    assert not charts(app)


def test_the_built_in_series_is_offered_with_a_forecast(monkeypatch):
    monkeypatch.setattr(costs, "UNASKED", 0.0)
    app = run(PAGE)
    assert not app.exception
    assert not app.error
    assert [each for each in app.button if each.label == "Compute"]
    assert "overfitted on purpose" in words(app)


def test_a_folder_that_is_none_is_refused_in_words(tmp_path):
    app = run(PAGE, dynamics_series="folder", dynamics_folder=str(tmp_path))
    assert not app.exception
    assert "checkpoint-" in app.error[0].value


def test_a_shared_server_opens_the_built_in_series_only(training, monkeypatch):
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    monkeypatch.setattr(costs, "UNASKED", 0.0)
    app = run(PAGE)
    assert app.selectbox(key="dynamics_series").options == ["Sentiment: six checkpoints (built in)"]
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    other.switch_page(f"pages/{PAGE}.py")
    other.query_params = {"dynamics_series": "folder", "dynamics_folder": str(training)}
    other.run()
    assert not other.exception
    assert not [each for each in other.text_input if each.key == "dynamics_folder"]

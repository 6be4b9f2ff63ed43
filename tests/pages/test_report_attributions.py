"""Pictures of word attributions in the report: all of them, and each can be computed again."""

from __future__ import annotations

import pytest

from tests.pages.reporting import check
from tests.pages.running import run, words

TEXT = "The script is not good."
VIEWS = {"explanation": 2, "methods": 3, "what_if": 1, "layers": 1, "many": 1, "trust": 1}
VIEWS |= {"lens": 1, "interactions": 1}
# What each built-in model explains on this page; fast methods, since each runs twice.
MODELS = {
    "pos": {"position": "2: script", "show": "layers"},
    "slots": {"show": "methods", "methods": ["leave_one_out"], "text": "Add this song."},
    "intents": {
        "show": "many",
        "many_scores": True,
        "method": "saliency",
        "many": "Play it.\nWill it rain?",
    },
    "encoder": {"method": "input_x_gradient", "labels": "film, cooking"},
    "sentiment-lstm": {"show": "trust", "method": "input_x_gradient"},
    "language-model": {"show": "methods", "methods": ["saliency"], "text": "The capital is"},
}


def opened(**state):
    return run("word_attributions", **{"model": "sentiment", "text": TEXT, **state})


@pytest.mark.parametrize("view", VIEWS)
def test_every_picture_is_computed_again_by_its_script(view):
    edited = "The script is very good."
    quick = {
        "many_scores": True,
        "methods": ["leave_one_out", "saliency", "lime"],
        "many": "A fine film.\nToo long.",
    }
    figures = check(opened(show=view, edited=edited, **quick), charts=VIEWS[view])
    assert all("model=sentiment" in figure.link for figure in figures)


@pytest.mark.parametrize("model", MODELS)
def test_every_embedded_model_is_explained_again(model):
    figures = check(opened(model=model, **MODELS[model]))
    assert all(list(figure.models) == [model] for figure in figures)


@pytest.mark.parametrize(
    "state",
    [
        {"show": "explanation", "method": "gradient_shap", "steps": 64, "pieces": True},
        {
            "show": "what_if",
            "target": "negative",
            "baseline": "zero",
            "steps": 32,
            "edited": "The acting is poor.",
            "pair": "I like it.",
        },
        {"show": "trust", "method": "leave_one_out", "mode_away": "mask"},
        {"show": "methods", "methods": ["saliency", "lime"], "steps": 64, "method": "lime"},
    ],
    ids=["pieces", "target and baseline", "masking", "evaluations of one method"],
)
def test_options_reach_the_script(state, request):
    if state.get("method") == "gradient_shap":  # whose scores miss the sum on a random model
        request.getfixturevalue("real_models")
    check(opened(**state))


def test_a_file_of_texts_is_read_beside_the_notebook(tmp_path, monkeypatch):
    table = b'review,stars\n"Good, and funny.",5\n,1\n"""Dull"" is the word.",2\n'
    (tmp_path / "mine.csv").write_bytes(table)
    monkeypatch.chdir(tmp_path)
    app = opened(show="many", many_scores=True, method="leave_one_out")
    app.file_uploader[0].set_value(("mine.csv", table, "text/csv")).run()
    (figure,) = check(app, charts=1)
    assert "Good" not in figure.script
    assert "funny" in set(figure.numbers["word"])


def test_what_is_assumed_of_a_file_is_told_and_what_is_chosen_is_in_the_script(
    tmp_path, monkeypatch
):
    table = "A naïve film.;1\nA clichéd, dull film.;0\nToo;long;here\n".encode("cp1252")
    (tmp_path / "mine.csv").write_bytes(table)
    monkeypatch.chdir(tmp_path)
    app = opened(
        show="many",
        many_scores=True,
        method="leave_one_out",
        upload_header="Data (no column names)",
    )
    app.file_uploader[0].set_value(("mine.csv", table, "text/csv")).run()
    (figure,) = check(app, charts=1)
    assert "column='column 1', header=False)" in figure.script
    assert {"naïve", "clichéd"} <= set(figure.numbers["word"])
    said = words(app).replace("\\", "")
    assert "it was read as Windows-1252" in said
    assert "The fields are separated by semicolons." in said
    assert "1 row was left out. Line 3: The row has 3 cells, not 2" in said


def test_a_script_is_short_and_readable():
    (figure,) = check(opened(show="methods", methods=["saliency"]), charts=1)
    assert figure.script.splitlines() == [
        "import interp_core as ic",
        "",
        "model = ic.load_model('sentiment')",
        f"text = {TEXT!r}",
        "found = [",
        "    ic.attribute(model, text, method='saliency'),",
        "]",
        "table = ic.method_table(found)",
        "chart = ic.chart(table, 'method_table')",
    ]

"""Pictures of the projector in the report: all of them, and each can be computed again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image

import interp_core as ic
from interp_core.report import numbers
from interp_core.ui.embedding.results import kept
from interp_core.ui.images import question
from interp_core.ui.server.limits import digest
from tests.pages.reporting import add_all, check
from tests.pages.running import run

VIEWS = {"picture": 1, "layers": 2, "compare": 1, "checks": 1, "trust": 1, "shape": 1}
FEW = {"points": "ambiguous_words", "sense_word": "bass"}  # 50 points
TEXT = "The bank of the river was steep.\nThe bank lent us money."
REVIEWS = pd.DataFrame(
    {
        "review": [
            f"{what} {how}"
            for what in ("The plot is", "The cast is", "The music is")
            for how in ("wonderful", "moving", "dreadful", "boring", "great", "bad")
        ],
        "label": [1.0, 1.0, 0.0, 0.0, 1.0, 0.0] * 3,
        "rank": list("abc") * 6,
    }
)


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()


def opened(view: str, **state):
    return run("embedding_projector", **{"model": "encoder", "text": TEXT, "look": view, **state})


@pytest.mark.parametrize("view", VIEWS)
def test_every_picture_is_computed_again_by_its_script(view):
    figures = check(opened(view, **FEW), charts=VIEWS[view])
    assert all("model=encoder" in figure.link for figure in figures)


@pytest.mark.parametrize("view", ["layers", "trust"])
def test_tokens_of_a_text_keep_the_text(view):
    figures = check(opened(view, points="text"), charts=VIEWS[view])
    assert all(figure.text == TEXT for figure in figures)


@pytest.mark.parametrize(("method", "dimensions"), [("umap", 2), ("tsne", 3), ("axis", 3)])
def test_a_picture_of_every_method_has_the_same_points_again(method, dimensions):
    state = {"reducer": method, "dimensions": dimensions, "seed": 3, "nearness": "euclidean"}
    points = {"points": "word_groups"} if method == "axis" else FEW
    (figure,) = check(opened("picture", depth=2, **points, **state))
    assert ("seen from the front" in figure.title) == (dimensions == 3)
    assert ("z" in figure.numbers) == (dimensions == 3)


@pytest.mark.parametrize("against", ["model", "method", "seed"])
def test_two_sides_are_drawn_again(against):
    state = {"reducer": "tsne", "reducer2": "pca", "model2": "sentiment"}
    check(opened("compare", against=against, **FEW, **state), charts=1)


@pytest.mark.parametrize(
    "state",
    [
        {"check": "clusters", "cluster_count": 4},
        {"check": "clusters", "clustering": "hdbscan", "cluster_least": 5},
        {"check": "outliers", "nearness": "euclidean"},
        {"check": "hubs"},
    ],
)
def test_every_check_lists_the_same_points_again(state):
    check(opened("checks", points="word_groups", **state), charts=1)


@pytest.mark.parametrize("view", ["picture", "shape"])
def test_a_part_of_the_vocabulary_is_found_again(view):
    state = {"entries": "words", "rank_from": 2000, "rank_to": 5000, "containing": "ea"}
    check(opened(view, points="vocabulary", **state), charts=1)


@pytest.mark.parametrize("model", ["intents", "slots", "pos", "language-model", "sentiment-lstm"])
def test_every_embedded_model_reads_the_texts_again(model):
    check(opened("picture", model=model, points="text", unit_text="token"), charts=1)


def test_pictures_of_digits_are_read_again():
    (figure,) = check(opened("picture", model="digits", points="digits"))
    assert {"digit", "answer"} <= set(figure.numbers)


@pytest.mark.parametrize("view", VIEWS)
def test_images_and_uploads_are_read_from_beside_the_script(view, tiny, tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "mine's.png")
    data = (tmp_path / "mine's.png").read_bytes()
    key = digest(data)
    question._pictures().get(key, lambda: ic.read_image(data))
    monkeypatch.chdir(tmp_path)
    state = {"points": "images", "pictures_files": [("mine's.png", key)]}
    state |= {"model": str(tiny("vit")), "check": "outliers"}
    figures = check(opened(view, **state))
    assert figures
    assert all("# Put your image beside this notebook." in each.script for each in figures)


def test_a_sample_of_many_points_is_stated(monkeypatch):
    from interp_core.drawing import points
    from interp_core.ui.embedding import appearance

    for module in (appearance, points):
        monkeypatch.setattr(module, "MOST_DRAWN", 100)
    for state in ({}, {"everything": True}):
        (figure,) = add_all(opened("picture", points="word_groups", **state))
        assert "a random sample of 100 of 210" in figure.alt
        assert figure.rows == 210


def test_a_stated_sample_of_layers_is_drawn_again(monkeypatch):
    from interp_core.ui.embedding import sources

    monkeypatch.setattr(sources, "LAYER_POINTS", 20)
    for figure in check(opened("layers", **FEW), charts=2):
        assert ".sample(20" in figure.script


@pytest.mark.parametrize("view", ["picture", "layers", "checks", "shape"])
def test_an_uploaded_table_is_read_from_beside_the_script(view, tmp_path, monkeypatch):
    REVIEWS.to_csv(tmp_path / "films.csv", index=False)
    kept().get(("table", "films"), lambda: ic.read_table(str(tmp_path / "films.csv")))
    monkeypatch.chdir(tmp_path)
    state = {"points": "table", "projector_table": ("C:\\x\\films.csv", "films")}
    for figure in check(opened(view, **state), charts=VIEWS[view]):
        assert "# Put your file beside this notebook." in figure.script
        assert "read_table('films.csv')" in figure.script


def test_uploaded_vectors_are_read_from_beside_the_script(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"text": [f"w{i}" for i in range(60)], "kind": ["a", "b", "c"] * 20})
    made = ic.make_vectors(rng.normal(size=(60, 6)).astype(np.float32), frame)
    ic.write_vectors(made, tmp_path, "tsv")
    files = (str(tmp_path / "vectors.tsv"), str(tmp_path / "metadata.tsv"))
    kept().get(("vectors", "own"), lambda: ic.read_vectors(files[0], metadata=files[1]))
    monkeypatch.chdir(tmp_path)
    held = ("vectors.tsv", "own", "metadata.tsv")
    (figure,) = add_all(opened("picture", points="vectors", projector_vectors=held))
    assert "metadata='metadata.tsv'" in figure.script
    again: dict = {}
    exec(figure.script, again)
    assert "as recorded" in ic.check_against(again["table"], numbers.written(figure.numbers))

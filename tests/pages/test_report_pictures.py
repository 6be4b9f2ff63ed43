"""What is shown of image models in the report: all of it, and each can be computed again."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import interp_core as ic
from interp_core.ui.images import heads, question
from interp_core.ui.server.limits import digest
from tests.pages.reporting import check
from tests.pages.running import run

OVER_A_PICTURE = {"attention_heads": 1, "word_attributions": 2}  # charts of each page


def opened(page: str, model: str = "digits", **state):
    return run(page, model=model, **state)


@pytest.mark.parametrize(
    "state",
    [
        {"picture_view": "grid"},
        {"picture_view": "overlay", "picture_layer": 1, "picture_head": "2"},
        {"picture_view": "overlay", "query_patch": "patch 2,3"},  # the mean of the heads
        {"picture_view": "rollout", "query_patch": "patch 1,0", "picture_layer": 0},
    ],
    ids=lambda state: " ".join(map(str, state.values())),
)
def test_attention_over_a_picture_is_computed_again(state):
    one = state["picture_view"] == "overlay"  # beside it all heads of the layer
    figures = check(opened("attention_heads", **state), charts=1 + one)
    assert all("ic.digit_picture(" in figure.script for figure in figures)


def test_principal_components_and_nearest_patches_are_computed_again():
    chosen = {"pca_flip": True, "pca_image": "image 2", "pca_patch": "patch 1,3"}
    figures = check(opened("attention_heads", picture_view="pca", **chosen), charts=2)
    assert all("ic.image_vectors(" in figure.script for figure in figures)


@pytest.mark.parametrize("shown", ["removal", "heads"])
def test_switches_on_a_picture_are_computed_again(shown):
    state = {"picture_view": "switches", "switched": ["1.2", "0.MLP"], "test_show": shown}
    figures = check(opened("attention_heads", **state), charts=2)
    assert all("ic.digit_picture(" in figure.script for figure in figures)


@pytest.mark.parametrize("site", ["Residual stream", "Heads by position", "Heads"])
def test_patches_between_two_pictures_are_computed_again(site):
    state = {"picture_view": "patching", "patch_site": site, "patch_region": 4}
    (figure,) = check(opened("attention_heads", **state), charts=1)
    assert figure.script.count("ic.digit_picture(") == 2
    assert ("side=4" in figure.script) == (site != "Heads")


@pytest.mark.parametrize(
    ("method", "charts"),
    [("integrated_gradients", 2), ("occlusion", 1), ("attention_relevance", 1)],
)
def test_attributions_of_a_picture_are_computed_again(method, charts, tiny):
    model = str(tiny("vit")) if method == "integrated_gradients" else "digits"
    state = {"picture_method": method, "picture_baseline": "black"}
    check(opened("word_attributions", model, **state), charts=charts)


def test_insertion_and_deletion_are_computed_again(tiny):
    state = {"picture_method": "occlusion", "picture_curves": True, "picture_measure": "logit"}
    figures = check(opened("word_attributions", str(tiny("vit")), **state), charts=2)
    assert "ic.image_faithfulness(" in figures[1].script


@pytest.mark.parametrize("statistic", ["distance", "importance"])
def test_statistics_over_pictures_are_computed_again(statistic):
    check(opened("head_entropy", picture_count=50, picture_stat=statistic), charts=2)


def test_statistics_over_photographs_are_computed_again(tiny, monkeypatch):
    for module in (question, heads):
        monkeypatch.setattr(module, "SMALL", 8)  # as a model of large images
    state = {"pictures": ["flower", "face"], "picture_stat": "share_near"}
    figures = check(opened("head_entropy", str(tiny("vit")), **state), charts=2)
    assert all(figure.script.count("ic.sample_photo(") == 2 for figure in figures)


@pytest.mark.parametrize("page", OVER_A_PICTURE)
def test_a_picture_of_ones_own_is_read_beside_the_notebook(page, tiny, tmp_path, monkeypatch):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8))
    data = io.BytesIO()
    noise.save(data, "PNG")
    key = digest(data.getvalue())
    question._pictures().get(key, lambda: ic.read_image(data.getvalue()))
    (tmp_path / "mine's.png").write_bytes(data.getvalue())
    monkeypatch.chdir(tmp_path)
    held = {"picture": question.OWN, "picture_file": ("mine's.png", key)}
    figures = check(opened(page, str(tiny("vit")), **held), charts=OVER_A_PICTURE[page])
    assert all("# Put your image beside this notebook." in each.script for each in figures)


def test_the_photographs_come_from_one_place():
    assert ic.sample_photo("temple").size == (640, 427)
    with pytest.raises(ic.BadInput, match="flower"):
        ic.sample_photo("cat")

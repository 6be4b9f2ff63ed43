"""The attention and attribution pages for models that look at pictures."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import transformers as tf
from PIL import Image
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.charts.patches import SIDE, TITLE
from interp_core.charts.photographs import LEGEND
from interp_core.datasets import digit_picture
from interp_core.ui.images import heads, patch_pca, question
from interp_core.ui.images.attention import CLASS
from interp_core.ui.server import cache
from interp_core.ui.server.limits import digest
from interp_core.ui.start.cards import CARDS
from interp_core.ui.widgets.markdown import plain
from tests.images.test_sinks import with_sink
from tests.needs import needs_photos
from tests.pages.running import charts, clicked, run, shows, words

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("attention_heads", "word_attributions")


def opened(page: str, model: str, **state) -> AppTest:
    return run(page, model=model, **state)


@pytest.fixture(scope="module")
def vit(tiny):
    return str(tiny("vit"))


@pytest.mark.parametrize("view", ["grid", "overlay", "rollout"])
@pytest.mark.parametrize("query", ["the class token", "patch 1,2"])
def test_attention_over_a_picture_draws(vit, view, query):
    app = opened("attention_heads", vit, picture_view=view, query_patch=query)
    assert not app.exception
    assert not app.error
    assert charts(app)


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "attention_relevance"])
def test_the_attribution_page_shows_the_models_own_answer(vit, method):
    app = opened("word_attributions", vit, picture_method=method)
    assert not app.exception
    name = next(box for box in app.selectbox if box.key == "picture").value
    image = digit_picture(int(name.rpartition(" ")[2].rstrip(")")))
    found = ic.attribute_image(ic.load_model(vit), image, method=method)
    shown = {metric.label: metric for metric in app.metric}
    assert shown["Prediction"].value == plain(found.prediction.label)
    told = re.search(r"target: .* \((logit \S+)\)", words(app))[1]
    assert shows(told, found.value, "logit {:+.3f}")


def test_head_statistics_over_pictures_draw(vit):
    app = opened("head_entropy", vit, picture_count=50)
    assert not app.exception
    assert not app.error
    assert "50 handwritten digits" in words(app)
    assert charts(app)


def _statistics(app: AppTest) -> list[str]:
    return next(box for box in app.selectbox if box.key == "picture_stat").options


def test_head_statistics_without_labels_have_no_importance(vit, tmp_path):
    tf.ViTModel.from_pretrained(vit).save_pretrained(tmp_path)
    tf.AutoImageProcessor.from_pretrained(vit).save_pretrained(tmp_path)
    app = opened("head_entropy", str(tmp_path), picture_count=50)
    assert not app.exception
    assert not app.error
    assert charts(app)
    assert "gradient importance" not in _statistics(app)
    assert "gradient importance" in _statistics(opened("head_entropy", vit, picture_count=50))
    app = opened("attention_heads", str(tmp_path), picture_view="switches")
    assert "does not classify images" in words(app)
    assert "Switch to `digits`" in [button.label for button in app.button]


@needs_photos
def test_head_statistics_of_photographs_say_where_the_sink_is(real_models):
    app = opened("head_entropy", "photos", picture_stat="share_sink", pictures=["temple", "face"])
    assert not app.exception
    assert not app.error
    assert "2 photographs: temple, face." in words(app)
    assert "highest: layer 0, head 5" in str(app.get("vega_lite_chart")[0].proto.alt)


def test_head_statistics_over_images_of_ones_own_and_over_none(vit, monkeypatch):
    for module in (question, heads):
        monkeypatch.setattr(module, "SMALL", 8)  # as a model of large images
    app = opened("head_entropy", vit, pictures=[])
    assert "Choose or upload images" in words(app)
    assert not charts(app)
    upload = next(iter(app.get("file_uploader")))
    upload.set_value([("<b>mine</b>.png", noise(40, 20, 1), "image/png")]).run()
    assert not app.exception
    assert not app.error
    assert "1 photograph: " in words(app)
    assert "<b>mine" not in words(app)
    assert charts(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_picture_of_ones_own_is_read(vit, page):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8))
    data = io.BytesIO()
    noise.save(data, "PNG")
    key = digest(data.getvalue())
    question._pictures().get(key, lambda: ic.read_image(data.getvalue()))
    app = opened(page, vit, picture=question.OWN, **{"picture_file": ("<b>noise</b>.png", key)})
    assert not app.exception
    assert not app.error
    chart = charts(app)[0]
    assert "<b>noise" not in words(app)
    # 4 : 3, as the image, although the model gets it squeezed into a square.
    if page == "word_attributions":
        assert (chart["width"], chart["height"] - TITLE) == (SIDE, 0.75 * SIDE)
    else:
        assert "1.33333 * (height" in str(chart["layer"][0]["mark"]["width"])


def test_the_changed_picture_is_another_digit_or_ones_own(vit):
    state = {"picture_view": "patching", "picture": "digit 1 (sample 21)"}
    app = opened("attention_heads", vit, **state)
    changed = next(box for box in app.selectbox if box.key == "changed_picture")
    assert "digit 1 (sample 21)" not in changed.options
    assert not changed.value.startswith("digit 1 ")
    app = opened("attention_heads", vit, **state, changed_picture=question.OWN)
    assert not app.exception
    assert "Upload an image" in words(app)


@pytest.mark.parametrize("page", PAGES)
def test_without_a_picture_of_ones_own_the_page_asks_for_one(vit, page):
    app = opened(page, vit, picture=question.OWN)
    assert not app.exception
    assert "Upload an image" in words(app)


@pytest.fixture(scope="module")
def without_class_token(tmp_path_factory):
    """A classifier whose tokens are patches alone."""
    folder = tmp_path_factory.mktemp("ijepa")
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = tf.IJepaConfig(**size, intermediate_size=48, image_size=12, patch_size=4, num_labels=3)
    tf.IJepaForImageClassification(config).save_pretrained(folder)
    tf.ViTImageProcessorPil(size={"height": 12, "width": 12}).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("view", ["grid", "overlay", "rollout"])
def test_a_model_without_class_token_shows_patches_and_names_none(without_class_token, view):
    app = opened(
        "attention_heads", without_class_token, picture_view=view, query_patch="the class token"
    )
    assert not app.exception
    assert not app.error
    box = next(box for box in app.selectbox if box.key == "query_patch")
    assert box.value == "the mean of all patches"
    assert not [name for name in box.options if "class" in name]
    assert charts(app)
    assert "CLS" not in words(app)
    assert "not patches" not in charts_text(app)


def test_heads_points_and_attributions_work_without_a_class_token(without_class_token):
    for page in ("head_entropy", "word_attributions", "embedding_projector"):
        app = opened(page, without_class_token, picture_count=50, unit_digits="first")
        assert not app.exception
        assert not app.error
        assert charts(app)
    assert "first" not in next(box for box in app.selectbox if box.key == "unit_digits").options


def test_text_models_see_nothing_of_pictures():
    app = opened("word_attributions", "sentiment")
    assert not [box for box in app.selectbox if box.key == "picture"]


@pytest.mark.parametrize(
    ("selection", "query"),
    [
        ({"patch": [{"row": 1, "column": 2}]}, "patch 1,2"),
        ({"patch": [{"layer": 1, "head": 2}]}, CLASS),  # of another chart
        ({"head": [{"row": 1, "column": 2}]}, CLASS),
        ({"patch": [{"row": 99, "column": 2}]}, CLASS),  # of a finer grid
    ],
)
def test_a_click_chooses_a_patch_and_the_event_of_another_chart_nothing(vit, selection, query):
    app = opened("attention_heads", vit, picture_view="overlay")
    clicked(app, "picture_attention", selection)
    assert not app.exception
    assert not app.error
    assert next(box for box in app.selectbox if box.key == "query_patch").value == query


def test_a_click_into_the_grid_opens_its_head(vit):
    app = opened("attention_heads", vit)
    clicked(app, "picture_grid", {"head": [{"row": 0, "column": 1}]})
    assert app.session_state["picture_view"] == "grid"
    clicked(app, "picture_grid", {"head": [{"layer": 1, "head": 2}]})
    assert app.session_state["picture_view"] == "overlay"
    assert (app.session_state["picture_layer"], app.session_state["picture_head"]) == (1, "2")


def test_a_click_on_a_small_map_opens_its_head(vit):
    app = opened("attention_heads", vit, picture_view="overlay", picture_layer=0)
    clicked(app, "picture_heads", {"head": [{"number": 9}]})  # of a model with more heads
    assert app.session_state["picture_head"] == "mean of heads"
    clicked(app, "picture_heads", {"head": [{"number": 2}]})
    assert app.session_state["picture_head"] == "2"
    assert app.session_state["picture_layer"] == 0


def test_a_map_is_drawn_over_the_photograph_in_its_proportions_or_alone(vit):
    app = opened("attention_heads", vit, picture_view="overlay", picture_opacity=40)
    over, _ = charts(app)
    assert sum(_layer_type(each) == "image" for each in over["layer"]) == 2
    assert _opacity(over) == pytest.approx(0.4)
    assert over["width"] == over["height"] - LEGEND  # digits are square
    app = opened("attention_heads", vit, picture_view="overlay", picture_display="map")
    alone, _ = charts(app)
    assert sum(_layer_type(each) == "image" for each in alone["layer"]) == 1
    assert _opacity(alone) == 1


def _layer_type(layer: dict) -> str:
    return layer["mark"]["type"]


def _opacity(chart: dict) -> float:
    """Of the map, the last image."""
    return [each["mark"] for each in chart["layer"] if _layer_type(each) == "image"][-1]["opacity"]


def test_the_rollout_names_its_sinks_and_offers_to_leave_them_out(vit, monkeypatch):
    maps = ic.attention_maps(ic.load_model(vit), digit_picture(5))
    app = opened("attention_heads", vit, picture_view="rollout")
    assert "No attention sinks" in words(app)
    monkeypatch.setattr(cache, "of_picture", lambda *_: with_sink(maps))
    app = opened("attention_heads", vit, picture_view="rollout", picture_sinks="heads")
    assert "layer 1, head 2 → patch 1,2 (90%)" in words(app)
    rollout = ic.rollout_without_sinks(with_sink(maps), leave_out="heads")[-1]
    expected = ic.patch_table(maps, rollout)["weight"].max()
    assert f"The strongest patch has {expected:.1%}" in words(app)


def test_patch_pca_shows_shares_of_variance_and_its_sign_can_be_flipped(vit):
    app = opened("attention_heads", vit, picture_view="pca")
    assert not app.exception
    assert not app.error
    names = next(box for box in app.multiselect if box.key == "pictures").value
    images = [digit_picture(int(name.rpartition(" ")[2].rstrip(")"))) for name in names]
    pca = ic.patch_pca(ic.load_model(vit), images)
    assert ", ".join(f"{each:.0%}" for each in pca.shares) in words(app)
    (chart,) = charts(app)
    maps = [each for each in chart["layer"] if each["mark"]["type"] == "image"]
    assert len(maps) == 2  # the images, and the colours over them
    ratio = f"aspect-ratio: {chart['width']} / {chart['height']}"  # no band below in less room
    assert any(ratio in str(each.proto) for each in app.get("html"))
    share = np.concatenate(pca.objects()).mean()
    app = opened("attention_heads", vit, picture_view="pca", pca_display="object")
    assert f"{share:.0%} of the patches are object" in words(app)
    flipped = np.concatenate(pca.flipped(0).objects()).mean()
    app = opened("attention_heads", vit, picture_view="pca", pca_display="object", pca_flip=True)
    assert f"{flipped:.0%} of the patches are object" in words(app)


def test_a_click_on_a_patch_finds_the_nearest_of_each_image(vit):
    app = opened("attention_heads", vit, picture_view="pca")
    clicked(app, patch_pca.GRID, {"patch": [{"picture": 1, "row": 2, "column": 9}]})
    assert app.session_state["pca_image"] == patch_pca.NOBODY  # 3 × 3 patches
    clicked(app, patch_pca.GRID, {"patch": [{"picture": 1, "row": 2, "column": 0}]})
    assert (app.session_state["pca_image"], app.session_state["pca_patch"]) == (
        "image 2",
        "patch 2,0",
    )
    assert not app.exception
    assert "to patch 2,0 of 2. digit" in charts_text(app)
    assert len(charts(app)) == 2


def noise(width: int, height: int, seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def test_images_of_ones_own_join_the_examples_and_thirty_are_the_most(vit):
    app = opened("attention_heads", vit, picture_view="pca", pictures=[])
    assert "Choose or upload images" in words(app)
    upload = next(iter(app.get("file_uploader")))
    assert upload.proto.multiple_files
    many = [
        ("wide.png", noise(40, 20, 1), "image/png"),
        ("tall.png", noise(20, 50, 2), "image/png"),
    ]
    upload.set_value(many).run()
    assert not app.exception
    assert not app.error
    assert "1. wide.png" in charts_text(app)
    assert "2. tall.png" in charts_text(app)
    upload = next(iter(app.get("file_uploader")))
    upload.set_value([(f"{n}.png", noise(4, 4, n), "image/png") for n in range(31)]).run()
    assert "31 files" in words(app)
    upload = next(iter(app.get("file_uploader")))
    upload.set_value([("broken.png", b"\x89PNG broken", "image/png")]).run()
    assert not app.exception
    assert "cannot be opened" in app.error[0].value


def charts_text(app: AppTest) -> str:
    return "".join(each.proto.alt for each in app.get("vega_lite_chart"))


def test_curves_say_whether_the_attribution_is_better_than_random_orders(vit):
    state = {"picture_method": "occlusion", "picture_baseline": "grey"}
    shown = {"picture_curves": True, "picture_replacement": "grey"}
    app = opened("word_attributions", vit, **state, **shown)
    assert not app.exception
    assert not app.error
    name = next(box for box in app.selectbox if box.key == "picture").value
    image = digit_picture(int(name.rpartition(" ")[2].rstrip(")")))
    model = ic.load_model(vit)
    found = ic.attribute_image(model, image, method="occlusion")
    curves = ic.image_faithfulness(model, image, found, replacement="grey")
    for name in ("deletion", "insertion"):
        (said,) = re.findall(rf"\b{name} (\d\.\d+) \(random", words(app))
        assert float(said) == pytest.approx(getattr(curves, name), abs=0.001)


def test_the_start_page_speaks_of_images_where_the_model_reads_them(vit):
    told, of_texts = (words(run("start", model=name)) for name in (vit, "sentiment"))
    for card in CARDS:
        assert (card.of_images or card.answer) in told
        assert card.answer in of_texts

"""Attributions of pictures: hand-made cases first, then completeness on a ViT."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import interp_core as ic
from interp_core.attribution.baselines import Baseline
from interp_core.attribution.integrated_gradients import integrated_gradients
from interp_core.attribution.targets import Target, Term
from interp_core.images import attribution
from interp_core.images.attribution import IMAGE_METHODS, occlusion, patch_grid

COMPLETE = [name for name, entry in IMAGE_METHODS.items() if entry.complete]


class OnePatch(torch.nn.Module):
    """Its logit is the square of the sum over the patch at row 1, column 0 of a 4 × 4 picture."""

    def forward(self, pixel_values: torch.Tensor, **_: object) -> SimpleNamespace:
        part = pixel_values[:, :, 2:, :2].sum((1, 2, 3))
        return {"logits": torch.stack([part**2, -part], 1)}


def seen_by_one_patch() -> attribution.ImageFunction:
    shape = (1, 4, 4)
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    flat = picture.flatten(2).transpose(1, 2)
    target = Target("one", (Term("logits", 0),))
    network = OnePatch()
    value = float(target.score(network(picture)))
    return attribution.ImageFunction(
        None, network, target, flat, shape, (2, 2), (2, 2), None, value
    )


def start_of(seen: attribution.ImageFunction, grey: float) -> Baseline:
    flat = torch.full_like(seen.embeddings, grey)
    return Baseline("grey", flat, float(seen(flat)))


def test_occlusion_finds_the_patch_that_alone_decides():
    seen = seen_by_one_patch()
    start = start_of(seen, 1.0)
    whole, without = (8 + 9 + 12 + 13) ** 2, 4.0**2
    np.testing.assert_allclose(occlusion(seen, start).scores, [0, 0, whole - without, 0])


def test_integrated_gradients_give_the_closed_form_of_a_squared_sum():
    seen = seen_by_one_patch()
    start = start_of(seen, 1.0)
    found = integrated_gradients(seen, start).scores.reshape(4, 4)
    away = seen.embeddings.reshape(4, 4).numpy() - 1
    expected = np.zeros((4, 4))
    # F = s²: IG_i = (x − x')_i (s + s') with s the sum over the patch.
    expected[2:, :2] = away[2:, :2] * (42 + 4)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_pixels_come_back_in_the_order_the_model_takes_them():
    seen = seen_by_one_patch()
    np.testing.assert_array_equal(seen.picture(seen.embeddings)[0, 0], np.arange(16).reshape(4, 4))


@pytest.fixture(scope="module")
def vit(tiny):
    return ic.load_model(str(tiny("vit")))


@pytest.fixture(scope="module")
def picture():
    noise = np.random.default_rng(3).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    return Image.fromarray(noise)


@pytest.mark.parametrize("method", IMAGE_METHODS)
def test_the_explained_value_is_the_models_own_logit(vit, picture, method):
    found = ic.attribute_image(vit, picture, method=method, target="LABEL_2")
    given = vit.processor(images=picture, return_tensors="pt")
    with torch.no_grad():
        logits = vit.model(**given).logits[0]
    assert found.value == pytest.approx(float(logits[2]), abs=1e-5)
    assert found.prediction.label == vit.labels[int(logits.argmax())]
    assert found.patches.shape == (3, 3)
    if found.pixels is not None:
        blocks = found.pixels.reshape(3, 4, 3, 4).sum((1, 3))
        np.testing.assert_allclose(found.patches, blocks, atol=1e-9)


@pytest.mark.parametrize("method", COMPLETE)
@pytest.mark.parametrize("baseline", ["grey", "black", "white"])
def test_complete_methods_add_up(vit, picture, method, baseline):
    found = ic.attribute_image(vit, picture, method=method, baseline=baseline)
    total = found.patches.sum() - (found.value - found.baseline_value)
    assert total == pytest.approx(found.convergence_delta, abs=1e-9)
    assert abs(found.convergence_delta) < 0.01 * abs(found.value - found.baseline_value) + 1e-5


def test_occlusion_is_the_fall_of_the_logit_with_the_patch_painted_over(vit, picture):
    found = ic.attribute_image(vit, picture, method="occlusion", baseline="black")
    given = vit.processor(images=picture, return_tensors="pt")["pixel_values"]
    black = vit.processor(images=Image.new("RGB", (12, 12)), return_tensors="pt")["pixel_values"]
    label = vit.labels.index(found.target)
    for row, column in ((0, 0), (1, 2), (2, 1)):
        changed = given.clone()
        place = (..., slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4))
        changed[place] = black[place]
        with torch.no_grad():
            after = float(vit.model(pixel_values=changed).logits[0, label])
        assert found.patches[row, column] == pytest.approx(found.value - after, abs=1e-5)


def test_relevance_belongs_to_patches_and_is_never_negative(vit, picture):
    found = ic.attribute_image(vit, picture, method="attention_relevance")
    assert found.pixels is None
    assert (found.patches >= 0).all()
    assert found.patches.max() > 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "magic"}, "Unknown method"),
        ({"baseline": "pink"}, "Unknown baseline"),
        ({"target": "cat"}, "Unknown label"),
    ],
)
def test_what_is_not_there_is_said(vit, picture, options, sentence):
    with pytest.raises(ic.BadInput, match=sentence):
        ic.attribute_image(vit, picture, **options)


def test_a_model_of_texts_explains_no_pictures(sentiment, picture):
    with pytest.raises(ic.UnsupportedModel, match="digits"):
        ic.attribute_image(sentiment, picture)


def test_stopping_stops(vit, picture):
    with pytest.raises(ic.Stopped):
        ic.attribute_image(vit, picture, method="occlusion", progress=lambda done, expected: False)


def test_the_grid_is_read_from_the_names_of_the_patches():
    assert patch_grid(("[CLS]", "0,0", "0,1", "1,0", "1,1", "2,0", "2,1")) == (3, 2)
    assert attribution.GREYS["black"] == 0


@pytest.mark.parametrize("pooling", ["first", "mean", "patch"])
def test_vectors_of_pictures_are_the_hidden_states(vit, picture, pooling):
    images = [picture, picture.rotate(90), picture]
    found = ic.image_vectors(vit, images, layer=1, pooling=pooling)
    given = vit.processor(images=images[1], return_tensors="pt")
    with torch.no_grad():
        state = vit.model(**given, output_hidden_states=True).hidden_states[1][0]
    expected = {"first": state[:1], "mean": state[1:].mean(0)[None], "patch": state[1:]}[pooling]
    rows = found.frame["picture"] == 1
    np.testing.assert_allclose(found.values[rows], expected.numpy(), atol=1e-5)
    assert len(found) == 3 * len(expected)


def test_names_of_pictures_stand_in_the_texts(vit, picture):
    images, names = [picture, picture.rotate(90)], ["cat", "dog"]
    found = ic.image_vectors(vit, images, names=names)
    assert list(found.frame["text"]) == names
    assert list(found.frame["row"]) == [0, 1]
    assert "image" not in found.frame
    patches = ic.image_vectors(vit, images, names=names, pooling="patch").frame
    assert list(patches["image"].unique()) == names
    assert patches["text"].iloc[-1] == "dog, patch 2,2"
    with pytest.raises(ic.BadInput, match="2 images but 1 names"):
        ic.image_vectors(vit, images, names=["cat"])


def test_all_layers_of_pictures_come_one_after_the_other(vit, picture):
    whole = ic.image_vectors(vit, [picture], layer="all", pooling="patch")
    assert list(whole.frame["layer"].unique()) == [0, 1, 2]
    last = ic.image_vectors(vit, [picture], pooling="patch")
    np.testing.assert_array_equal(ic.at_layer(whole, 2).values, last.values)

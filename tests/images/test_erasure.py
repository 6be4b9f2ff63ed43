"""Insertion and deletion of patches: against passes by hand, and on a classifier that is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.images.erasure import REPLACEMENTS
from interp_core.inputs.images import encode_image


@pytest.fixture(scope="module")
def vit(tiny_model):
    """3 × 3 patches of 10 × 10 pixels."""
    return tiny_model("vit")


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(5).integers(0, 256, (30, 30, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def found(vit, noise):
    return ic.attribute_image(vit, noise, method="occlusion")


def by_hand(vit, noise, found, empty, kept: int) -> tuple[float, float]:
    """Softmax of the target without the top `kept` patches, and with those alone."""
    pixels = encode_image(vit, noise).inputs["pixel_values"].clone()
    side = vit.layout.pictures.patch[0]
    order = np.argsort(-found.patches.ravel(), kind="stable")
    answers = []
    for gone in (order[:kept], order[kept:]):
        changed = pixels.clone()
        for place in gone:
            row, column = divmod(int(place), found.patches.shape[1])
            box = np.s_[..., row * side : row * side + side, column * side : column * side + side]
            changed[box] = empty(pixels)[box]
        with torch.inference_mode():
            logits = vit.model(pixel_values=changed).logits[0]
        answers.append(float(logits.softmax(-1)[vit.labels.index(found.target)]))
    return tuple(answers)


def test_each_point_is_a_pass_over_the_changed_picture(vit, noise, found):
    result = ic.image_faithfulness(vit, noise, found, replacement="mean")
    lines = result.curve.query("ranking == 'attribution'").set_index(["curve", "fraction"])
    count = found.patches.size
    for fraction in (0.1, 0.5, 1.0):
        kept = int(np.ceil(fraction * count - 1e-9))
        assert lines.loc[("deletion", fraction), "patches"] == kept
        mean = lambda pixels: pixels.mean((2, 3), keepdim=True).expand_as(pixels)  # noqa: E731
        without, alone = by_hand(vit, noise, found, mean, kept)
        assert lines.loc[("deletion", fraction), "probability"] == pytest.approx(without, abs=1e-5)
        assert lines.loc[("insertion", fraction), "probability"] == pytest.approx(alone, abs=1e-5)
    values = lines.loc["deletion", "probability"].to_numpy()
    assert result.deletion == pytest.approx((values[:-1] + values[1:]).sum() / 20, abs=1e-9)


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_both_curves_have_the_same_ends_whatever_the_replacement(vit, noise, found, replacement):
    result = ic.image_faithfulness(vit, noise, found, replacement=replacement, measure="logit")
    ends = result.curve[result.curve["fraction"].isin([0.0, 1.0])]
    told = ends.groupby(["curve", "fraction"])["logit"].agg(["min", "max"])
    assert np.allclose(told["min"], told["max"], atol=1e-5)
    assert told.loc[("deletion", 0.0), "min"] == pytest.approx(result.whole)
    assert told.loc[("insertion", 0.0), "min"] == pytest.approx(result.empty)
    assert result.whole == pytest.approx(found.value, abs=1e-4)


def test_an_even_picture_stays_as_it_is_when_it_is_blurred_or_averaged(vit):
    even = np.full((30, 30, 3), 90, dtype=np.uint8)
    scores = ic.attribute_image(vit, even, method="occlusion")
    for replacement in ("blur", "mean"):
        result = ic.image_faithfulness(vit, even, scores, replacement=replacement)
        assert np.allclose(result.curve["probability"], result.whole, atol=1e-5)
        assert set(result.verdicts().values()) <= {"as good", "better", "worse"}


def test_on_a_classifier_that_reads_the_ink_occlusion_beats_random_orders():
    model = ic.load_model("digits")
    verdicts = []
    for number in (0, 7, 21):
        picture = ic.digit_picture(number)
        found = ic.attribute_image(model, picture, method="occlusion", baseline="black")
        result = ic.image_faithfulness(model, picture, found, replacement="black", measure="logit")
        assert result.deletion < result.random_deletion.mean()
        assert result.insertion > result.random_insertion.mean()
        verdicts += result.verdicts().values()
        against = ic.image_faithfulness(
            model, picture, replace(found, patches=-found.patches), replacement="black"
        )
        assert against.deletion > against.random_deletion.mean()
    assert "better" in verdicts
    assert "worse" not in verdicts


def test_orders_are_the_same_for_the_same_seed(vit, noise, found):
    one, same, other = (
        ic.image_faithfulness(vit, noise, found, seed=seed, rankings=2) for seed in (1, 1, 2)
    )
    assert np.array_equal(one.random_deletion, same.random_deletion)
    assert not np.array_equal(one.random_deletion, other.random_deletion)
    assert list(one.to_frame()["measure"]) == ["deletion", "insertion"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"replacement": "noise"}, "Choose one of: blur, mean, black, grey, white"),
        ({"measure": "rank"}, "Choose one of: probability, logit"),
        ({"rankings": 1}, "at least 2 random rankings"),
    ],
)
def test_what_is_unknown_is_refused(vit, noise, found, changed, says):
    with pytest.raises(ic.BadInput, match=says):
        ic.image_faithfulness(vit, noise, found, **changed)


def test_an_attribution_of_another_model_and_a_model_without_labels_are_refused(vit, noise, found):
    with pytest.raises(ic.BadInput, match="Explain this image with this model first"):
        ic.image_faithfulness(ic.load_model("digits"), noise, found)
    with pytest.raises(ic.UnsupportedModel, match="not an image classifier"):
        ic.image_faithfulness(ic.load_model("encoder"), noise, found)


def test_an_attribution_of_another_image_is_refused(vit, noise, found):
    other = np.random.default_rng(6).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    for target in (None, found.target):
        explained = ic.attribute_image(vit, other, method="occlusion", target=target)
        with pytest.raises(ic.BadInput, match="explains another image"):
            ic.image_faithfulness(vit, noise, explained)

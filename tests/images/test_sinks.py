"""Sinks among patches: found where one patch has most of a map, left out of rollouts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import interp_core as ic
from interp_core.datasets import PHOTOS
from interp_core.images.heads import of_one
from interp_core.ui.images.attention import _sinks_told
from tests.needs import needs_photos


@pytest.fixture(scope="module")
def maps(tiny_model):
    """Two layers of four heads over a class token and 3 × 3 patches."""
    return ic.attention_maps(tiny_model("vit"), ic.digit_picture(5))


def even(maps) -> np.ndarray:
    return np.full_like(maps.weights, 1 / maps.weights.shape[-1])


def with_sink(maps, *, heads=(2,), layer: int = 1, patch: int = 5, weight: float = 0.9):
    """Even maps, but for heads that rest on one patch."""
    weights = even(maps)
    for head in heads:
        weights[layer, head] = (1 - weight) / (weights.shape[-1] - 1)
        weights[layer, head, :, 1 + patch] = weight
    return replace(maps, weights=weights)


def test_an_even_map_has_no_sink(maps):
    found = ic.find_patch_sinks(replace(maps, weights=even(maps)))
    assert len(found) == maps.weights.shape[0] * maps.weights.shape[1]
    assert not found["sink"].any()
    np.testing.assert_allclose(found["share"], found["even"], rtol=1e-6)


def test_a_sink_is_found_with_its_place_and_share(maps):
    found = ic.find_patch_sinks(with_sink(maps))
    (line,) = found[found["sink"]].to_dict("records")
    assert (line["layer"], line["head"], line["row"], line["column"]) == (1, 2, 1, 2)
    assert line["share"] == pytest.approx(0.9, rel=1e-6)
    assert not ic.find_patch_sinks(with_sink(maps), threshold=0.95)["sink"].any()


def test_a_head_that_reads_the_class_token_or_itself_has_no_sink(maps):
    on_class, on_self = (np.zeros_like(maps.weights) for _ in range(2))
    on_class[..., 0] = 1
    on_self[...] = np.eye(10)
    for weights in (on_class, on_self):
        assert not ic.find_patch_sinks(replace(maps, weights=weights))["sink"].any()


@pytest.mark.parametrize("leave_out", ["heads", "layers", "patches"])
def test_a_rollout_without_sinks_is_that_of_the_rest(maps, leave_out):
    """By hand: what is left of the layer, mixed half and half with the identity."""
    found = ic.rollout_without_sinks(with_sink(maps), leave_out=leave_out)
    flat, same = np.full((10, 10), 0.1), np.eye(10)
    rest = {"heads": flat, "layers": same, "patches": None}[leave_out]
    if rest is None:
        lean = np.array([0.1] * 10) * 3 / 4 + np.array([0.1 / 9] * 10) / 4
        lean[6] = 0
        rest = np.tile(lean / lean.sum(), (10, 1))
    expected = (rest + same) / 2 @ ((flat + same) / 2)
    np.testing.assert_allclose(found[1], expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)


def test_a_layer_of_sinks_alone_passes_everything_on(maps):
    found = ic.rollout_without_sinks(with_sink(maps, heads=range(4), layer=0))
    np.testing.assert_allclose(found[0], np.eye(10), atol=1e-9)


@pytest.mark.parametrize("fuse", ["mean", "max", "min"])
@pytest.mark.parametrize("leave_out", ["heads", "layers", "patches"])
def test_where_nothing_else_is_read_and_nothing_remains_rows_still_sum_to_one(
    maps, leave_out, fuse
):
    resting = with_sink(maps, heads=range(4), layer=0, weight=1.0)
    found = ic.rollout_without_sinks(resting, leave_out=leave_out, residual=0, fuse=fuse)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-9)
    np.testing.assert_allclose(found[0], np.eye(10), atol=1e-9)


@pytest.mark.parametrize("patches", [1, 2])
def test_one_or_two_patches_have_no_sink_whatever_they_read(maps, patches):
    tokens = ("[CLS]", *(f"0,{column}" for column in range(patches)))
    weights = np.zeros((2, 4, patches + 1, patches + 1), np.float32)
    weights[..., 1] = 1
    names = replace(maps.queries, tokens=tokens, special=np.arange(patches + 1) == 0)
    few = replace(maps, weights=weights, queries=names, keys=names)
    found = ic.find_patch_sinks(few)
    assert not found["sink"].any()
    assert "too few patches" in _sinks_told(found, found[found["sink"]])


def test_without_a_sink_it_is_the_rollout(maps):
    plain = replace(maps, weights=even(maps))
    np.testing.assert_array_equal(ic.rollout_without_sinks(plain), ic.attention_rollout(plain))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"leave_out": "tokens"}, "leave_out must be one of heads, layers, patches"),
        ({"threshold": 0.1}, "above the share of an even map"),
        ({"threshold": 1.5}, "at most 1"),
    ],
)
def test_what_cannot_be_left_out_is_refused(maps, changed, says):
    with pytest.raises(ic.BadInput, match=says):
        ic.rollout_without_sinks(maps, **changed)


def test_maps_of_a_text_are_refused(tiny_model):
    with pytest.raises(ic.BadInput, match="for images"):
        ic.find_patch_sinks(ic.attention_maps(tiny_model("bert-2-labels"), "One text."))


def test_the_statistics_of_heads_have_the_share_of_the_sink_and_of_the_neighbours(maps):
    special = maps.special
    found = of_one(with_sink(maps).weights, (3, 3), special)
    assert found["share_sink"][1, 2] == pytest.approx(0.9, rel=1e-6)
    assert found["share_sink"][0, 0] == pytest.approx(0.1, rel=1e-6)
    # An even map over 3 × 3 patches: corners have 3 neighbours, edges 5, the middle 8.
    assert found["share_near"][0, 0] == pytest.approx((4 * 3 + 4 * 5 + 8) / 81, rel=1e-6)


def test_roles_for_images_have_a_table_of_their_own():
    assert list(ic.role_table("images")["role"])[:2] == ["sink patch", "class token"]
    assert "sink patch" not in set(ic.role_table()["role"])
    with pytest.raises(ic.BadInput, match="texts or images"):
        ic.role_table("sounds")


@needs_photos
@pytest.mark.parametrize("name", PHOTOS)
def test_layer_0_of_the_model_of_photographs_has_one_sink(photo_model, name):
    maps = ic.attention_maps(photo_model, ic.sample_photo(name))
    found = ic.find_patch_sinks(maps)
    assert found.loc[found["sink"], ["layer", "head"]].to_numpy().tolist() == [[0, 5]]
    at = found[found["sink"]].iloc[0]
    place = 1 + 16 * at["row"] + at["column"]
    dot = ic.attention_rollout(maps)[-1, 0]
    spread = ic.rollout_without_sinks(maps)[-1, 0]
    assert dot[1:].argmax() == place - 1
    assert dot[place] > 2 * spread[1:].max()

"""Pictures as tables of their patches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import interp_core as ic
from interp_core.images.tables import over_patches


@pytest.fixture(scope="module")
def vit(tiny_model):
    return tiny_model("vit")


@pytest.fixture(scope="module")
def maps(vit):
    return ic.attention_maps(vit, ic.digit_picture(5))


def test_the_row_of_a_patch_without_the_class_token(maps):
    values = over_patches(maps, maps.weights, (1, 2))
    assert values.shape == (2, 4, 3, 3)
    assert np.array_equal(values[1, 3].ravel(), maps.weights[1, 3, 1 + 1 * 3 + 2, 1:])


def test_even_attention_is_even_over_the_patches(maps):
    even = replace(maps, weights=np.full_like(maps.weights, 0.1))
    table = ic.patch_summaries(even)
    assert table["entropy"].to_numpy() == pytest.approx(np.log(9))
    assert table["on_patches"].to_numpy() == pytest.approx(0.9)


def test_the_summary_names_the_strongest_patch_of_the_table(maps):
    summary = ic.patch_summaries(maps, (0, 1)).set_index(["layer", "head"]).loc[(1, 2)]
    table = ic.patch_table(maps, maps.weights[1, 2], (0, 1))
    best = table.loc[table["weight"].idxmax()]
    assert list(best) == [summary["row"], summary["column"], summary["weight"]]


def test_a_patch_that_is_not_there_is_refused(maps):
    with pytest.raises(ic.BadInput, match="3 × 3"):
        ic.patch_table(maps, maps.weights[0, 0], (3, 0))


def test_pixels_in_squares_add_up_to_their_pixels(vit):
    found = ic.attribute_image(vit, ic.digit_picture(5), method="input_x_gradient")
    fine, squares = ic.pixel_table(found), ic.pixel_table(found, side=4)
    assert len(fine) == found.pixels.size
    assert squares["score"].to_numpy() == pytest.approx(found.patches.ravel())


def test_a_method_without_pixels_says_so(vit):
    found = ic.attribute_image(vit, ic.digit_picture(5), method="occlusion")
    with pytest.raises(ic.BadInput, match="patches"):
        ic.pixel_table(found)


def test_the_held_out_digits_are_the_first_of_those_kept_back():
    assert len(ic.held_out_digits(3)) == 3
    assert ic.held_out_digits(3)[0].size == (8, 8)

"""Head statistics over pictures: closed forms, then an independent sum."""

from __future__ import annotations

import re

import numpy as np
import pytest

import interp_core as ic
from interp_core.heads.catalogue import IMAGE_STATISTICS, offered
from interp_core.images.heads import image_head_statistics, of_one

FIRST = np.arange(10) == 0  # the class token alone is no patch


def test_uniform_attention_has_the_entropy_of_all_tokens():
    found = of_one(np.full((1, 2, 10, 10), 0.1), (3, 3), FIRST)
    np.testing.assert_allclose(found["entropy"], np.log(10))
    np.testing.assert_allclose(found["entropy_normalised"], 1)
    np.testing.assert_allclose(found["share_first"], 0.1)
    np.testing.assert_allclose(found["confidence"], 0.1)


def test_a_head_that_reads_itself_looks_nowhere_else():
    found = of_one(np.eye(10)[None, None], (3, 3), FIRST)
    for name, value in {"entropy": 0, "distance": 0, "share_self": 1, "confidence": 1}.items():
        assert found[name] == pytest.approx(value, abs=1e-6)


def test_a_head_that_reads_the_patch_to_the_right_looks_one_patch_far():
    weights = np.zeros((1, 1, 5, 5))  # one class token, 2 × 2 patches
    for query, key in ((0, 0), (1, 2), (2, 1), (3, 4), (4, 3)):
        weights[0, 0, query, key] = 1
    assert of_one(weights, (2, 2), FIRST[:5])["distance"] == pytest.approx(1)


def test_the_table_is_the_mean_and_spread_over_pictures(tiny):
    model = ic.load_model(str(tiny("vit")))
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (20, 20, 3), dtype=np.uint8) for _ in range(3)]
    table = image_head_statistics(model, images).set_index(["layer", "head"])
    each = []
    for image in images:
        line = ic.attention_maps(model, image).weights[1, 2].astype(np.float64)
        each.append(float(-(line * np.log(line)).sum(1).mean()))
    assert table.loc[(1, 2), "entropy"] == pytest.approx(np.mean(each), abs=1e-6)
    assert table.loc[(1, 2), "entropy_std"] == pytest.approx(np.std(each, ddof=1), abs=1e-6)
    assert table.loc[(1, 2), "entropy_se"] == pytest.approx(np.std(each, ddof=1) / 3**0.5, abs=1e-6)


def test_roles_follow_the_thresholds_that_hold_for_texts(tiny):
    model = ic.load_model(str(tiny("vit")))
    noise = np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    table = image_head_statistics(model, [noise])
    assert list(table["role"]) == list(ic.role_labels(table, "images"))


def test_statistics_over_pictures_are_told_in_words_of_pictures(tiny):
    noise = np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    table = image_head_statistics(ic.load_model(str(tiny("vit"))), [noise])
    for name in offered(table):
        told = IMAGE_STATISTICS[name]
        said = " ".join((told.axis, told.about, told.caution))
        assert not re.search(r"\btexts?\b|first token|separator|word", said), name
    assert IMAGE_STATISTICS["distance"].axis == "attention distance (patches)"


def test_an_even_map_has_the_distance_that_is_said():
    """0.52 sides: the mean distance of two points of a square (as many patches as in `photos`)."""
    even = np.full((1, 1, 257, 257), 1 / 257)
    found = of_one(even, (16, 16), np.arange(257) == 0)["distance"]
    assert found == pytest.approx(0.5214 * 16, rel=0.01)


def test_texts_have_a_function_of_their_own(sentiment):
    with pytest.raises(ic.UnsupportedModel, match="head_statistics"):
        image_head_statistics(sentiment, ["a"])

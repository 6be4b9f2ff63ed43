"""Layers of two models over the same texts."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic


def test_a_model_against_itself_is_1_in_every_layer(base, texts):
    table = ic.compare_representations(base, base, texts).by_depth()
    for name in ("cka", "rsa", "neighbours"):
        np.testing.assert_allclose(table[name], 1, atol=1e-6)
        np.testing.assert_allclose(table[f"{name}_low"], 1, atol=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_every_pair_of_layers_is_that_of_the_pooled_vectors(base, tuned, texts, pooling):
    found = ic.compare_representations(base, tuned, texts, pooling=pooling)
    assert found.debiased  # 24 texts, 32 dimensions
    assert len(found.table) == 9
    vectors = [
        ic.token_vectors(each, texts, layer=layer, pooling=pooling).values
        for each, layer in ((base, 1), (tuned, 2))
    ]
    row = found.table.query("first_layer == 1 and second_layer == 2").iloc[0]
    for name, measure in (("cka", ic.cka), ("rsa", ic.rsa), ("neighbours", ic.mutual_neighbours)):
        truth = measure(*vectors)
        assert row[name] == pytest.approx(truth.value, abs=1e-3)
        assert row[f"{name}_low"] == pytest.approx(truth.low, abs=2e-3)


def test_layers_before_the_change_stay_1_and_those_behind_do_not(base, tuned, texts):
    table = ic.compare_representations(base, tuned, texts).by_depth()
    np.testing.assert_allclose(table["cka"][:2], 1, atol=1e-6)
    assert table["cka"][2] < 0.999


def test_models_of_any_kind_are_compared_by_depth(base, tiny_model, texts):
    found = ic.compare_representations(base, tiny_model("albert"), texts)
    assert found.layers == (3, 4)
    table = found.by_depth()
    assert list(table["second_layer"]) == [0, 1, 2, 3]
    assert list(table["first_layer"]) == [0, 1, 1, 2]
    assert table["cka"].notna().all()
    other = ic.compare_representations(base, ic.load_model("sentiment-lstm"), texts)
    assert other.layers == (3, 2)


def test_texts_that_a_model_cannot_read_are_left_out_and_counted(base, texts):
    found = ic.compare_representations(base, base, [*texts[:6], "", "word " * 100])
    assert (found.texts, found.left_out) == (6, 2)
    with pytest.raises(ic.BadInput, match="Both models can read 2 of the 3 texts"):
        ic.compare_representations(base, base, [*texts[:2], ""])
    with pytest.raises(ic.BadInput, match="pooling"):
        ic.compare_representations(base, base, texts, pooling="max")


def test_it_can_be_stopped(base, texts):
    with pytest.raises(ic.Stopped):
        ic.compare_representations(base, base, texts, progress=lambda done, whole: False)

"""Attention of the same texts in two models: distances, paired changes, another order of heads."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ttest_rel

import interp_core as ic


@pytest.fixture(scope="module")
def found(base, tuned, texts):
    return ic.compare_attention(base, tuned, texts)


def test_a_model_against_itself_has_no_distance_and_no_change(base, texts):
    found = ic.compare_attention(base, base, texts[:6])
    assert not found.heads_frame()["distance"].any()
    table = found.table("entropy")
    assert not table["difference"].any()
    assert not table["real"].any()
    assert found.reordered == ()


def test_the_distance_is_that_of_scipy(base, tuned, found, texts):
    truth = []
    for text in texts:
        one, two = (ic.attention_maps(each, text).weights[1] for each in (base, tuned))
        truth.append(np.square(jensenshannon(one, two, axis=-1)).mean(-1))
    np.testing.assert_allclose(found.distances.means[1], np.mean(truth, 0), rtol=1e-3, atol=1e-6)
    error = np.std(truth, 0, ddof=1) / np.sqrt(len(texts))
    np.testing.assert_allclose(found.distances.errors[1], error, rtol=1e-2, atol=1e-6)


def test_only_the_changed_layer_has_changed_heads(found):
    table = found.table("entropy")
    before, after = table[table["layer"] == 0], table[table["layer"] == 1]
    assert not before["real"].any()
    assert before["distance"].max() < 1e-6
    assert after["real"].any()
    assert after["distance"].min() > 1e-4


def test_statistics_are_those_of_each_model_and_their_difference_is_paired(
    base, tuned, found, texts
):
    sides = [ic.head_statistics(each, texts) for each in (base, tuned)]
    table = found.table("entropy")
    for name, side in zip(("first", "second"), sides):
        np.testing.assert_allclose(table[name], side.frame["entropy"], rtol=1e-5)
    single = [
        [ic.head_statistics(each, text).frame["entropy"].to_numpy() for text in texts]
        for each in (base, tuned)
    ]
    change = np.array(single[1]) - np.array(single[0])
    error = change.std(0, ddof=1) / np.sqrt(len(texts))
    np.testing.assert_allclose(table["se"][4:], error[4:], rtol=1e-3)
    truth = ttest_rel(np.array(single[1]), np.array(single[0])).pvalue
    np.testing.assert_allclose(table["p"][4:], truth[4:], rtol=2e-2, atol=1e-12)


def test_heads_in_another_order_are_reported_as_that_and_not_as_change(base, reordered, texts):
    found = ic.compare_attention(base, reordered, texts)
    assert found.reordered == (1,)
    np.testing.assert_array_equal(found.order[1], [1, 2, 0, 3])
    assert found.heads_frame()["distance"].max() < 1e-5
    np.testing.assert_allclose(found.table("entropy")["difference"], 0, atol=1e-4)


def test_models_whose_heads_cannot_be_matched_are_refused(base, tiny_model, texts):
    with pytest.raises(ic.BadInput, match="number of layers or heads"):
        ic.compare_attention(base, tiny_model("albert"), texts)
    with pytest.raises(ic.UnsupportedModel, match="no attention"):
        ic.compare_attention(base, ic.load_model("sentiment-lstm"), texts)
    with pytest.raises(ic.BadInput, match="entropic"):
        ic.compare_attention(base, base, texts[:2]).table("entropic")

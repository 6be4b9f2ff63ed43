"""Head statistics of hand-made attention, where every number is known beforehand."""

import numpy as np
import pandas as pd
import pytest
import torch

import interp_core as ic
from interp_core.heads.measure import NAMES, layer_values
from interp_core.heads.patterns import FEATURES, AllowedKeys
from interp_core.heads.similarity import clustered_order, head_map, redundancy_groups
from interp_core.heads.tables import ROLES
from interp_core.inputs.batching import PaddedBatch
from interp_core.models.layout import Layout

CEILING = np.log(64)


def batch(n, *, left=0, right=0, ids=None):
    """One text of n tokens, special at both ends, padded on either side."""
    whole = left + n + right
    mask = torch.zeros(1, whole, dtype=torch.bool)
    mask[:, left : left + n] = True
    special = torch.zeros_like(mask)
    special[:, left] = special[:, left + n - 1] = True
    separator = torch.zeros_like(mask)
    separator[:, left + n - 1] = True
    numbers = torch.full((1, whole), 99)
    numbers[:, left : left + n] = torch.arange(n) if ids is None else torch.tensor(ids)
    nothing = torch.zeros_like(mask)
    return PaddedBatch((0,), numbers, mask, special, separator, nothing, {})


def numbers(weights, sight):
    """Statistics of the first head by name."""
    nothing = torch.zeros(len(weights), 0, weights.shape[-1])
    return dict(zip(NAMES, layer_values(weights, sight, nothing, CEILING).values[0, 0]))


def wide(a):
    return torch.as_tensor(a, dtype=torch.float32)[None, None]


@pytest.mark.parametrize("n", [2, 7, 31])
def test_uniform_attention_has_the_entropy_ln_n_and_normalised_one(n):
    found = numbers(wide(np.full((n, n), 1 / n)), AllowedKeys(batch(n), False, None))
    assert found["entropy"] == pytest.approx(np.log(n), abs=1e-6)
    assert found["entropy_normalised"] == pytest.approx(1, abs=1e-6)
    assert found["effective_keys"] == pytest.approx(n, rel=1e-6)
    assert found["confidence"] == pytest.approx(1 / n, abs=1e-6)
    assert found["share_first"] == pytest.approx(1 / n, abs=1e-6)
    assert found["distance"] == pytest.approx((n * n - 1) / (3 * n), rel=1e-6)
    assert found["offset"] == pytest.approx(0, abs=1e-6)


def test_one_hot_attention_has_no_entropy_and_full_confidence():
    found = numbers(wide(np.eye(9)), AllowedKeys(batch(9), False, None))
    for name in ("entropy", "entropy_normalised", "distance"):
        assert found[name] == pytest.approx(0, abs=1e-6)
    for name in ("effective_keys", "confidence", "share_self"):
        assert found[name] == pytest.approx(1)


@pytest.mark.parametrize("window", [None, 4])
def test_a_causal_uniform_head_has_normalised_one_in_every_row(window):
    sight = AllowedKeys(batch(12), True, window)
    values = layer_values(sight.uniform, sight, torch.zeros(1, 0, 12), CEILING)
    normalised, counts = values.values[0, 0, 1], values.histograms[1, 0]
    assert normalised == pytest.approx(1, abs=1e-6)
    assert counts.sum() == 11  # the row with a single key is left out
    assert counts[-1] == 11


def test_rows_that_cannot_look_back_do_not_count_against_a_previous_token_head():
    a = np.eye(8, k=-1)
    a[0, 0] = 1
    found = numbers(wide(a), AllowedKeys(batch(8), True, None))
    assert found["share_previous"] == pytest.approx(1)
    assert found["share_self"] == pytest.approx(1 / 8)
    assert found["offset"] == pytest.approx(-7 / 8)
    assert found["share_local"] == pytest.approx(1)


def test_a_next_token_head_is_measured_over_the_rows_that_have_a_next_token():
    a = np.eye(8, k=1)
    a[7, 7] = 1
    found = numbers(wide(a), AllowedKeys(batch(8), False, None))
    assert found["share_next"] == pytest.approx(1)
    assert found["share_previous"] == pytest.approx(0, abs=1e-6)


def test_a_sink_head_is_measured_without_the_causal_row_that_has_no_choice():
    a = np.zeros((6, 6))
    a[:, 0] = [1, 0.5, 0.5, 0.5, 0.5, 0.5]
    a[np.arange(1, 6), np.arange(1, 6)] = 0.5
    assert numbers(wide(a), AllowedKeys(batch(6), True, None))["share_first"] == pytest.approx(0.5)


def test_repeated_tokens_are_other_places_of_the_same_token():
    ids = [0, 5, 6, 5, 7, 5]
    a = np.full((6, 6), 1 / 6)
    found = numbers(wide(a), AllowedKeys(batch(6, ids=ids), False, None))
    assert found["share_repeated"] == pytest.approx(2 / 6)
    alone = numbers(wide(a), AllowedKeys(batch(6), False, None))
    assert np.isnan(alone["share_repeated"])


def test_separators_to_themselves_and_others_to_separators_are_told_apart():
    a = np.full((5, 5), 0.1)
    a[:, 4] = [0.6, 0.6, 0.6, 0.6, 0.0]
    found = numbers(wide(a), AllowedKeys(batch(5), False, None))
    assert found["separator_to_separator"] == pytest.approx(0)
    assert found["others_to_separator"] == pytest.approx(0.6)
    assert found["share_separator"] == pytest.approx(0.48)


@pytest.mark.parametrize(("left", "right"), [(0, 1), (3, 0), (0, 9), (5, 4), (30, 0)])
@pytest.mark.parametrize("causal", [True, False])
def test_padding_of_any_length_on_either_side_changes_nothing(left, right, causal):
    chance, n = np.random.default_rng(0), 9
    ids = [0, 3, 4, 3, 5, 6, 3, 4, 1]
    alone = AllowedKeys(batch(n, ids=ids), causal, None)
    a = chance.random((n, n)) * alone.allowed[0].numpy()
    a /= a.sum(1, keepdims=True)
    quantity = chance.random((1, 1, n))
    padded_quantity = np.pad(quantity, ((0, 0), (0, 0), (left, right)), constant_values=7)
    size = left + n + right
    padded = np.full((size, size), 1 / size)  # what softmax leaves in rows without a token
    padded[left : left + n] = 0
    padded[left : left + n, left : left + n] = a
    sight = AllowedKeys(batch(n, left=left, right=right, ids=ids), causal, None)
    short = layer_values(wide(a), alone, torch.from_numpy(quantity), CEILING)
    long = layer_values(wide(padded), sight, torch.from_numpy(padded_quantity), CEILING)
    np.testing.assert_allclose(long.values, short.values, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(long.histograms, short.histograms)


def test_the_profile_is_the_whole_attention_by_offset():
    chance = np.random.default_rng(1)
    a = chance.dirichlet(np.ones(30), 30)
    found = numbers(wide(a), AllowedKeys(batch(30), False, None))
    profile = {int(k.split("_")[1]): v for k, v in found.items() if k.startswith("profile")}
    assert sum(profile.values()) == pytest.approx(1, abs=1e-6)
    assert profile[-3] == pytest.approx(np.trace(a, -3) / 30, abs=1e-6)
    far = sum(np.trace(a, step) for step in range(9, 30)) / 30
    assert profile[9] == pytest.approx(far, abs=1e-6)


def test_correlation_looks_at_the_tokens_of_the_text_only():
    a = np.zeros((6, 6))
    a[:, 1:5] = [0.1, 0.2, 0.3, 0.4]
    quantity = torch.tensor([[[1000.0, 1, 2, 3, 4, -1000]]])
    sight = AllowedKeys(batch(6), False, None)
    assert layer_values(wide(a), sight, quantity, 1).values[0, 0, -1] == pytest.approx(1)
    assert layer_values(wide(a), sight, -quantity, 1).values[0, 0, -1] == pytest.approx(-1)
    flat = torch.ones_like(quantity)
    assert np.isnan(layer_values(wide(a), sight, flat, 1).values[0, 0, -1])


# ------------------------------------------------------------------------------------ models


def hand_made(tiny_model, family, attention):
    """A loaded model whose every head attends as `attention(n)` says, (n, n)."""
    from dataclasses import replace

    from transformers.modeling_outputs import BaseModelOutput

    class Hand(torch.nn.Module):
        base_model_prefix = ""

        def __init__(self, model):
            super().__init__()
            self.config, self.inner, self.layers = model.model.config, model.model, 2

        @property
        def base_model(self):
            return self

        def get_input_embeddings(self):
            return self.inner.get_input_embeddings()

        def forward(self, input_ids, attention_mask, output_attentions=False, **_):
            n = input_ids.shape[1]
            a = torch.zeros(len(input_ids), 4, n, n)
            for row, count in enumerate(attention_mask.sum(1)):
                made = torch.as_tensor(attention(int(count)), dtype=torch.float32)
                a[row, :, :count, :count] = made
            return BaseModelOutput(attentions=(a,) * self.layers if output_attentions else None)

    model = tiny_model(family)
    layout = Layout(2, 4, (0, 1), 4, (None, None), model.layout.causal)
    return replace(model, model=Hand(model), layout=layout)


def previous(n):
    a = np.eye(n, k=-1)
    a[0, 0] = 1
    return a


def following(n):
    return previous(n)[::-1, ::-1].copy()


def to_last(n):
    a = np.zeros((n, n))
    a[:, -1] = 1
    return a


def to_first(n):
    return to_last(n)[:, ::-1].copy()


@pytest.mark.parametrize(
    ("family", "attention", "role"),
    [
        ("bert", previous, "previous token"),
        ("gpt2", previous, "previous token"),
        ("bert", following, "next token"),
        ("bert", to_last, "separator"),
        ("bert", to_first, "first token"),
        ("bert", np.eye, "self"),
        ("bert", lambda n: np.full((n, n), 1 / n), "broad"),
        ("bert", lambda n: 0.5 * (to_first(n) + to_last(n)), "none"),
    ],
)
def test_a_hand_made_model_gets_the_label_of_its_heads(tiny_model, family, attention, role):
    model = hand_made(tiny_model, family, attention)
    texts = ["the actors know what they are doing", "words look back at the model"]
    statistics = ic.head_statistics(model, texts)
    assert (statistics.frame["role"] == role).all()
    assert (statistics.frame["group"] == 0).all()  # all heads are the same
    np.testing.assert_allclose(statistics.distances, 0, atol=1e-6)


def test_an_induction_head_is_found_by_its_score(tiny_model):
    def induction(n):
        period = (n - 1) // 2 if n % 2 else n // 2
        return np.eye(n, k=-(period - 1)) + np.eye(n, k=n - period + 1)

    model = hand_made(tiny_model, "gpt2", induction)
    frame = ic.head_statistics(model, "the plot is not bad at all").frame
    np.testing.assert_allclose(frame["induction_score"], 1)
    assert (frame["role"] == "induction").all()
    np.testing.assert_allclose(frame["duplicate_token_score"], 0, atol=1e-6)


def test_each_role_begins_above_its_own_threshold():
    for role in ROLES:
        for step, expected in ((-1e-6, "none"), (1e-6, role.name)):
            row = dict.fromkeys((each.column for each in ROLES), 0.0)
            row[role.column] = role.threshold + step
            assert ic.role_labels(pd.DataFrame([row]))[0] == expected
    assert set(ic.role_table()["role"]) == {role.name for role in ROLES}


def test_the_more_specific_role_wins():
    frame = pd.DataFrame([{"induction_score": 0.9, "share_previous": 0.9, "share_self": 0.9}])
    assert ic.role_labels(frame)[0] == "induction"


# ------------------------------------------------------------------------ groups and the map


def test_heads_within_the_limit_form_a_group_and_others_stay_alone():
    places = np.array([0.0, 0.01, 0.02, 0.5, 0.51, 0.9])
    distances = np.abs(places[:, None] - places)
    assert redundancy_groups(distances, 0.05).tolist() == [0, 0, 0, 1, 1, -1]
    assert redundancy_groups(distances, 0.001).tolist() == [-1] * 6
    assert redundancy_groups(distances, 1.0).tolist() == [0] * 6


def test_the_clustered_order_puts_twins_side_by_side():
    places = np.array([0.0, 0.5, 0.01, 0.9, 0.51])
    order = clustered_order(np.abs(places[:, None] - places)).tolist()
    assert sorted(order) == list(range(5))
    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(4)) == 1


def test_the_map_brings_back_distances_that_fit_in_a_plane():
    points = np.random.default_rng(0).random((12, 2))
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    found, stress = head_map(distances)
    np.testing.assert_allclose(
        np.linalg.norm(found[:, None] - found, axis=-1), distances, atol=1e-6
    )
    assert stress < 1e-6
    np.testing.assert_array_equal(head_map(distances)[0], found)


def test_the_map_is_nearly_as_good_as_scikit_learns_best_of_four():
    from sklearn.manifold import smacof

    chance = np.random.default_rng(2)
    points = chance.random((25, 6))
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    _, stress = head_map(distances)
    theirs, _ = smacof(distances, n_components=2, n_init=4, random_state=0, metric=True)
    again = np.linalg.norm(theirs[:, None] - theirs, axis=-1)
    peer = np.sqrt(np.square(again - distances).sum() / np.square(distances).sum())
    assert stress <= peer * 1.05


def test_every_feature_has_a_name_of_its_own_in_the_frame():
    assert len(set(NAMES)) == len(NAMES)
    assert set(FEATURES) <= set(NAMES)

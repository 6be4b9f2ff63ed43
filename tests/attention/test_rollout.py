"""Rollout and flow against values worked out by hand, closed forms, and networkx."""

from math import comb

import networkx as nx
import numpy as np
import pytest

import interp_core as ic

# Two layers of one head over two tokens.
FIRST = np.array([[1.0, 0.0], [0.5, 0.5]])
SECOND = np.array([[0.2, 0.8], [0.6, 0.4]])
TWO_LAYERS = np.stack([FIRST, SECOND])[:, None]
# Half of each plus half the identity:
MIXED_FIRST = np.array([[1.0, 0.0], [0.25, 0.75]])
MIXED_SECOND = np.array([[0.6, 0.4], [0.3, 0.7]])


def random_maps(layers, heads, size, seed=0):
    raw = np.random.default_rng(seed).random((layers, heads, size, size)) ** 4
    return (raw / raw.sum(-1, keepdims=True)).astype(np.float32)


def uniform(layers, size):
    return np.full((layers, 3, size, size), 1 / size)


def previous_token(layers, size):
    step = np.eye(size, k=-1)
    step[0, 0] = 1
    return np.broadcast_to(step, (layers, 1, size, size)).copy()


def test_heads_that_have_no_key_in_common_leave_a_query_to_itself_under_the_minimum():
    weights = np.zeros((1, 2, 3, 3))
    weights[0, 0, :, 1] = weights[0, 1, :, 2] = 1
    found = ic.attention_rollout(weights, residual=0, fuse="min")
    np.testing.assert_array_equal(found[0], np.eye(3))


def test_rollout_of_two_layers_by_hand():
    rolled = ic.attention_rollout(TWO_LAYERS)
    np.testing.assert_allclose(rolled[0], MIXED_FIRST)
    # Row 0: .6 (1, 0) + .4 (.25, .75); row 1: .3 (1, 0) + .7 (.25, .75).
    np.testing.assert_allclose(rolled[1], [[0.7, 0.3], [0.475, 0.525]])


@pytest.mark.parametrize("layers", [1, 2, 6])
def test_rollout_of_uniform_attention_keeps_a_power_of_one_half_of_the_token_itself(layers):
    size = 7
    expected = (1 - 0.5**layers) / size + 0.5**layers * np.eye(size)
    np.testing.assert_allclose(ic.attention_rollout(uniform(layers, size))[-1], expected)


def test_rollout_of_previous_token_heads_shifts_binomially():
    layers, size = 6, 10
    last_row = ic.attention_rollout(previous_token(layers, size))[-1][size - 1]
    shifts = [comb(layers, shift) / 2**layers for shift in range(layers + 1)]
    np.testing.assert_allclose(last_row[::-1][: layers + 1], shifts)
    assert last_row[: size - layers - 1].sum() == 0


def test_rollout_rows_sum_to_one_and_causal_stays_causal():
    maps = random_maps(4, 3, 9) * np.tri(9)
    rolled = ic.attention_rollout(maps / maps.sum(-1, keepdims=True))
    np.testing.assert_allclose(rolled.sum(-1), 1)
    assert not np.triu(rolled, 1).any()


def test_rollout_without_residual_is_the_plain_product():
    np.testing.assert_allclose(
        ic.attention_rollout(TWO_LAYERS, residual=0)[-1],
        [[0.2 * 1 + 0.8 * 0.5, 0.8 * 0.5], [0.6 * 1 + 0.4 * 0.5, 0.4 * 0.5]],
    )


def test_rollout_of_the_residual_alone_is_the_identity():
    rolled = ic.attention_rollout(random_maps(3, 2, 5), residual=1)
    np.testing.assert_allclose(rolled, np.broadcast_to(np.eye(5), (3, 5, 5)))


@pytest.mark.parametrize(
    ("fuse", "expected"),
    [
        ("mean", [[0.5, 0.5], [0.25, 0.75]]),
        (
            "max",
            [[9 / 18, 9 / 18], [0.4 / 1.3, 0.9 / 1.3]],
        ),  # (.9, .9) and (.4, .9), over their sum
        ("min", [[1 / 2, 1 / 2], [0.1 / 0.7, 0.6 / 0.7]]),  # (.1, .1) and (.1, .6), over their sum
    ],
)
def test_heads_are_fused_and_rows_normalised_again(fuse, expected):
    heads = np.array([[[[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.4, 0.6]]]])
    np.testing.assert_allclose(ic.attention_rollout(heads, residual=0, fuse=fuse)[0], expected)


def test_fused_rows_are_normalised_before_the_residual_is_added():
    heads = np.array([[[[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.4, 0.6]]]])
    # Row 0: (.9, .9) becomes (.5, .5), and half of it with half of (1, 0) is (.75, .25).
    expected = [[0.75, 0.25], [0.2 / 1.3, 0.45 / 1.3 + 0.5]]
    np.testing.assert_allclose(ic.attention_rollout(heads, fuse="max")[0], expected)


def test_rollout_reads_the_record_of_a_model(tiny_model):
    maps = ic.attention_maps(tiny_model("bert"), "A model looks at words.")
    half = 0.5 * maps.weights.astype(float).mean(1) + 0.5 * np.eye(len(maps.tokens))
    np.testing.assert_allclose(ic.attention_rollout(maps)[-1], half[1] @ half[0], atol=1e-6)


def test_flow_with_one_layer_is_the_mixing_matrix():
    maps = random_maps(1, 4, 6)
    mixed = 0.5 * maps[0].astype(float).mean(0) + 0.5 * np.eye(6)
    for target in range(6):
        np.testing.assert_allclose(ic.attention_flow(maps, target), mixed[target], atol=1e-7)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        # Into (2, 0) go .6 from (1, 0) and .4 from (1, 1).
        # Token 0 sends 1 to (1, 0) and .25 to (1, 1): min(1, .6) + min(.25, .4) = .85.
        # Token 1 sends 0 to (1, 0) and .75 to (1, 1): min(.75, .4) = .4.
        (0, [0.85, 0.4]),
        # Into (2, 1) go .3 and .7: token 0 min(1, .3) + min(.25, .7) = .55, token 1 min(.75, .7).
        (1, [0.55, 0.7]),
    ],
)
def test_flow_of_two_layers_by_hand(target, expected):
    np.testing.assert_allclose(ic.attention_flow(TWO_LAYERS, target), expected, atol=1e-7)


def test_flow_equals_networkx_on_a_random_graph_of_three_layers():
    layers, size, target = 3, 5, 3
    maps = random_maps(layers, 2, size, seed=1)
    graph = nx.DiGraph()
    for layer in range(layers):
        mixed = 0.5 * maps[layer].astype(float).mean(0) + 0.5 * np.eye(size)
        for query in range(size):
            for key in range(size):
                graph.add_edge((layer, key), (layer + 1, query), capacity=mixed[query, key])
    expected = [
        nx.maximum_flow_value(graph, (0, source), (layers, target)) for source in range(size)
    ]
    np.testing.assert_allclose(ic.attention_flow(maps, target), expected, atol=1e-7)


def test_no_flow_comes_from_the_future_of_a_causal_model():
    maps = random_maps(3, 2, 6) * np.tri(6)
    flow = ic.attention_flow(maps / maps.sum(-1, keepdims=True), 2)
    assert (flow[:3] > 0).all()
    assert not flow[3:].any()


@pytest.mark.parametrize("target", [-1, 2])
def test_flow_to_a_token_that_does_not_exist_is_refused(target):
    with pytest.raises(ic.BadInput, match="tokens go from 0 to 1"):
        ic.attention_flow(TWO_LAYERS, target)


@pytest.mark.parametrize("residual", [-0.1, 1.1, float("nan")])
def test_residual_outside_zero_to_one_is_refused(residual):
    with pytest.raises(ic.BadInput, match="between 0 and 1"):
        ic.attention_rollout(TWO_LAYERS, residual=residual)


def test_unknown_fusion_is_refused_with_the_known_ones():
    with pytest.raises(ic.BadInput, match="mean, max, min"):
        ic.attention_rollout(TWO_LAYERS, fuse="median")


def test_cross_attention_is_refused():
    with pytest.raises(ic.BadInput, match="self-attention"):
        ic.attention_rollout(np.ones((1, 1, 2, 3)) / 3)

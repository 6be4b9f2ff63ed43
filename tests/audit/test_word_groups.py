"""Word groups: shares and lifts known by hand, 1 for uniform attention, NumPy on kept maps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.audit.head_lift import attention_lift
from interp_core.audit.resampling import group_difference, sign_flip
from interp_core.audit.word_groups import (
    CONTENT,
    FILLER,
    attribution_shares,
    group_spans,
    token_groups,
)

TEXTS = [
    "The film isn't very good, but I liked it.",
    "It was not bad at all.",
    "A great story!",
    "Nobody could call the dull plot clever, honestly.",
]


def words_of(text, own=None):
    (found,) = group_spans([text], own)
    return {name: [text[start:end] for start, end in spans] for name, spans in found.items()}


def test_groups_are_found_as_words_and_phrases():
    found = words_of(TEXTS[0], {"domain": ["film", "ilm"]})
    assert found["negation"] == ["isn't"]
    assert found["intensifier"] == ["very"]
    assert found["contrast"] == ["but"]
    assert found["domain"] == ["film"]
    assert found[FILLER] == ["The", ",", "I", "it", "."]
    assert words_of("Far from it, you know.")["negation"] == ["Far from"]
    assert "you know" in words_of("Far from it, you know.")[FILLER]


def test_a_token_belongs_where_one_of_its_characters_does():
    offsets = [(0, 0), (0, 3), (3, 6), (7, 9), None]
    found = token_groups({"a": [(2, 4)]}, ["a"], offsets, 9)
    assert found.tolist() == [
        [False, True, True, False, False],
        [False, False, False, True, False],
    ]


@pytest.mark.parametrize("own", [{"a": []}, {"a": ["x" * 99]}, {CONTENT: ["x"]}])
def test_groups_of_ones_own_are_checked(own):
    with pytest.raises(ic.BadInput):
        list(group_spans(["x"], own))


def test_shares_are_those_of_the_weights(words_model):
    model = words_model({"not": -1.0, "bad": -2.0, "very": 0.5, "story": 0.5, "it": 0.25})
    texts = ["It was not bad.", "A very very bad story."]
    found = attribution_shares(model, texts, list(group_spans(texts)))
    column = {name: place for place, name in enumerate(found.names)}
    first = dict(zip(found.names, found.share[0]))
    # Words It was not bad . weigh .25 0 1 2 0 of 3.25; "It", "was" and "." are fillers.
    assert first["negation"] == pytest.approx(1 / 3.25)
    assert first[FILLER] == pytest.approx(0.25 / 3.25)
    assert first[CONTENT] == pytest.approx(2 / 3.25)
    assert np.isnan(first["intensifier"])
    # A very very bad story . weigh 0 .5 .5 2 .5 0 of 3.5.
    assert found.share[1, column["intensifier"]] == pytest.approx(1 / 3.5)
    assert found.even[1, column["intensifier"]] == pytest.approx(2 / 6)
    table = found.frame().set_index("group")
    assert table.loc["intensifier", "lift"] == pytest.approx((1 / 3.5) / (2 / 6))
    assert table.loc[CONTENT, "n"] == 2


def test_a_model_that_ignores_not_gives_it_nothing_and_one_that_reads_it_does(words_model):
    texts = [f"It was not {word}." for word in ("good", "bad", "great", "dull") for _ in range(4)]
    weights = {"good": 1.0, "bad": -1.0, "great": 2.0, "dull": -2.0, "not": 0.0}
    spans = list(group_spans(texts))
    deaf = attribution_shares(words_model(weights), texts, spans, method="leave_one_out")
    reads = attribution_shares(
        words_model(weights, negates=True), texts, spans, method="leave_one_out"
    )
    without, with_it = (each.frame().set_index("group") for each in (deaf, reads))
    assert without.loc["negation", "lift"] == 0
    assert without.loc["negation", "q"] < 0.01  # less than content words
    assert with_it.loc["negation", "lift"] > 2
    assert with_it.loc["negation", "lift"] > with_it.loc[CONTENT, "lift"]


def test_uniform_attention_has_a_lift_of_one(tiny_model):
    for family in ("bert", "gpt2"):
        model = even(tiny_model(family))
        spans = [{"first": [(0, 1)], "last": [(6, 7)]}, {"first": [(0, 1)], "last": [(2, 5)]}]
        found = attention_lift(model, ["a b c d", "a b c"], spans)
        present = np.isfinite(found.lift)  # the second text has no content word
        assert present[..., 0, 0].tolist() == [[True, True, True], [True, True, False]]
        np.testing.assert_allclose(found.lift[present], 1, atol=1e-5)


def even(model):
    """The model with queries that are all zero, so that attention is uniform."""
    import copy

    network = copy.deepcopy(model.model)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if ".query." in name:
                value.zero_()
            elif name.endswith(("c_attn.weight", "c_attn.bias")):
                value[..., : value.shape[-1] // 3] = 0
    return dataclasses.replace(model, model=network)


@pytest.mark.parametrize("family", ["sentiment", "gpt2"])
def test_lift_equals_numpy_on_kept_maps(family, sentiment, tiny_model):
    model = sentiment if family == "sentiment" else tiny_model(family)
    texts = TEXTS if family == "sentiment" else ["a b c d b", "b a", "c c a b"]
    own = {"b": ["b"]} if family == "gpt2" else None
    spans = list(group_spans(texts, own))
    scores = [
        np.random.default_rng(row).normal(size=len(ic.attention_maps(model, text).tokens))
        for row, text in enumerate(texts)
    ]
    found = attention_lift(model, texts, spans, scores=scores)
    for row, text in enumerate(texts):
        maps = ic.attention_maps(model, text)
        weights, n = maps.weights, len(maps.tokens)
        allowed = np.tril(np.ones((n, n))) if model.layout.causal else np.ones((n, n))
        uniform = allowed / allowed.sum(1, keepdims=True)
        offsets = model.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        marks = token_groups(spans[row], found.names[:-1], offsets, len(text))
        for place, mark in enumerate(marks):
            lift = found.lift[row, place]
            if not mark.any():
                assert np.isnan(lift).all()
                continue
            expected = weights[..., mark].sum((-1, -2)) / uniform[:, mark].sum()
            np.testing.assert_allclose(lift, expected, atol=2e-5)
        own_tokens = ~maps.special
        if own_tokens.sum() < 3:
            assert np.isnan(found.alignment[row]).all()
            continue
        from scipy.stats import spearmanr

        over = weights.sum(-2) / uniform.sum(0)
        rho = spearmanr(over[1, 2][own_tokens], np.abs(scores[row])[own_tokens]).statistic
        assert found.alignment[row, 1, 2] == pytest.approx(rho, abs=1e-5)


def test_texts_that_cannot_be_read_are_told_and_leave_gaps(sentiment):
    texts = [TEXTS[0], "word " * 2000, TEXTS[1]]
    found = attention_lift(sentiment, texts, list(group_spans(texts)))
    assert found.read.tolist() == [True, False, True]
    assert found.problems[0].startswith("Text 2")
    table = found.frame()
    assert set(table["n"]) == {1, 2, 0} & set(table["n"])
    assert len(table) == (len(found.names) - 1) * 72


def test_a_head_that_passes_over_negation_in_wrong_texts_is_found_and_no_other():
    from interp_core.audit.head_lift import HeadLift

    rng = np.random.default_rng(0)
    lift = rng.lognormal(0, 0.3, size=(120, 2, 2, 3)).astype(np.float32)
    right = np.arange(120) % 3 > 0
    lift[~right, 0, 1, 2] *= 0.3
    table = HeadLift(("negation", CONTENT), (0, 1), lift, np.zeros((0, 2, 3)), right).frame(right)
    named = table[table["q wrong"] < 0.05]
    assert named[["layer", "head"]].to_numpy().tolist() == [[1, 2]]
    assert named["change"].iloc[0] < 0
    none = HeadLift(("negation", CONTENT), (0, 1), lift, np.zeros((0, 2, 3)), right)
    assert not (none.frame(rng.permutation(right))["q wrong"] < 0.05).any()


def test_permutation_tests_have_their_size():
    rng = np.random.default_rng(3)
    values = rng.exponential(size=(60, 400))
    chosen = np.arange(60) < 20
    _, p = group_difference(values, chosen, seed=1)
    signs = sign_flip(rng.laplace(size=(40, 400)), seed=1, draws=2_000)
    from scipy.stats import kstest

    for found in (p, signs):
        assert kstest(found, "uniform").pvalue > 0.01
        assert (found < 0.05).mean() == pytest.approx(0.05, abs=0.03)


def test_tests_equal_scipys_where_all_arrangements_are_tried():
    from scipy.stats import permutation_test

    rng = np.random.default_rng(5)
    values = rng.normal(0.4, 1, size=9)
    exact = permutation_test(
        (values,), lambda x, axis: x.mean(axis), permutation_type="samples", n_resamples=np.inf
    )
    assert float(sign_flip(values)) == pytest.approx(exact.pvalue)
    one, two = values[:4], values[4:]
    gap, p = group_difference(values[:, None], np.arange(9) < 4, draws=20_000)
    exact = permutation_test(
        (one, two), lambda x, y, axis: x.mean(axis) - y.mean(axis), n_resamples=np.inf
    )
    assert gap[0] == pytest.approx(one.mean() - two.mean())
    assert p[0] == pytest.approx(exact.pvalue, abs=0.02)


def test_every_figure_of_a_group_has_its_count(sentiment):
    found = attribution_shares(sentiment, TEXTS, list(group_spans(TEXTS)), method="saliency")
    table = found.frame(np.array([True, False, True, True]))
    assert {"n", "low", "high", "p", "q", "wrong lift", "p wrong", "n wrong"} <= set(table)
    assert table["n"].max() == len(TEXTS)

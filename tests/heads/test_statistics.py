"""Head statistics equal a slow, independent computation from the kept maps, on every kind of model.

What the columns mean is written down once more in `slow_heads.py`.
"""

import numpy as np
import pytest

import interp_core as ic
from interp_core.heads.attention_hook import attention_hook
from interp_core.heads.covariates import _frequencies
from tests.heads.slow_heads import Slow
from tests.tiny_tokenizers import SENTENCES

TEXTS = [
    *SENTENCES,
    "Words look, words see; words know, and they know it.",
    "A model again!",
]
# Encoder, decoder, grouped queries, one-sided and two-sided windows, windows in some layers, an
# encoder of two stacks, sinks outside the map, no attention registry, layers without attention.
FAMILIES = ["bert", "gpt2", "llama", "mistral", "modernbert", "gemma3", "t5", "deberta-v2", "jamba"]
EXACT = {"rtol": 1e-6, "atol": 1e-6}


def standard_error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


@pytest.fixture(scope="module")
def both(tiny_model):
    def compute(family):
        model = tiny_model(family)
        return ic.head_statistics(model, TEXTS), Slow(model, TEXTS, _frequencies(model))

    return compute


@pytest.mark.parametrize("family", FAMILIES)
def test_every_column_equals_the_slow_computation(both, family):
    statistics, slow = both(family)
    frame = statistics.frame
    names = sorted({name for name, _, _ in slow.numbers})
    if slow.numbers["separator_to_separator", 0, 0].count(np.nan) == len(TEXTS):
        assert frame["separator_to_separator"].isna().all()
    for name in names:
        if np.isnan(slow.numbers[name, 0, 0]).all():
            assert frame[name].isna().all(), name
            continue
        np.testing.assert_allclose(frame[name], slow.column(name, np.mean), **EXACT, err_msg=name)
        spread = slow.column(name, lambda values: np.std(values, ddof=1))
        np.testing.assert_allclose(frame[f"{name}_std"], spread, **EXACT, err_msg=name)
        error = slow.column(name, standard_error)
        np.testing.assert_allclose(frame[f"{name}_se"], error, **EXACT, err_msg=name)
        if f"{name}_base" in frame:
            base = slow.base_column(name)
            np.testing.assert_allclose(frame[f"{name}_base"], base, **EXACT, err_msg=name)
            lift = np.divide(frame[name], base, out=np.full(len(base), np.nan), where=base > 0)
            np.testing.assert_allclose(frame[f"{name}_lift"], lift, **EXACT, err_msg=name)
    np.testing.assert_allclose(frame["entropy_bits"], frame["entropy"] / np.log(2), **EXACT)
    np.testing.assert_allclose(frame["consistency"], slow.consistency(), **EXACT)
    np.testing.assert_allclose(statistics.distances, np.mean(slow.distances, 0), **EXACT)
    assert list(frame["layer"]) == list(np.repeat(slow.layers, slow.heads))
    assert list(frame["head"]) == list(range(slow.heads)) * len(slow.layers)
    assert (frame["texts"] == len(TEXTS)).all()


@pytest.mark.parametrize("family", ["bert", "mistral"])
def test_quantiles_are_those_of_all_query_rows_to_one_bin(both, family):
    statistics, slow = both(family)
    bin_width = {"entropy": statistics.ceiling / 512, "normal": 1 / 512, "confidence": 1 / 512}
    columns = {"entropy": "entropy", "normal": "entropy_normalised", "confidence": "confidence"}
    for name, column in columns.items():
        for share in (5, 25, 50, 75, 95):
            found = statistics.frame[f"{column}_q{share:02d}"]
            for value, rows in zip(found, slow.rows.values()):
                every = sorted(rows[name])
                low = np.quantile(every, share / 100, method="lower")
                high = np.quantile(every, share / 100, method="higher")
                slack = bin_width[name] + 1e-6
                assert low - slack <= value <= high + slack, (column, share)


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "modernbert", "jamba", "deberta-v2"])
def test_a_batch_gives_the_statistics_of_single_texts(tiny_model, family):
    model = tiny_model(family)
    together = ic.head_statistics(model, TEXTS)
    for size in (1, 3):
        again = ic.head_statistics(model, TEXTS, batch_size=size)
        compare(together, again, 1e-6)


def test_the_attention_call_is_watched_where_the_architecture_allows(tiny_model):
    for family in ("bert", "gpt2", "llama", "mistral", "modernbert", "gemma3", "t5", "gpt-oss"):
        assert attention_hook(tiny_model(family)).watched is not None, family
    assert attention_hook(tiny_model("deberta-v2")).watched is None


def test_a_model_whose_rows_do_not_sum_to_one_says_so(tiny_model):
    frame = ic.head_statistics(tiny_model("gpt-oss"), TEXTS).frame
    slow = Slow(tiny_model("gpt-oss"), TEXTS)
    np.testing.assert_allclose(frame["mass"], slow.column("mass", np.mean), **EXACT)
    assert (frame["mass"] < 0.99).all()


def test_watching_leaves_the_model_as_it_was(tiny_model):
    model = tiny_model("bert")
    before = ic.attention_maps(model, TEXTS[0]).weights
    ic.head_statistics(model, TEXTS[:2])
    assert model.backend == "eager"
    np.testing.assert_allclose(ic.attention_maps(model, TEXTS[0]).weights, before, atol=1e-6)


def test_given_scores_are_correlated_over_the_tokens_of_the_text(tiny_model):
    model = tiny_model("bert")
    chance = np.random.default_rng(0)
    lengths = [len(ic.attention_maps(model, text).tokens) for text in TEXTS]
    scores = [chance.normal(size=length) for length in lengths]
    frame = ic.head_statistics(model, TEXTS, scores={"mine": scores}).frame
    expected = []
    for text, values in zip(TEXTS, scores):
        maps = ic.attention_maps(model, text)
        gets = maps.weights.astype(float).mean(2)[:, :, ~maps.special]
        expected.append(
            [[np.corrcoef(g, values[~maps.special])[0, 1] for g in layer] for layer in gets]
        )
    np.testing.assert_allclose(frame["correlation_mine"], np.mean(expected, 0).ravel(), **EXACT)


def test_scores_that_do_not_fit_the_texts_are_refused(tiny_model):
    model = tiny_model("bert")
    with pytest.raises(ic.BadInput, match="2 texts and 1"):
        ic.head_statistics(model, TEXTS[:2], scores={"mine": [np.zeros(3)]})
    with pytest.raises(ic.BadInput, match="has 3 scores"):
        ic.head_statistics(model, TEXTS[:1], scores={"mine": [np.zeros(3)]})


def test_gradient_norms_are_those_of_autograd(tiny_model):
    import torch

    model = tiny_model("bert-2-labels")
    frame = ic.head_statistics(model, TEXTS, quantities=["gradient_norm"]).frame
    expected = []
    for text in TEXTS:
        inputs = model.tokenizer(text, return_tensors="pt")
        point = model.model.get_input_embeddings()(inputs.pop("input_ids")).detach()
        point.requires_grad_()
        logits = model.model(inputs_embeds=point, **inputs).logits
        torch.nn.functional.cross_entropy(logits, logits.argmax(-1)).backward()
        maps = ic.attention_maps(model, text)
        norm = point.grad[0].norm(dim=-1).numpy()[~maps.special]
        gets = maps.weights.astype(float).mean(2)[:, :, ~maps.special]
        expected.append([[np.corrcoef(g, norm)[0, 1] for g in layer] for layer in gets])
    found = frame["correlation_gradient_norm"]
    np.testing.assert_allclose(found, np.mean(expected, 0).ravel(), atol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_scores_on_repeated_sequences_are_means_over_eligible_queries(tiny_model, family):
    import torch

    from interp_core.heads.induction import _sequences, _start

    model = tiny_model(family)
    period, start = 7, _start(model)
    assert bool(start) == (family == "llama")
    ids = _sequences(model, start, period, 3, 0)
    with torch.no_grad():
        maps = model.model(input_ids=ids, output_attentions=True).attentions
    a, first = torch.stack(maps).double().numpy(), len(start)
    for row in ids[:, first:]:
        assert len(set(row[:period].tolist())) == period
        assert row[:period].tolist() == row[period:].tolist()
    second = range(first + period, first + 2 * period)
    expected = {
        "previous_token_score": [a[..., i, i - 1] for i in range(1, first + 2 * period)],
        "duplicate_token_score": [a[..., i, i - period] for i in second],
        "induction_score": [a[..., i, i - period + 1] for i in second],
    }
    found = ic.induction_scores(model, period=period, sequences=3)
    for name, values in expected.items():
        truth = np.mean(values, axis=(0, 2)).ravel()
        np.testing.assert_allclose(found[name], truth, **EXACT)


def test_decoders_have_induction_scores_in_the_frame_and_encoders_have_none(tiny_model):
    assert "induction_score" in ic.head_statistics(tiny_model("gpt2"), TEXTS[:2]).frame
    assert "induction_score" not in ic.head_statistics(tiny_model("bert"), TEXTS[:2]).frame
    with pytest.raises(ic.BadInput, match="causal"):
        ic.induction_scores(tiny_model("bert"))


def test_wrong_texts_are_told_by_number(tiny_model):
    model = tiny_model("bert")
    for texts, error in (
        (["fine", "  "], ic.BadInput),
        (["fine", None], ic.BadInput),
        (["fine", "word " * 500], ic.InputTooLong),
        (["fine", "\ud800"], ic.BadInput),
    ):
        with pytest.raises(error, match="Text 2"):
            ic.head_statistics(model, texts)
    with pytest.raises(ic.BadInput):
        ic.head_statistics(model, [])
    with pytest.raises(ic.BadInput, match="quantity"):
        ic.head_statistics(model, ["fine"], quantities=["weight"])


def test_models_without_text_or_attention_are_refused(tiny_model):
    from dataclasses import replace

    with pytest.raises(ic.UnsupportedModel, match="images"):
        ic.head_statistics(tiny_model("vit"), ["fine"])
    model = tiny_model("bert-2-labels")
    without = replace(model, layout=replace(model.layout, attention_layers=()))
    for compute in (ic.head_statistics, ic.head_importance):
        with pytest.raises(ic.UnsupportedModel, match="no attention"):
            compute(without, ["fine"])


def test_progress_counts_texts_and_can_stop(tiny_model):
    seen = []
    ic.head_statistics(
        tiny_model("bert"), TEXTS, batch_size=2, progress=lambda *done: seen.append(done)
    )
    assert seen[-1] == (len(TEXTS), len(TEXTS))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    with pytest.raises(ic.Stopped):
        ic.head_statistics(tiny_model("bert"), TEXTS, progress=lambda *_: False)


def compare(one, other, slack):
    """Equal in every number."""
    assert (one.texts, one.tokens, one.names) == (other.texts, other.tokens, other.names)
    for name in one.frame.columns.drop(["role"]):
        a, b = one.frame[name].to_numpy(float), other.frame[name].to_numpy(float)
        tolerance = slack if "_q" not in name else max(slack, 1 / 256)
        np.testing.assert_allclose(a, b, rtol=slack, atol=tolerance, err_msg=name)
    np.testing.assert_allclose(one.distances, other.distances, atol=slack)

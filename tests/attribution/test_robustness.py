"""Checks of explanations: random weights, drops and noise."""

import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

import interp_core as ic
from interp_core.attribution.robustness import randomise_weights, rank_correlation
from interp_core.errors import Stopped
from interp_core.progress import global_seed
from tests.attribution_models import WIDTH, formula_model

TEXT = "The unhappiest actors know what a strange café does, and words look back at the model."
DIRECTION = torch.linspace(-1.0, 1.5, WIDTH, dtype=torch.float64)


def bag(embeddings):
    return embeddings.sum(1) @ DIRECTION


def test_rank_correlation_sees_order_alone():
    assert rank_correlation([1, 2, 3], [10, 20, 400]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert np.isnan(rank_correlation([1, 2, 3], [1, 1, 1]))


def test_randomised_weights_keep_mean_and_spread_and_the_original(tiny_model):
    network = tiny_model("bert-2-labels").model
    before = {name: value.clone() for name, value in network.named_parameters()}
    stranger = dict(randomise_weights(network, 0).named_parameters())
    for name, value in network.named_parameters():
        assert torch.equal(value, before[name])
        assert not torch.equal(value, stranger[name])
        if value.numel() > 500:
            assert float(stranger[name].std()) == pytest.approx(float(value.std()), rel=0.15)
    again = dict(randomise_weights(network, 0).named_parameters())
    assert all(torch.equal(again[name], value) for name, value in stranger.items())


@pytest.mark.parametrize("method", ["integrated_gradients", "rollout", "occlusion"])
def test_explanations_change_with_the_weights(tiny_model, method):
    model = tiny_model("bert-2-labels")
    attribution = ic.attribute(model, TEXT, method=method)
    check = ic.sanity_check(model, attribution, trials=3)
    assert check.spearman.shape == check.absolute_spearman.shape == (3,)
    assert np.abs(check.spearman).max() < 0.95
    assert list(check.frame["word"])[:3] == ["The", "unhappiest", "actors"]
    words = attribution.by_word()
    np.testing.assert_allclose(check.frame["score"], words.scores[~words.special])
    again = ic.sanity_check(model, attribution.by_word(), trials=3)
    np.testing.assert_allclose(again.spearman, check.spearman, atol=1e-6)


def test_strangers_explain_the_same_target_with_the_same_options(tiny_model):
    model = tiny_model("bert-5-labels")
    options = {"method": "gradient_shap", "baseline": "mask", "evaluations": 20}
    attribution = ic.attribute(model, TEXT, target=2, **options)
    check = ic.sanity_check(model, attribution, trials=2, seed=3)
    for trial in range(2):
        stranger = replace(model, model=randomise_weights(model.model, 3 + trial))
        words = ic.attribute(stranger, TEXT, target=2, **options).by_word()
        expected = words.scores[~words.special]
        found = check.frame[f"score_random_{trial}"].to_numpy()
        np.testing.assert_allclose(found, expected, atol=1e-6)
        scores = check.frame["score"].to_numpy()
        assert check.spearman[trial] == pytest.approx(spearmanr(scores, found).statistic)
        sizes = spearmanr(np.abs(scores), np.abs(found)).statistic
        assert check.absolute_spearman[trial] == pytest.approx(sizes)


def test_a_method_that_ignores_the_model_is_found_out(tiny_model, monkeypatch):
    from interp_core.attribution import methods as module
    from interp_core.attribution.result import MethodOutput

    def by_length(explained, start):
        return MethodOutput(
            np.array([float(len(each)) for each in explained.encoded.sequence.tokens])
        )

    entry = module.Method(by_length, "Length", "Letters.", "nothing", baseline=False)
    monkeypatch.setitem(module.METHODS, "length", entry)
    model = tiny_model("bert-2-labels")
    check = ic.sanity_check(model, ic.attribute(model, TEXT, method="length"))
    np.testing.assert_allclose(check.spearman, 1)
    assert check.similarity == pytest.approx(1)


def test_infidelity_of_the_truth_is_zero_and_of_noise_is_that_of_silence():
    model = formula_model(bag)
    truth = ic.attribute(model, TEXT[:60], method="occlusion")
    figure = ic.infidelity(model, truth)
    assert figure.share < 1e-6
    assert figure.of_zeros > 0
    random = np.random.default_rng(0).normal(size=len(truth.scores))
    noise = ic.infidelity(model, replace(truth, scores=random * ~truth.special))
    assert 0.3 < noise.share <= 1 + 1e-6


def test_infidelity_looks_at_proportions_and_repeats_with_its_seed(tiny_model):
    model = tiny_model("bert-2-labels")
    guess = ic.attribute(model, TEXT, method="input_x_gradient")
    few = partial(ic.infidelity, model, samples=100)
    first, again = (few(guess, seed=4) for _ in range(2))
    assert again.value == pytest.approx(first.value, rel=1e-5)
    assert again.share == pytest.approx(first.share, rel=1e-5)
    assert few(guess, seed=5).value != first.value
    larger = few(replace(guess, scores=7 * guess.scores), seed=4)
    assert larger.value == pytest.approx(first.value, rel=1e-4)
    assert 0 < first.share < 1


def test_sensitivity_repeats_with_its_seed(tiny_model):
    model = tiny_model("bert-2-labels")
    guess = ic.attribute(model, TEXT, method="input_x_gradient")
    first, again, other = (ic.sensitivity(model, guess, seed=seed) for seed in (4, 4, 5))
    assert again == pytest.approx(first, rel=1e-5)
    assert other != first


def test_sensitivity_is_small_for_smooth_methods_and_zero_for_constant_ones():
    model = formula_model(bag)
    assert ic.sensitivity(model, ic.attribute(model, TEXT[:60], method="saliency")) < 1e-6
    moved = ic.sensitivity(model, ic.attribute(model, TEXT[:60], evaluations=4))
    assert 0 < moved < 0.2
    with pytest.raises(ic.BadInput, match="uses token ids"):
        ic.sensitivity(model, ic.attribute(model, TEXT[:60], method="leave_one_out"))


def test_two_words_are_too_few_to_compare(tiny_model):
    model = tiny_model("bert-2-labels")
    with pytest.raises(ic.BadInput, match="three words"):
        ic.sanity_check(model, ic.attribute(model, "strange café", method="saliency"))


@pytest.mark.parametrize("measure", [ic.infidelity, ic.sensitivity])
def test_both_measures_tell_how_far_they_are_and_can_be_stopped(tiny_model, measure):
    model = tiny_model("bert-2-labels")
    guess = ic.attribute(model, TEXT, evaluations=16)
    told = []
    whole = measure(model, guess, progress=lambda done, expected: told.append((done, expected)))
    counts = [done for done, _ in told]
    assert len(told) > 3
    assert counts == sorted(counts)
    assert told[-1][0] >= 0.9 * told[-1][1]
    assert whole == measure(model, guess)
    with pytest.raises(Stopped):
        measure(model, guess, progress=lambda done, expected: done < 20)


@pytest.mark.parametrize("method", ["lime", "kernel_shap", "shapley_sampling", "gradient_shap"])
def test_who_waits_for_the_generators_can_be_stopped(tiny_model, method):
    """They are shared by the process, so a second computation waits for the first."""
    model = tiny_model("bert-2-labels")
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with global_seed(0):
            held.set()
            free.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(5)
    told = []

    def progress(done: int, expected: int) -> bool:
        told.append(done)
        return told[-2:] != [done, done]  # nothing moves: it waits

    with pytest.raises(Stopped):
        ic.attribute(model, TEXT, method=method, progress=progress)
    free.set()
    other.join()

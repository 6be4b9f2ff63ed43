"""Attributions of formulas whose answers can be worked out by hand."""

from itertools import permutations

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.attribution.integrated_gradients import Estimate
from tests.attribution_models import WIDTH, formula_model, vectors

TEXT = "the plot is not bad, unhappiest actors"
DIRECTION = torch.linspace(-1.0, 1.5, WIDTH, dtype=torch.float64)


def bag(embeddings):
    return embeddings.sum(1) @ DIRECTION + 0.7


def bowl(embeddings):
    """Half of x A x over all tokens and dimensions together."""
    flat = embeddings.flatten(1)
    return 0.5 * ((flat @ matrix(flat.shape[1])) * flat).sum(1)


def cube(embeddings):
    return (embeddings.sum(1) @ DIRECTION) ** 3


def product(embeddings):
    """Words that only work together: the product of two sums and a threshold."""
    sums = embeddings @ DIRECTION
    return sums.sum(1).tanh() + (sums[:, 1] * sums[:, 2]) + (sums[:, 3] * sums[:, 4]).relu()


def matrix(size):
    generator = torch.Generator().manual_seed(5)
    square = torch.randn(size, size, generator=generator, dtype=torch.float64) / size**0.5
    return square + square.T


@pytest.fixture(scope="module")
def linear():
    return formula_model(bag)


def by_word(attribution, values):
    """Token values summed in words and shared equally by their pieces."""
    shared = np.zeros(len(values))
    for word in {each for each in attribution.word_ids if each is not None}:
        places = [i for i, each in enumerate(attribution.word_ids) if each == word]
        shared[places] = values[places].sum() / len(places)
    return shared


@pytest.mark.parametrize("baseline", ["pad", "mask", "unk", "zero"])
@pytest.mark.parametrize(
    "method",
    [
        "integrated_gradients",
        "deeplift",
        "gradient_shap",
        "occlusion",
        "shapley_sampling",
        "kernel_shap",
        "lime",
    ],
)
def test_linear_model_gives_weight_times_input_minus_baseline(linear, method, baseline):
    result = ic.attribute(linear, TEXT, method=method, target="plus", baseline=baseline)
    text, start = vectors(linear, result, baseline)
    expected = ((text - start) @ DIRECTION).numpy()
    if ic.attribution_methods(linear)[method].by_word:
        expected = by_word(result, expected)
    np.testing.assert_allclose(result.scores, expected, atol=2e-4)
    assert result.baseline == baseline
    assert result.value == pytest.approx(float(bag(text[None])), abs=1e-6)
    assert result.baseline_value == pytest.approx(float(bag(start[None])), abs=1e-6)


def test_linear_model_gives_its_gradient_and_its_terms(linear):
    norm = ic.attribute(linear, TEXT, method="saliency")
    np.testing.assert_allclose(norm.scores, float(DIRECTION.norm()), rtol=1e-6)
    terms = ic.attribute(linear, TEXT, method="input_x_gradient", target="plus")
    text, _ = vectors(linear, terms)
    np.testing.assert_allclose(terms.scores, (text @ DIRECTION).numpy(), atol=1e-9)


def test_leaving_a_word_out_of_a_bag_removes_its_terms(linear):
    result = ic.attribute(linear, TEXT, method="leave_one_out", target="plus")
    text, _ = vectors(linear, result)
    expected = by_word(result, (text @ DIRECTION).numpy())
    expected[result.special] = 0
    np.testing.assert_allclose(result.scores, expected, atol=1e-9)


def test_the_other_class_gives_the_opposite_and_a_contrast_the_double(linear):
    plus = ic.attribute(linear, TEXT, target="plus").scores
    np.testing.assert_allclose(ic.attribute(linear, TEXT, target="minus").scores, -plus, atol=1e-9)
    both = ic.attribute(linear, TEXT, target="plus", contrast="minus")
    np.testing.assert_allclose(both.scores, 2 * plus, atol=1e-9)
    assert both.unit == "logit difference"


@pytest.mark.parametrize("baseline", ["pad", "zero"])
@pytest.mark.parametrize("options", [{}, {"rule": "gausslegendre"}, {"evaluations": 2}])
def test_quadratic_form_gives_the_matrix_times_the_sum(baseline, options):
    model = formula_model(bowl)
    result = ic.attribute(model, TEXT, target="plus", baseline=baseline, **options)
    x, start = (each.flatten() for each in vectors(model, result, baseline))
    whole = (x - start) * (matrix(len(x)) @ (x + start)) / 2
    expected = whole.reshape(-1, WIDTH).sum(1).numpy()
    np.testing.assert_allclose(result.scores, expected, atol=1e-9)
    assert result.convergence_delta == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("options", [{}, {"rule": "gausslegendre", "evaluations": 2}])
def test_cubic_form_gives_the_sum_of_squares(options):
    model = formula_model(cube)
    result = ic.attribute(model, TEXT, target="plus", **options)
    x, start = vectors(model, result)
    u, v = float(x.sum(0) @ DIRECTION), float(start.sum(0) @ DIRECTION)
    expected = ((x - start) @ DIRECTION).numpy() * (u * u + u * v + v * v)
    tolerance = 1e-9 if options else 2e-4
    np.testing.assert_allclose(result.scores, expected, atol=tolerance * abs(expected).max())


def test_average_baseline_is_the_mean_of_all():
    model = formula_model(cube)
    names = ("pad", "mask", "unk", "zero")
    each = [ic.attribute(model, TEXT, target="plus", baseline=name) for name in names]
    mean = ic.attribute(model, TEXT, target="plus", baseline="average")
    np.testing.assert_allclose(mean.scores, np.mean([one.scores for one in each], 0), atol=1e-9)
    assert mean.baseline_value == pytest.approx(np.mean([one.baseline_value for one in each]))
    assert mean.baseline == "average of pad, mask, unk, zero"
    assert mean.token_error == pytest.approx(max(one.token_error for one in each))


@pytest.mark.parametrize(
    ("token_error", "delta", "good"),
    [(0.001, 0.001, True), (0.02, 0.001, False), (0.001, 0.02, False)],
)
def test_scores_are_good_when_both_errors_are_below_one_per_cent(token_error, delta, good):
    assert Estimate(np.zeros(3), token_error, delta, np.zeros(3)).good == good


def test_shapley_values_of_an_additive_game_are_its_terms_with_any_orders(linear):
    few = ic.attribute(linear, TEXT, method="shapley_sampling", evaluations=1, seed=1)
    many = ic.attribute(linear, TEXT, method="shapley_sampling", seed=2)
    np.testing.assert_allclose(few.scores, many.scores, atol=1e-5)
    assert few.token_error == pytest.approx(0, abs=1e-5)


def enumerated(model, result):
    """Shapley values by all orders of arrival."""
    x, start = vectors(model, result, result.baseline)
    words = sorted({each for each in result.word_ids if each is not None})
    totals = dict.fromkeys(words, 0.0)
    orders = list(permutations(words))
    for order in orders:
        now = start.clone()
        before = float(product(now[None]))
        for word in order:
            places = [i for i, each in enumerate(result.word_ids) if each == word]
            now[places] = x[places]
            after = float(product(now[None]))
            totals[word] += after - before
            before = after
    return np.array([totals[word] / len(orders) for word in words])


@pytest.mark.parametrize(("method", "budget"), [("shapley_sampling", 8000), ("kernel_shap", 3000)])
def test_sampled_shapley_values_converge_to_the_enumerated_ones(method, budget):
    model = formula_model(product)
    result = ic.attribute(
        model, "the plot is bad", method=method, target="plus", baseline="zero", evaluations=budget
    )
    exact = enumerated(model, result)
    words = result.by_word()
    np.testing.assert_allclose(words.scores[~words.special], exact, atol=0.05 * np.abs(exact).max())
    assert result.convergence_delta == pytest.approx(0, abs=1e-3)


def test_noise_moves_gradient_shap_and_averages_out(linear):
    options = {"method": "gradient_shap", "target": "plus", "evaluations": 400}
    still, moved, wide = (ic.attribute(linear, TEXT, noise=n, **options) for n in (0, 0.5, 2.0))
    words = ~still.special
    spread = 0.5 * float(DIRECTION.norm()) / 400**0.5
    assert (moved.scores[words] != still.scores[words]).all()
    assert np.abs(moved.scores - still.scores).max() < 5 * spread
    assert np.abs(wide.scores - still.scores).max() > 2 * spread


@pytest.mark.parametrize("method", ["gradient_shap", "shapley_sampling"])
def test_sampled_methods_know_the_size_of_their_error(method):
    model = formula_model(product)
    options = {"method": method, "target": "plus", "baseline": "zero"}
    exact = ic.attribute(model, TEXT, evaluations=8000, **options).scores
    told, true = [], []
    for seed in range(12):
        result = ic.attribute(model, TEXT, evaluations=80, seed=seed, **options)
        told.append(result.token_error)
        true.append(np.abs(result.scores - exact).max() / np.abs(exact).max())
    assert 0.5 < np.mean(told) / np.mean(true) < 2


def test_one_word_takes_the_whole_difference(linear):
    for method in ("occlusion", "shapley_sampling", "kernel_shap", "integrated_gradients"):
        result = ic.attribute(linear, "plot", method=method)
        assert result.scores.sum() == pytest.approx(result.value - result.baseline_value, abs=1e-6)

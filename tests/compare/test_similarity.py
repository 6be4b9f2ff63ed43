"""CKA, RSA and neighbours against their definitions, SciPy, and cases with a known answer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.neighbors import NearestNeighbors

import interp_core as ic
from interp_core.compare.similarity import Space, hsic


@pytest.fixture(scope="module", params=[(60, 12, 20), (20, 30, 25)], ids=["long", "wide"])
def pair(request):
    count, one, two = request.param
    rng = np.random.default_rng(1)
    first = rng.normal(size=(count, one)) + 3
    return first, first @ rng.normal(size=(one, two)) + 4 * rng.normal(size=(count, two))


def song(k, m):
    """Equation 5 of Song et al. (2012), term by term."""
    n, ones = len(k), np.ones(len(k))
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    trace, both = np.trace(k @ m), ones @ k @ m @ ones
    mean = (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
    return (trace + mean - 2 / (n - 2) * both) / (n * (n - 3))


@pytest.mark.parametrize("debiased", [False, True])
def test_cka_of_a_rotated_and_scaled_copy_is_1(pair, debiased):
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(pair[0].shape[1],) * 2))[0]
    found = ic.cka(pair[0], 5 * pair[0] @ turn + 7, debiased=debiased)
    assert [found.value, found.low, found.high] == pytest.approx([1, 1, 1], abs=1e-9)


def test_cka_is_its_definition_in_float64(pair):
    one, two = (each - each.mean(0) for each in pair)
    norm = np.linalg.norm
    truth = norm(two.T @ one) ** 2 / (norm(one.T @ one) * norm(two.T @ two))
    assert ic.cka(*pair, debiased=False).value == pytest.approx(truth, rel=1e-12)
    k, m = one @ one.T, two @ two.T
    truth = song(k, m) / np.sqrt(song(k, k) * song(m, m))
    assert ic.cka(*pair, debiased=True).value == pytest.approx(truth, rel=1e-9)


def test_it_is_debiased_where_texts_are_fewer_than_dimensions(pair):
    fewer = len(pair[0]) < 30
    assert ic.cka(*pair) == ic.cka(*pair, debiased=fewer)
    assert ic.cka(*pair) != ic.cka(*pair, debiased=not fewer)


@pytest.mark.parametrize("debiased", [False, True])
def test_what_the_interval_rests_on_are_the_values_without_each_text(pair, debiased):
    spaces = list(map(Space.of, pair))
    values = hsic(*spaces, debiased)
    scale = np.sqrt(spaces[0].own[debiased] * spaces[1].own[debiased])
    for text in (0, 7):
        fewer = [np.delete(each, text, 0) for each in pair]
        truth = ic.cka(*fewer, debiased=debiased).value
        assert values[text + 1] / scale[text + 1] == pytest.approx(truth, rel=1e-8)


def test_debiased_cka_of_independent_noise_is_0_within_its_interval_and_the_plain_one_is_not():
    held, values = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(40, 90)), rng.normal(size=(40, 70))
        found = ic.cka(*noise)
        values.append(found.value)
        held += found.low <= 0 <= found.high
        assert ic.cka(*noise, debiased=False).low > 0.4
    assert held >= 54  # of 60 intervals of 95%
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))


def test_rsa_is_that_of_scipy(pair):
    distances = [pdist(each - each.mean(0), "cosine") for each in pair]
    assert ic.rsa(*pair).value == pytest.approx(spearmanr(*distances).statistic, abs=1e-9)
    assert ic.rsa(pair[0], pair[0]).value == pytest.approx(1, abs=1e-12)


def test_tied_distances_share_their_rank():
    """On a lattice many distances are exactly equal, and rounding must not order them."""
    rng, truth, vectors = np.random.default_rng(0), [], []
    for _ in range(2):
        half = rng.integers(1, 4, (6, 3)) * rng.choice([-1, 1], (6, 3))
        points = np.concatenate([half, -half])
        gram = points @ points.T
        upper = np.triu_indices(len(points), 1)
        lengths = (gram.diagonal()[:, None] * gram.diagonal())[upper]
        exact = [Fraction(int(g * abs(g)), int(n)) for g, n in zip(gram[upper], lengths)]
        assert len(set(exact)) < len(exact) / 2
        truth.append([-float(each) for each in exact])
        vectors.append(points * 0.1 + 0.3)
    assert ic.rsa(*vectors).value == pytest.approx(spearmanr(*truth).statistic, abs=1e-12)


def test_mutual_neighbours_are_those_of_scikit_learn(pair):
    found = []
    for each in pair:
        centred = each - each.mean(0)
        near = NearestNeighbors(n_neighbors=6, metric="cosine").fit(centred)
        found.append(near.kneighbors(return_distance=False))
    truth = np.mean([len(set(a) & set(b)) / 6 for a, b in zip(*found)])
    assert ic.mutual_neighbours(*pair, neighbours=6).value == pytest.approx(truth)
    assert ic.mutual_neighbours(pair[0], pair[0]).value == 1


def test_the_interval_of_related_vectors_holds_what_many_texts_give():
    mixed = np.random.default_rng(3).normal(size=(6, 6))

    def made(seed, count):
        rng = np.random.default_rng(seed)
        first = rng.normal(size=(count, 6))
        return first, first @ mixed + rng.normal(size=(count, 6))

    truth = ic.cka(*made(0, 20_000), debiased=True)
    assert truth.high - truth.low < 0.02
    few = [ic.cka(*made(seed, 60), debiased=True) for seed in range(1, 61)]
    assert sum(each.low <= truth.value <= each.high for each in few) >= 50  # of 60, 57 expected


def test_vectors_that_are_all_alike_have_no_similarity():
    same = np.ones((9, 3))
    other = np.random.default_rng(0).normal(size=(9, 3))
    found = [f(same, other) for f in (ic.cka, ic.rsa, ic.mutual_neighbours)]
    assert all(np.isnan(each.value) for each in found)


def test_too_few_texts_and_unequal_numbers_are_refused():
    with pytest.raises(ic.BadInput, match="at least 4"):
        ic.cka(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ic.BadInput, match="same texts"):
        ic.cka(np.eye(5), np.eye(6))
    with pytest.raises(ic.BadInput, match="finite"):
        ic.rsa(np.full((5, 2), np.nan), np.ones((5, 2)))

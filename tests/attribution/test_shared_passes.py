"""Texts that share passes get the attributions that they get alone."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic
from interp_core.attribution import integrated_gradients
from interp_core.attribution.integrated_gradients import Undecided, path_steps
from interp_core.attribution.shared_passes import attribute_block, shares_passes
from tests.attribution_models import headed

EPS = np.finfo(np.float32).eps

TEXTS = [
    "The acting is wonderful.",
    "The ending is not dull.",
    "   ",
    "A clumsy script.",
    "The music was rather loud, but I liked it.",
]


def compare(model, texts, **options):
    together = attribute_block(model, texts, **options)
    for text, found in zip(texts, together):
        if isinstance(found, ic.ClearheadError):
            assert not text.strip()
            continue
        alone = ic.attribute(model, text, **options)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-5)
        assert found.value == pytest.approx(alone.value, abs=1e-5)
        assert (found.target, found.prediction.label) == (alone.target, alone.prediction.label)
        assert (found.evaluations, found.baseline) == (alone.evaluations, alone.baseline)
        assert dict(found.options) == dict(alone.options)
        if alone.convergence_delta is not None:
            assert found.convergence_delta == pytest.approx(alone.convergence_delta, abs=2e-5)


def test_the_built_in_classifier_with_and_without_a_label_of_ones_own(sentiment):
    compare(sentiment, TEXTS, evaluations=12)
    compare(sentiment, TEXTS[:2], target="positive", rule="gausslegendre", evaluations=6)


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient"])
def test_methods_of_one_gradient(sentiment, method):
    compare(sentiment, TEXTS, method=method)


@pytest.mark.parametrize("name", ["bert-multi-label", "roberta-2-labels", "gpt2-2-labels"])
def test_other_families_and_an_average_of_baselines(name):
    compare(headed(name), ["a b c d", "b c d a", "a b"], evaluations=8, baseline="average")


def test_many_texts_take_this_way_and_say_why_one_has_no_scores(sentiment):
    found = dict(ic.attribute_many(sentiment, TEXTS, evaluations=8))
    assert "empty" in found["   "]
    assert found[TEXTS[0]].pieces is not None
    unknown = dict(ic.attribute_many(sentiment, TEXTS[:1], target="nobody"))
    assert "nobody" in unknown[TEXTS[0]]


@pytest.mark.parametrize("method", ["input_x_gradient", "occlusion"])  # shared passes, and alone
def test_progress_counts_the_texts_of_a_block_while_it_is_computed(method):
    seen = []
    model, texts = headed("roberta-2-labels"), ["a b c", "b c", "d", "a b c d", "c d b", "b"]
    found = ic.attribute_many(
        model, texts, method=method, progress=lambda done, expected: seen.append((done, expected))
    )
    next(found)
    within = [done for done, _ in seen]
    list(found)
    assert {expected for _, expected in seen} == {6}
    assert within == sorted(within)
    assert method == "occlusion" or any(0 < done < 6 for done in within)
    assert seen[-1] == (6, 6)


def test_who_stops_is_told_and_gets_no_sentence_instead_of_scores(sentiment):
    with pytest.raises(ic.Stopped):
        list(ic.attribute_many(sentiment, TEXTS, progress=lambda done, expected: False))


def test_decoders_without_padding_and_other_tasks_stay_alone():
    assert not shares_passes(headed("gpt2-2-labels-without-padding"), "integrated_gradients")
    assert not shares_passes(headed("t5-2-labels"), "integrated_gradients")
    assert not shares_passes(headed("roberta-answers"), "integrated_gradients")
    assert not shares_passes(headed("roberta-2-labels"), "lime")


def points_of(path, rounding, noise=None):
    """The points that integrated gradients take of F(α) = path(α)[0]; None where undecided.

    `noise` moves F by roundings of its size, and the slopes in proportion.
    """
    steps = path_steps(1, 0.0, "adaptive", None, rounding)
    alphas, seen = next(steps), []
    try:
        while True:
            seen.append(alphas)
            values, slopes = path(alphas)
            if noise is not None:
                values = values + EPS * np.abs(values).max() * noise.uniform(-9, 9, len(alphas))
                slopes = slopes * (1 + EPS * noise.uniform(-9, 9, len(alphas)))
            alphas = steps.send((values, slopes[:, None]))
    except StopIteration:
        return np.sort(np.concatenate(seen))
    except Undecided:
        return None


def test_rounding_never_decides_which_points_of_a_path_are_taken():
    rng, moved, undecided = np.random.default_rng(9), 0, 0
    for _ in range(40):
        at, steep = rng.uniform(0.1, 0.9, 4)[:, None], rng.uniform(5, 120, 4)[:, None]
        weights = rng.normal(0, 1, 4)

        def path(alphas, at=at, steep=steep, weights=weights):
            bend = np.tanh(steep * (alphas - at))
            start = np.tanh(-steep * at)
            return weights @ (bend - start), weights @ (steep * (1 - bend**2))

        exact, rounded = points_of(path, EPS), points_of(path, EPS, rng)
        undecided += exact is None
        assert exact is None or rounded is None or np.array_equal(exact, rounded)
        moved += not np.array_equal(points_of(path, 0), points_of(path, 0, rng))
    assert moved
    assert 0 < undecided < 100


def test_a_text_whose_points_rounding_would_decide_is_taken_alone(sentiment, monkeypatch):
    monkeypatch.setattr(integrated_gradients, "TIE", np.inf)
    counted = []
    asked = {"evaluations": 16}
    together = attribute_block(
        sentiment, TEXTS[:2], progress=lambda *done: counted.append(done), **asked
    )
    for text, found in zip(TEXTS, together):
        alone = ic.attribute(sentiment, text, **asked)
        np.testing.assert_array_equal(found.scores, alone.scores)
        assert found.evaluations == alone.evaluations
    with pytest.raises(ic.Stopped):
        attribute_block(
            sentiment, TEXTS[:2], progress=lambda done, _: done < counted[-1][0], **asked
        )

"""Methods that take words away and watch the output, word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from captum._utils.models.linear_model import SkLearnLinearRegression
from captum.attr import FeatureAblation, KernelShap, Lime, ShapleyValueSampling

from interp_core.analysis.baselines import kept_tokens
from interp_core.analysis.chance import seeded
from interp_core.analysis.edits import without
from interp_core.analysis.raw import Raw, relative_error
from interp_core.analysis.word_game import WordGame
from interp_core.analysis.words import removable, spread
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.analysis.baselines import Start
    from interp_core.analysis.explained import Explained

PERMUTATIONS = 24  # Shapley value sampling
LEAST_SAMPLES, SAMPLES_PER_WORD = 200, 8  # regression methods
KERNEL_WIDTH = 0.25  # of LIME's exponential kernel on cosine distance, as in its authors' code


def occlusion(explained: Explained, start: Start) -> Raw:
    """F(text) − F(text with the word as in the baseline) (Zeiler & Fergus 2014)."""
    game = WordGame.of(explained, start)
    explained.meter.expected += len(game.groups) + 1
    method = FeatureAblation(game)
    rows = explained.rows
    return Raw(game.to_tokens(method.attribute(game.words, 0, perturbations_per_eval=rows)))


def leave_one_out(explained: Explained, start: None) -> Raw:
    """F(text) − F(text with the word deleted), its token ids taken out (Li et al. 2016).

    Of an only word its tokens are deleted. Words whose own output is explained (a mask, a labelled
    token) cannot be deleted and score 0.
    """
    sequence = explained.encoded.sequence
    groups = removable(sequence, kept_tokens(explained.model.tokenizer, sequence))
    fixed = set(explained.target.places)
    movable = [group for group in groups if not fixed & set(group.tolist())]
    if any(len(group) == len(explained) for group in movable):
        raise BadInput("Without its only token the text is empty. Use occlusion, or more words.")
    explained.meter.expected += len(movable)
    values = without(explained.model, explained.encoded, explained.target, movable, explained.meter)
    return Raw(spread(explained.value - values, movable, len(explained)))


def shapley_sampling(
    explained: Explained, start: Start, *, evaluations: int | None = None, seed: int = 0
) -> Raw:
    """Shapley values of the words, from random orders of arrival (Castro et al. 2009).

    Costs one evaluation for each word of each order; 24 orders without `evaluations`. Scores add
    up exactly. The error is estimated from the two halves of the orders.
    """
    game = WordGame.of(explained, start)
    count = len(game.groups)
    orders = PERMUTATIONS if evaluations is None else max(2, evaluations // count)
    explained.meter.expected += orders * count + 2
    halves = (orders - orders // 2, orders // 2)
    method = ShapleyValueSampling(game)
    with seeded(seed, explained.meter):
        means = [
            game.to_tokens(
                method.attribute(
                    game.words, 0, n_samples=half, perturbations_per_eval=explained.rows
                )
            )
            for half in halves
        ]
    mean = (means[0] * halves[0] + means[1] * halves[1]) / orders
    return Raw(mean, relative_error(means[0], means[1]) / 2)


def kernel_shap(
    explained: Explained, start: Start, *, evaluations: int | None = None, seed: int = 0
) -> Raw:
    """Shapley values of the words by weighted regression (Lundberg & Lee 2017)."""
    game = WordGame.of(explained, start)
    if len(game.groups) == 1:  # one player takes all; there is nothing to regress on
        return occlusion(explained, start)
    samples = _samples(game, evaluations)
    with seeded(seed, explained.meter):
        words = KernelShap(game).attribute(
            game.words, 0, n_samples=samples, perturbations_per_eval=explained.rows
        )
    return Raw(game.to_tokens(words))


def lime(
    explained: Explained, start: Start, *, evaluations: int | None = None, seed: int = 0
) -> Raw:
    """Slopes of a linear model fitted around the text (Ribeiro et al. 2016), unregularised.

    Every word is dropped with probability one half; samples weigh exp(−d² / 0.25²) with d the
    cosine distance of z from all ones.
    """
    game = WordGame.of(explained, start)
    samples = _samples(game, evaluations)
    method = Lime(game, interpretable_model=SkLearnLinearRegression(), similarity_func=closeness)
    with seeded(seed, explained.meter):
        words = method.attribute(
            game.words, 0, n_samples=samples, perturbations_per_eval=explained.rows
        )
    return Raw(game.to_tokens(words))


def closeness(text: Tensor, perturbed: Tensor, present: Tensor, **_: object) -> Tensor:
    """LIME's weight of one sample, (1,)."""
    share = present.float().mean()
    distance = 1 - share.sqrt()  # the cosine of a 0/1 vector with all ones is √(share of ones)
    return torch.exp(-(distance**2) / KERNEL_WIDTH**2).reshape(1)


def _samples(game: WordGame, evaluations: int | None) -> int:
    count = len(game.groups)
    if evaluations is None:
        evaluations = max(LEAST_SAMPLES, SAMPLES_PER_WORD * count)
    if evaluations < count + 2:
        raise BadInput(
            f"{evaluations} evaluations cannot tell {count} words apart. "
            f"Give at least {count + 2}; {SAMPLES_PER_WORD * count} is a good start."
        )
    game.explained.meter.expected += evaluations
    return evaluations

"""Methods that take words away and watch the output, word by word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnLinearRegression
from captum.attr import FeatureAblation, KernelShap, Lime, ShapleyValueSampling

from interp_core.attribution.baselines import non_word_mask
from interp_core.attribution.edits import score_without
from interp_core.attribution.result import MethodOutput, relative_error
from interp_core.errors import BadInput
from interp_core.inputs.words import removable, spread
from interp_core.progress import global_seed

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.attribution.baselines import Baseline
    from interp_core.attribution.forward_function import TextFunction


PERMUTATIONS = 24  # Shapley value sampling
LEAST_SAMPLES, SAMPLES_PER_WORD = 200, 8  # regression methods
KERNEL_WIDTH = 0.25  # of LIME's exponential kernel on cosine distance, as in its authors' code


def occlusion(explained: TextFunction, start: Baseline) -> MethodOutput:
    """F(text) − F(text with the word as in the baseline) (Zeiler & Fergus 2014)."""
    game = WordGame.of(explained, start)
    explained.meter.expected += len(game.groups) + 1
    method = FeatureAblation(game)
    rows = explained.rows
    return MethodOutput(
        game.to_tokens(method.attribute(game.words, 0, perturbations_per_eval=rows))
    )


def leave_one_out(explained: TextFunction, start: None) -> MethodOutput:
    """F(text) − F(text with the word deleted), its token ids taken out (Li et al. 2016).

    Of an only word its tokens are deleted. Words whose own output is explained (a mask, a labelled
    token) cannot be deleted and score 0.
    """
    sequence = explained.encoded.sequence
    groups = removable(sequence, non_word_mask(explained.model.tokenizer, sequence))
    fixed = set(explained.target.places)
    movable = [group for group in groups if not fixed & set(group.tolist())]
    if any(len(group) == len(explained) for group in movable):
        raise BadInput("Without its only token the text is empty. Use occlusion, or more words.")
    explained.meter.expected += len(movable)
    values = score_without(
        explained.model, explained.encoded, explained.target, movable, explained.meter
    )
    return MethodOutput(spread(explained.value - values, movable, len(explained)))


def shapley_sampling(
    explained: TextFunction, start: Baseline, *, evaluations: int | None = None, seed: int = 0
) -> MethodOutput:
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
    with global_seed(seed, explained.meter):
        means = [
            game.to_tokens(
                method.attribute(
                    game.words, 0, n_samples=half, perturbations_per_eval=explained.rows
                )
            )
            for half in halves
        ]
    mean = (means[0] * halves[0] + means[1] * halves[1]) / orders
    return MethodOutput(mean, relative_error(means[0], means[1]) / 2)


def kernel_shap(
    explained: TextFunction, start: Baseline, *, evaluations: int | None = None, seed: int = 0
) -> MethodOutput:
    """Shapley values of the words by weighted regression (Lundberg & Lee 2017)."""
    game = WordGame.of(explained, start)
    if len(game.groups) == 1:  # one player takes all; there is nothing to regress on
        return occlusion(explained, start)
    samples = _samples(game, evaluations)
    with global_seed(seed, explained.meter):
        words = KernelShap(game).attribute(
            game.words, 0, n_samples=samples, perturbations_per_eval=explained.rows
        )
    return MethodOutput(game.to_tokens(words))


def lime(
    explained: TextFunction, start: Baseline, *, evaluations: int | None = None, seed: int = 0
) -> MethodOutput:
    """Slopes of a linear model fitted around the text (Ribeiro et al. 2016), unregularised.

    Every word is dropped with probability one half; samples weigh exp(−d² / 0.25²) with d the
    cosine distance of z from all ones.
    """
    game = WordGame.of(explained, start)
    samples = _samples(game, evaluations)
    method = Lime(game, interpretable_model=SkLearnLinearRegression(), similarity_func=lime_kernel)
    with global_seed(seed, explained.meter):
        words = method.attribute(
            game.words, 0, n_samples=samples, perturbations_per_eval=explained.rows
        )
    return MethodOutput(game.to_tokens(words))


def lime_kernel(text: Tensor, perturbed: Tensor, present: Tensor, **_: object) -> Tensor:
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
            f"{evaluations} evaluations are too few for {count} words. Give at least "
            f"{count + 2}; {SAMPLES_PER_WORD * count} is a good start."
        )
    game.explained.meter.expected += evaluations
    return evaluations


@dataclass(frozen=True)
class WordGame:
    """v(z) for rows of z, (rows, words) -> (rows,)."""

    explained: TextFunction
    baseline: Tensor
    groups: list[np.ndarray]
    _owner: Tensor = field(repr=False)

    @classmethod
    def of(cls, explained: TextFunction, start: Baseline) -> WordGame:
        """The game of the explained text's words. Raises `BadInput` when it has none."""
        sequence = explained.encoded.sequence
        groups = removable(sequence, non_word_mask(explained.model.tokenizer, sequence))
        if not groups:
            raise BadInput("The text has only special tokens. Enter a word.")
        owner = np.full(len(explained), len(groups))  # the last column: always present
        for number, places in enumerate(groups):
            owner[places] = number
        return cls(explained, start.embeddings, groups, torch.as_tensor(owner))

    @property
    def words(self) -> Tensor:
        """All words present, (1, words)."""
        return torch.ones(1, len(self.groups), device=self.baseline.device)

    def __call__(self, present: Tensor) -> Tensor:
        parts = []
        for rows in present.split(self.explained.rows):
            always = torch.ones(len(rows), 1, device=rows.device)
            share = torch.cat([rows.float(), always], 1)[:, self._owner, None]
            away = self.explained.embeddings - self.baseline
            with torch.no_grad():
                parts.append(self.explained(self.baseline + share.to(away) * away))
        return torch.cat(parts)

    def to_tokens(self, words: Tensor) -> np.ndarray:
        """Token scores (n,) from word scores."""
        values = words.detach().cpu().double().flatten().numpy()
        return spread(values, self.groups, len(self.explained))

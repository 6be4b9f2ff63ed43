"""The sanity check: would the method say the same of a model that has learned nothing?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.analysis.attribution import attribute_goal
from interp_core.analysis.baselines import kept_tokens
from interp_core.analysis.explanation import Attribution
from interp_core.analysis.source import reread
from interp_core.analysis.words import word_groups, word_sums
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from torch import nn

    from interp_core.models.record import LoadedModel

TRIALS = 3


@dataclass(frozen=True)
class SanityCheck:
    """Rank correlation with explanations of models whose weights were drawn anew, (trials,).

    `spearman` compares signed word scores, `absolute_spearman` their sizes. Near 0: the explanation
    depends on what the model learned. Near 1: it would say the same of any model. `frame` has one
    row for each word: word, score, and score_random_0, ...; NaN where a score list is constant.
    """

    spearman: np.ndarray
    absolute_spearman: np.ndarray
    frame: pd.DataFrame
    method: str

    @property
    def similarity(self) -> float:
        """Mean size of the signed correlations."""
        return float(np.nanmean(np.abs(self.spearman)))


def sanity_check(
    model: LoadedModel,
    attribution: Attribution,
    *,
    trials: int = TRIALS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> SanityCheck:
    """The model randomisation test (Adebayo et al. 2018): same method, same target, new weights.

    Every weight tensor of a private copy is drawn anew from a normal distribution with the tensor's
    own mean and spread. Costs `trials` times the attribution and a second model in memory.
    Raises `BadInput` for texts of fewer than three words, which have no ranking to compare.
    """
    words = attribution.by_word()
    encoded = reread(model, attribution)
    groups = word_groups(encoded.sequence, kept_tokens(model.tokenizer, encoded.sequence))
    if len(groups) < 3:
        raise BadInput("The sanity check compares rankings and needs at least three words.")
    table = {
        "word": [_word(words.pieces, group) for group in groups],
        "score": word_sums(words.pieces.scores, groups),
    }
    for trial in range(trials):
        stranger = replace(model, model=randomised(model.model, seed + trial))
        again = attribute_goal(
            stranger, encoded, lambda _: (attribution.goal, attribution.prediction),
            method=attribution.method, progress=progress, **attribution.options,
        )  # fmt: skip
        table[f"score_random_{trial}"] = word_sums(again.scores, groups)
    frame = pd.DataFrame(table)
    others = [frame[f"score_random_{trial}"] for trial in range(trials)]
    signed = [rank_correlation(frame["score"], other) for other in others]
    absolute = [rank_correlation(frame["score"].abs(), other.abs()) for other in others]
    return SanityCheck(np.array(signed), np.array(absolute), frame, attribution.method)


def _word(attribution: Attribution, group: np.ndarray) -> str:
    return attribution.sequence.word_text(attribution.sequence.word_ids[group[0]])


def rank_correlation(first: Any, second: Any) -> float:
    """Spearman's correlation; NaN when one side is constant."""
    from scipy.stats import rankdata

    ranks = rankdata(first), rankdata(second)
    if any(np.ptp(each) == 0 for each in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def randomised(network: nn.Module, seed: int) -> nn.Module:
    """A copy whose every weight is drawn anew with its tensor's mean and spread."""
    stranger = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in stranger.parameters():
            noise = torch.randn(value.shape, generator=generator).to(value)
            spread = value.std() if value.numel() > 1 else value.abs().mean()
            value.copy_(value.mean() + spread * noise)
    return stranger

"""The sanity check: would the method say the same of a model that has learned nothing?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from interp_core.analysis.agreement import rank_correlation
from interp_core.analysis.attribution import attribute_goal
from interp_core.analysis.baselines import kept_tokens
from interp_core.analysis.explanation import Attribution
from interp_core.analysis.source import reread
from interp_core.analysis.words import removable, units_taken, word_sums
from interp_core.errors import BadInput
from interp_core.models.words import TOKENS

if TYPE_CHECKING:
    from torch import nn

    from interp_core.models.record import LoadedModel
    from interp_core.models.tokens import TokenSequence

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
        """Mean size of the signed correlations; NaN where none is defined."""
        known = self.spearman[np.isfinite(self.spearman)]
        return float(np.abs(known).mean()) if len(known) else float("nan")


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
    found = attribution.pieces or attribution
    encoded = reread(model, attribution)
    groups = removable(encoded.sequence, kept_tokens(model.tokenizer, encoded.sequence))
    if len(groups) < 3:
        raise BadInput(
            "The sanity check compares rankings and needs at least three words, or three tokens of "
            "an only word."
        )
    table = {
        "word": _names(found.sequence, groups),
        "score": word_sums(found.scores, groups),
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


def _names(sequence: TokenSequence, groups: list[np.ndarray]) -> list[str]:
    if units_taken(sequence, groups) == TOKENS:
        return ["".join(sequence.tokens[place] for place in group) for group in groups]
    return [sequence.word_text(sequence.word_ids[group[0]]) for group in groups]


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

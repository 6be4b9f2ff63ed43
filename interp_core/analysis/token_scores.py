"""What every record of an explanation holds: tokens, their scores, and the number explained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interp_core.analysis.words import merge, word_groups, word_sums

if TYPE_CHECKING:
    from typing import Self

    import numpy as np

    from interp_core.analysis.predictions import Prediction
    from interp_core.analysis.targets import Target
    from interp_core.models.tokens import TokenSequence


@dataclass(frozen=True)
class TokenScores:
    """Scores (..., n) of the tokens for one number of the output, whose value is `value`."""

    sequence: TokenSequence
    scores: np.ndarray
    goal: Target
    prediction: Prediction
    value: float

    @property
    def tokens(self) -> list[str]:
        """Readable tokens, or words after `by_word`."""
        return list(self.sequence.tokens)

    @property
    def target(self) -> str:
        """What is explained: a label, a token, an answer, or one rather than another."""
        return self.goal.label

    def by_word(self) -> Self:
        """Pieces summed into words; special tokens stay."""
        groups = word_groups(self.sequence)
        scores = word_sums(self.scores, groups)
        return replace(self, sequence=merge(self.sequence, groups), scores=scores)

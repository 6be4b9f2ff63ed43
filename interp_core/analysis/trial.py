"""One text, edited many times: the words that may go, and the probability without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from interp_core.analysis.baselines import kept_tokens, replacement_id
from interp_core.analysis.edits import Edit, delete, evaluate, replace_ids
from interp_core.analysis.explanation import Attribution
from interp_core.analysis.progress import Meter
from interp_core.analysis.source import reread
from interp_core.analysis.words import removable
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel
    from interp_core.models.tokens import Encoded


@dataclass(frozen=True)
class Trial:
    """Edits of one text: `groups` are the tokens of each word that may go."""

    model: LoadedModel
    encoded: Encoded
    attribution: Attribution
    groups: list[np.ndarray]
    replacement: tuple[str, int] | None
    meter: Meter = field(default_factory=Meter)

    def edit(self, words: Sequence[int]) -> Edit:
        """The text without these words."""
        gone = np.concatenate([self.groups[word] for word in words] or [np.empty(0, dtype=int)])
        if self.replacement is None:
            return delete(self.encoded, self.attribution.goal, gone)
        return replace_ids(self.encoded, self.attribution.goal, gone, self.replacement[1])

    def chances(self, choices: list[tuple[int, ...]]) -> np.ndarray:
        """The target's probability without each choice of words; equal choices run once."""
        unique = list(dict.fromkeys(choices))
        self.meter.expected += len(unique)
        edits = [self.edit(words) for words in unique]
        values = evaluate(
            self.model, edits, lambda goal, output: goal.probability(output), self.meter
        )
        known = dict(zip(unique, values))
        return np.array([known[words] for words in choices])

    @property
    def most(self) -> int:
        """How many words may go: all, or all but one where nothing else would be left."""
        size = len(self.encoded.sequence)
        whole = self.replacement is None and sum(map(len, self.groups)) == size
        return len(self.groups) - whole


def set_up(
    model: LoadedModel,
    attribution: Attribution,
    mode: str,
    progress: Callable[[int, int], object] | None = None,
) -> Trial:
    """The words that may go, or the tokens of an only word.

    Raises `BadInput` when there are fewer than two.
    """
    encoded = reread(model, attribution)
    stay = kept_tokens(model.tokenizer, encoded.sequence)
    stay[list(attribution.goal.places)] = True
    groups = removable(encoded.sequence, stay)
    if len(groups) < 2:
        raise BadInput("Rankings need at least two words or tokens that can be taken away.")
    replacement = replacement_id(model.tokenizer) if mode == "mask" else None
    return Trial(model, encoded, attribution, groups, replacement, Meter(progress))


def attribution_scores(attribution: Attribution) -> np.ndarray:
    """Token scores (n,), also of a record that was merged into words."""
    return (attribution.pieces or attribution).scores

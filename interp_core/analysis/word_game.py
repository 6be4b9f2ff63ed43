"""Words as players of a game, for methods that take them away.

z in {0, 1}^words says which words are present, absent ones are those of the baseline, and v(z) is
the explained function. Pieces of a word share its score equally. Where a text has one word alone,
its tokens are the players.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.analysis.baselines import kept_tokens
from interp_core.analysis.words import removable, spread
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.analysis.baselines import Start
    from interp_core.analysis.explained import Explained


@dataclass(frozen=True)
class WordGame:
    """v(z) for rows of z, (rows, words) -> (rows,)."""

    explained: Explained
    baseline: Tensor
    groups: list[np.ndarray]
    _owner: Tensor = field(repr=False)

    @classmethod
    def of(cls, explained: Explained, start: Start) -> WordGame:
        """The game of the explained text's words. Raises `BadInput` when it has none."""
        sequence = explained.encoded.sequence
        groups = removable(sequence, kept_tokens(explained.model.tokenizer, sequence))
        if not groups:
            raise BadInput("The text has no words, only special tokens. Type a word.")
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

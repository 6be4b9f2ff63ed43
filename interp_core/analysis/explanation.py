"""The record of an attribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from interp_core.analysis.explanation_html import shaded
from interp_core.analysis.token_scores import TokenScores
from interp_core.models.words import TOKENS


@dataclass(frozen=True)
class Attribution(TokenScores):
    """How much each token (or word, after `by_word`) counts for one number of the output.

    `scores` (n,) float64 are in the unit of `goal.unit` where `signed`; saliency is a gradient norm
    and attention a share. `value` is F(text), `baseline_value` F(baseline) (mean over the averaged
    baselines), None for methods without one. `convergence_delta` is sum of scores − (value −
    baseline_value) for methods that promise to add up, else None. `token_error` is the method's
    own estimate of the worst token's error as a share of the largest score, None where it has
    none. `evaluations` counts texts that went through the model after the first plain pass, with or
    without a gradient. `units` says what `by_word` makes of the tokens, and what a method that
    removes words took away as one: "words"; "segments" of writing without spaces; "tokens" where no
    word can be told, or where the text is one word; several are joined by " and ".
    """

    method: str
    baseline_value: float | None = None
    convergence_delta: float | None = None
    token_error: float | None = None
    evaluations: int = 0
    baseline: str | None = None
    signed: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    pieces: Attribution | None = field(default=None, repr=False)
    units: str = "words"

    @property
    def unit(self) -> str:
        """Unit of `value`: logit, logit difference, value (regression) or cosine."""
        return self.goal.unit

    @property
    def offsets(self) -> list[tuple[int, int] | None]:
        """(start, end) characters of each token in its text; None for special tokens."""
        return list(self.sequence.offsets)

    @property
    def special(self) -> np.ndarray:
        """Bool mask (n,) of the tokens that the tokenizer added."""
        return self.sequence.special

    @property
    def word_ids(self) -> list[int | None]:
        """Word number of each token; None for special tokens."""
        return list(self.sequence.word_ids)

    @property
    def relative_delta(self) -> float | None:
        """|convergence delta| / |value − baseline value|.

        None without a delta, and where value and baseline value are equal.
        """
        if self.convergence_delta is None or self.baseline_value is None:
            return None
        whole = abs(self.value - self.baseline_value)
        return abs(self.convergence_delta) / whole if whole else None

    def by_word(self) -> Attribution:
        """Pieces summed into words; special tokens stay. The pieces remain in `.pieces`.

        Where a method took away the tokens of an only word, they stay apart.
        """
        if self.pieces is not None:
            return self
        if self.units == TOKENS != self.sequence.units:
            return replace(self, pieces=self)
        return replace(super().by_word(), pieces=self)

    def to_frame(self) -> pd.DataFrame:
        """One row for each token: index, token, score, special, word, segment, start, end."""
        spans = [span or (pd.NA, pd.NA) for span in self.offsets]
        whole = {"dtype": "Int64"}
        return pd.DataFrame(
            {
                "index": np.arange(len(self.scores)),
                "token": self.tokens,
                "score": self.scores,
                "special": self.special,
                "word": pd.array(self.word_ids, **whole),
                "segment": pd.array(self.sequence.segments, **whole),
                "start": pd.array([start for start, _ in spans], **whole),
                "end": pd.array([end for _, end in spans], **whole),
            }
        )

    def to_html(self) -> str:
        """The text shaded by score as a `<div>`, every character of it escaped.

        Positive scores are blue and underlined, negative ones orange and dotted, so they stay apart
        without colour; the exact score is the tooltip.
        """
        caption = f"{self.method}: {self.target} ({self.unit})"
        return shaded(self.sequence, self.scores, caption)

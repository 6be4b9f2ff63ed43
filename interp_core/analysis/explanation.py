"""The record of an attribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.analysis.explanation_html import shaded
from interp_core.analysis.maps import _merge, _word_groups
from interp_core.models.tokens import TokenSequence

if TYPE_CHECKING:
    from interp_core.analysis.predictions import Prediction
    from interp_core.analysis.targets import Target


@dataclass(frozen=True)
class Attribution:
    """How much each token (or word, after `by_word`) counts for one number of the output.

    `scores` (n,) float64 are in the unit of `goal.unit` where `signed`; saliency is a gradient norm
    and attention a share. `value` is F(text), `baseline_value` F(baseline) (mean over the averaged
    baselines), None for methods without one. `convergence_delta` is sum of scores − (value −
    baseline_value) for methods that promise to add up, else None. `token_error` is the method's
    own estimate of the worst token's error as a share of the largest score, None where it has
    none. `evaluations` counts texts that went through the model after the first plain pass, with or
    without a gradient.
    """

    sequence: TokenSequence
    scores: np.ndarray
    method: str
    goal: Target
    prediction: Prediction
    value: float
    baseline_value: float | None = None
    convergence_delta: float | None = None
    token_error: float | None = None
    evaluations: int = 0
    baseline: str | None = None
    signed: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    pieces: Attribution | None = field(default=None, repr=False)

    @property
    def tokens(self) -> list[str]:
        """Readable tokens, or words after `by_word`."""
        return list(self.sequence.tokens)

    @property
    def target(self) -> str:
        """What is explained: a label, a token, an answer, or one rather than another."""
        return self.goal.label

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
        """|convergence delta| / |value − baseline value|; None without a delta."""
        if self.convergence_delta is None or self.baseline_value is None:
            return None
        whole = abs(self.value - self.baseline_value)
        return abs(self.convergence_delta) / whole if whole else float("inf")

    def by_word(self) -> Attribution:
        """Pieces summed into words; special tokens stay. The pieces remain in `.pieces`."""
        if self.pieces is not None:
            return self
        groups = _word_groups(self.sequence)
        scores = np.array([self.scores[places].sum() for places in groups])
        return replace(self, sequence=_merge(self.sequence, groups), scores=scores, pieces=self)

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

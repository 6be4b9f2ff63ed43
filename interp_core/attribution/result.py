"""The output of an attribution method, and how scores are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.inputs.tokens import Encoded, encode
from interp_core.inputs.vocabulary import SPACE
from interp_core.inputs.words import TOKENS, merge, word_groups, word_sums
from interp_core.models.finite import check_finite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from interp_core.attribution.prediction import Prediction
    from interp_core.attribution.targets import Target
    from interp_core.inputs.tokens import TokenSequence
    from interp_core.models.record import LoadedModel


GRADIENTS = (
    "The model's outputs are finite, so its gradients exceed its number format. Load it in "
    "float32, or use a method without gradients."
)


MISLEADING = 0.2  # sum error above which scores are not to be read
NOTICED = 0.05  # of the largest score: what a miss has to reach, or nobody could see it


def sum_error(
    scores: np.ndarray, value: float, baseline_value: float | None, delta: float | None
) -> float:
    """|delta| as a share of |value − baseline value|, of the largest score where that is 0."""
    if delta is None:
        return 0.0
    whole = abs(value - (baseline_value or 0.0)) or float(np.abs(scores).max(initial=0.0))
    return abs(delta) / whole if whole else 0.0


def misleads(error: float, scores: np.ndarray, delta: float | None) -> bool:
    """Whether a sum error is above one fifth, and the miss above 5 % of the largest score.

    The second, because outputs of text and baseline may be equal by chance.
    """
    return error > MISLEADING and abs(delta or 0.0) > NOTICED * np.abs(scores).max(initial=0.0)


@dataclass(frozen=True)
class MethodOutput:
    """Scores of each token, (n,) float64, with the method's own estimate of their error.

    `token_error` is relative as in `relative_error`, or None where a method estimates none.
    """

    scores: np.ndarray
    token_error: float | None = None

    def __post_init__(self) -> None:
        check_finite(self.scores, "scores", GRADIENTS)


def relative_error(scores: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference of one token, in shares of the largest reference score."""
    largest = np.abs(reference).max(initial=0.0)
    worst = np.abs(scores - reference).max(initial=0.0)
    if worst == 0:
        return 0.0
    return float(worst / largest) if largest > 0 else float("inf")


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


@dataclass(frozen=True)
class Attribution(TokenScores, Charted):
    """How much each token (or word, after `by_word`) counts for one number of the output.

    `scores` (n,) float64 are in the unit of `goal.unit` where `signed`; saliency is a gradient norm
    and attention a share. `value` is F(text), `baseline_value` F(baseline) (mean over the averaged
    baselines), None for methods without one. `convergence_delta` is sum of scores − (value −
    baseline_value) for methods that promise to add up, else None. `token_error` is the method's
    own estimate of the worst token's error as a share of the largest score, None where it has
    none. `evaluations` counts texts that went through the model after the first plain pass, with or
    without a gradient. `units` says what `by_word` makes of the tokens, and what a method that
    removes words took away as one: "words"; "segments" of writing without spaces; "tokens" where no
    word can be told, or where the text is one word; several are joined by " and ". `first_kept`:
    the baseline leaves the first token as it is, which so scores 0 (`baselines.keeps_first`).
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
    first_kept: bool = False

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

    @property
    def sum_error(self) -> float:
        """By how much the scores miss their sum: `relative_delta`, 0 for methods without a sum.

        Where text and baseline have the same value, the largest score is the measure instead.
        """
        return sum_error(self.scores, self.value, self.baseline_value, self.convergence_delta)

    @property
    def misleads(self) -> bool:
        """Whether the scores miss their sum by too much to be read, see `misleads`."""
        return misleads(self.sum_error, self.scores, self.convergence_delta)

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
        return to_html(self.sequence, self.scores, caption)


# Blue and orange of a palette that colour-blind readers tell apart (Okabe & Ito 2008).
POSITIVE, NEGATIVE = "0, 114, 178", "213, 94, 0"
STRONGEST = 0.75  # opacity of the largest score: black text stays readable


def to_html(sequence: TokenSequence, scores: np.ndarray, caption: str) -> str:
    """One `<div>` with a `<span>` for each token."""
    largest = np.abs(scores).max(initial=0.0) or 1.0
    marks = []
    for (gap, shown), token, score in zip(_written(sequence), sequence.tokens, scores):
        title = escape(f"{token}: {score:+.4g}", quote=True)
        style = _style(score / largest)
        marks.append(f'{escape(gap)}<span title="{title}" style="{style}">{escape(shown)}</span>')
    head = f'<div class="attribution" role="figure" aria-label="{escape(caption, quote=True)}" '
    return head + 'style="line-height:2;white-space:pre-wrap">' + "".join(marks) + "</div>"


def _style(share: float) -> str:
    if not np.isfinite(share) or share == 0:
        return "border-bottom:2px solid transparent"
    colour, line = (POSITIVE, "solid") if share > 0 else (NEGATIVE, "dotted")
    opacity = STRONGEST * abs(share)
    return f"background:rgba({colour}, {opacity:.3f});border-bottom:2px {line} rgb({colour})"


def _written(sequence: TokenSequence) -> Iterator[tuple[str, str]]:
    """What stands before each token in its text, and the token as written there."""
    reached: dict[int, int] = {}
    for token, span, segment in zip(sequence.tokens, sequence.offsets, sequence.segments):
        if span is None or segment is None:
            yield " ", f"{token} "
            continue
        text, start = sequence.texts[segment], max(span[0], reached.get(segment, 0))
        gap = text[reached.get(segment, 0) : start]
        shown = text[start : span[1]]
        if not shown and set(token) == {SPACE}:
            gap, shown = "", gap  # a piece that is the space itself
        # Several pieces may share a character (bytes of an emoji): later ones show their name.
        yield gap, shown or token.replace(SPACE, " ")
        reached[segment] = max(span[1], start)


def reread(model: LoadedModel, attribution: Attribution) -> Encoded:
    """The inputs an attribution was computed for. Raises `BadInput` when the model differs."""
    original = attribution.pieces or attribution
    encoded = encode(model, *original.sequence.texts)
    if not np.array_equal(encoded.sequence.ids, original.sequence.ids):
        raise BadInput("The attribution belongs to another model: compute it again with this one.")
    if not attribution.goal.decoder_ids:
        return encoded
    ids = torch.tensor([attribution.goal.decoder_ids], device=model.device)
    return Encoded({**encoded.inputs, "decoder_input_ids": ids}, encoded.sequence)

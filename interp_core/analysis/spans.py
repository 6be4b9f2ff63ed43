"""Extractive question answering: the start and end logits of an answer in the context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.analysis.choices import check_place
from interp_core.analysis.predictions import Prediction
from interp_core.analysis.targets import SOFTMAX, SPANS, Target, Term
from interp_core.errors import BadInput, UnsupportedModel

if TYPE_CHECKING:
    from interp_core.analysis.resolve import Request
    from interp_core.models.record import LoadedModel
    from interp_core.models.tokens import Encoded, TokenSequence

LONGEST_ANSWER = 30  # tokens
SHOWN = 5
SIDES = {"start": SPANS[:1], "end": SPANS[1:], "span": SPANS}

Span = tuple[int, int]


def answer_goal(
    model: LoadedModel, encoded: Encoded, output: Any, request: Request
) -> tuple[Target, Prediction]:
    """The logits of an answer's start, end or both (the default).

    `request.target` is "span", "start", "end" or the words of an answer in the context;
    `request.position` a token, or a pair of tokens for both sides; `request.contrast` another
    answer in the same forms. Raises `BadInput`.
    """
    if output.get(SPANS[0]) is None:
        raise UnsupportedModel(f"{model.name!r} gives no start and end logits to explain.")
    sequence = encoded.sequence
    context = np.array([segment == 1 for segment in sequence.segments])
    if not context.any():
        raise BadInput("Question answering needs the context as second text: `text_pair=...`.")
    logits = [output[side][0].detach().float().cpu().numpy() for side in SPANS]
    best = best_spans(*logits, context)
    asked, side = request.target, "span"
    if asked is None or asked in SIDES:
        side, asked = asked or "span", request.position
    span = best[0] if asked is None else _span(sequence, context, asked)
    other = None if request.contrast is None else _span(sequence, context, request.contrast)
    target = _target(sequence, side, span, other)
    return target, _prediction(sequence, best, logits)


def best_spans(start: np.ndarray, end: np.ndarray, context: np.ndarray) -> list[Span]:
    """The best answers (first, last token) in the context, by the sum of both logits."""
    total = start[:, None] + end[None, :]
    places = np.arange(len(start))
    length = places[None, :] - places[:, None]
    allowed = (length >= 0) & (length < LONGEST_ANSWER) & context[:, None] & context[None, :]
    order = np.argsort(np.where(allowed, -total, np.inf), axis=None)[: min(SHOWN, allowed.sum())]
    return [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, total.shape))]


def _span(sequence: TokenSequence, context: np.ndarray, asked: Any) -> Span:
    if isinstance(asked, str):
        return _find(sequence, context, asked)
    first, last = asked if isinstance(asked, (tuple, list)) and len(asked) == 2 else (asked, asked)
    first, last = (check_place(place, len(context)) for place in (first, last))
    for place in (first, last):
        if not context[place]:
            raise BadInput(f"Token {place} is not in the second text, where answers are.")
    if first > last:
        raise BadInput(f"The answer would end (token {last}) before it starts (token {first}).")
    return first, last


def _find(sequence: TokenSequence, context: np.ndarray, words: str) -> Span:
    at = sequence.texts[1].find(words) if words else -1
    spans = [(p, sequence.offsets[p]) for p in np.flatnonzero(context) if sequence.offsets[p]]
    inside = [p for p, (a, b) in spans if a < at + len(words) and b > at]
    if at < 0 or not inside:
        raise BadInput(f"The second text does not contain {words!r}. Give words that it contains.")
    return int(inside[0]), int(inside[-1])


def _target(sequence: TokenSequence, side: str, span: Span, other: Span | None) -> Target:
    terms = []
    for source in SIDES[side]:
        which = SPANS.index(source)
        contrast = None if other is None else other[which]
        if contrast == span[which]:
            continue  # the same token on both sides cancels out
        terms.append(Term(source, span[which], contrast=contrast))
    if not terms:
        raise BadInput("`contrast` names the target itself. Choose another one to compare with.")
    what = "" if side == "span" else f"{side} of "
    label = what + answer_text(sequence, span)
    if other is None:
        return Target(label, tuple(terms), "logit", SOFTMAX)
    label = f"{label} rather than {what}{answer_text(sequence, other)}"
    return Target(label, tuple(terms), "logit difference", SOFTMAX)


def answer_text(sequence: TokenSequence, span: Span) -> str:
    """The characters from the first to the last token."""
    first, last = (sequence.offsets[place] for place in span)
    if first is None or last is None:
        return " ".join(sequence.tokens[span[0] : span[1] + 1])
    return sequence.texts[1][first[0] : last[1]].strip()


def _prediction(sequence: TokenSequence, best: list[Span], logits: list) -> Prediction:
    start, end = (np.exp(line - line.max()) / np.exp(line - line.max()).sum() for line in logits)
    return Prediction(
        answer_text(sequence, best[0]),
        tuple(answer_text(sequence, span) for span in best),
        np.array([logits[0][i] + logits[1][j] for i, j in best]),
        np.array([start[i] * end[j] for i, j in best]),
        SOFTMAX,
    )

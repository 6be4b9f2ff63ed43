"""From what a caller asks to the target, and to what the model predicts there, task by task."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.attribution.prediction import Prediction, activation_of, predict, predict_best
from interp_core.attribution.targets import NONE, SOFTMAX, SPANS, Target, TargetRequest, Term
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.vocabulary import token_id, token_name
from interp_core.models.preprocessors import needed_id
from interp_core.validation import check_contrast, check_position, label_index

if TYPE_CHECKING:
    from interp_core.inputs.tokens import Encoded, TokenSequence
    from interp_core.models.record import LoadedModel


Goal = tuple[Target, Prediction]


def resolve_target(
    model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest
) -> Goal:
    """The target of the request and the model's prediction there.

    Raises `BadInput` for labels, tokens and positions that do not exist, `UnsupportedModel` for
    models without an output to explain.
    """
    if model.task not in TASKS:
        raise UnsupportedModel(_no_output(model))
    return TASKS[model.task](model, encoded, output, request)


def _no_output(model: LoadedModel) -> str:
    if model.tokenizer is None:
        return f"{model.name!r} reads images; word attributions need a model that reads text."
    return (
        f"{model.name!r} has no task head, so there is no prediction to explain. Enter labels "
        "for zero-shot classification (`zero_shot`), or choose a model with a classification or "
        "language-model head."
    )


def _label(model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest) -> Goal:
    if request.position is not None:
        raise BadInput("This model labels the whole text: leave `position` out.")
    return _labelled(model, output.logits[0], request, None)


def _label_of_token(
    model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest
) -> Goal:
    position = request.position
    if position is None:
        position = int(np.argmin(encoded.sequence.special))
    place = check_position(position, len(encoded.sequence))
    return _labelled(model, output.logits[0, place], request, place)


def _labelled(
    model: LoadedModel, logits: Any, request: TargetRequest, position: int | None
) -> Goal:
    activation = activation_of(model)
    prediction = predict(logits, model.labels, activation)
    best = int(np.argmax(prediction.logits))
    index = best if request.target is None else label_index(model.labels, request.target)
    contrast = None
    if request.contrast is not None:
        contrast = check_contrast(index, label_index(model.labels, request.contrast))
    unit = "value" if activation == NONE else "logit"
    terms = (Term("logits", index, position, contrast),)
    return _named(model.labels.__getitem__, terms, unit, activation), prediction


def _masked_token(
    model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest
) -> Goal:
    position = request.position
    if position is None:
        masks = np.flatnonzero(encoded.sequence.ids == needed_id(model.tokenizer, "mask"))
        if not len(masks):
            raise BadInput(
                f"Write {model.tokenizer.mask_token} where the model should predict a token, "
                "or choose the token to explain with `position`."
            )
        position = int(masks[0])
    return _token(model, encoded, output, request, check_position(position, len(encoded.sequence)))


def _next_token(model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest) -> Goal:
    position = -1 if request.position is None else request.position
    return _token(model, encoded, output, request, check_position(position, len(encoded.sequence)))


def _decoded_token(
    model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest
) -> Goal:
    if output.get("logits") is None:
        raise UnsupportedModel(_no_output(model))
    written = encoded.inputs["decoder_input_ids"][0].tolist()
    position = -1 if request.position is None else request.position
    place = check_position(position, len(written))
    return _token(model, encoded, output, request, place, tuple(written))


def _token(
    model: LoadedModel,
    encoded: Encoded,
    output: Any,
    request: TargetRequest,
    position: int,
    written: tuple[int, ...] = (),
) -> Goal:
    line = output.logits[0, position]
    size = line.shape[-1]
    index = int(line.argmax()) if request.target is None else token_id(model, request.target, size)
    contrast = None
    if request.contrast is not None:
        contrast = check_contrast(index, token_id(model, request.contrast, size))

    def name(number: int) -> str:
        return token_name(model, number)

    wanted = [index] if contrast is None else [index, contrast]
    goal = _named(name, (Term("logits", index, position, contrast),), "logit", SOFTMAX, written)
    return goal, predict_best(line, wanted, name)


def _named(
    name: Callable[[int], str],
    terms: tuple[Term, ...],
    unit: str,
    activation: str,
    written: tuple[int, ...] = (),
) -> Target:
    term = terms[0]
    label = name(term.index)
    if term.contrast is not None:
        label, unit = f"{label} rather than {name(term.contrast)}", f"{unit} difference"
    return Target(label, terms, unit, activation, decoder_ids=written)


def answer_goal(
    model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest
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
    best = best_spans(logits[0], logits[1], context)
    asked, side = request.target, "span"
    if asked is None or asked in SIDES:
        side, asked = asked or "span", request.position
    span = best[0] if asked is None else _span(sequence, context, asked)
    other = None if request.contrast is None else _span(sequence, context, request.contrast)
    target = _target(sequence, side, span, other)
    return target, _prediction(sequence, best, logits)


TASKS: dict[str, Callable[[Any, Any, Any, TargetRequest], Goal]] = {
    "sequence-classification": _label,
    "token-classification": _label_of_token,
    "masked-lm": _masked_token,
    "causal-lm": _next_token,
    "encoder-decoder": _decoded_token,
    "question-answering": answer_goal,
}
LONGEST_ANSWER = 30  # tokens
SHOWN = 5
SIDES = {"start": SPANS[:1], "end": SPANS[1:], "span": SPANS}
Span = tuple[int, int]


def best_spans(start: np.ndarray, end: np.ndarray, context: np.ndarray) -> list[Span]:
    """The best answers (first, last token) in the context, by the sum of both logits."""
    total = start[:, None] + end[None, :]
    places = np.arange(len(start))
    length = places[None, :] - places[:, None]
    allowed = (length >= 0) & (length < LONGEST_ANSWER) & context[:, None] & context[None, :]
    order = np.argsort(np.where(allowed, -total, np.inf), axis=None)[: min(SHOWN, allowed.sum())]
    return [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, total.shape))]


def _span(sequence: TokenSequence, context: np.ndarray, requested: Any) -> Span:
    if isinstance(requested, str):
        return _find(sequence, context, requested)
    first, last = (
        requested
        if isinstance(requested, (tuple, list)) and len(requested) == 2
        else (requested, requested)
    )
    first, last = (check_position(place, len(context)) for place in (first, last))
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

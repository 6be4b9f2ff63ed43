"""From what a caller asks to the target, and to what the model predicts there, task by task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.analysis.choices import another, check_place, label_index
from interp_core.analysis.predictions import Prediction, activation_of, predict, predict_best
from interp_core.analysis.spans import answer_goal
from interp_core.analysis.targets import NONE, SOFTMAX, Target, Term
from interp_core.analysis.vocabulary import token_id, token_name
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.models.named_tokens import needed_id

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel
    from interp_core.models.tokens import Encoded


@dataclass(frozen=True)
class Request:
    """What a caller wants explained: a label or token, instead of another one, at a place."""

    target: Any = None
    contrast: Any = None
    position: Any = None


Goal = tuple[Target, Prediction]


def find_goal(model: LoadedModel, encoded: Encoded, output: Any, request: Request) -> Goal:
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
        f"{model.name!r} has no head, so there is no decision to explain. Use `zero_shot` with "
        "labels of your own, or a model with a classification or language-model head."
    )


def _label(model: LoadedModel, encoded: Encoded, output: Any, request: Request) -> Goal:
    if request.position is not None:
        raise BadInput("This model labels the whole text: leave `position` out.")
    return _labelled(model, output.logits[0], request, None)


def _label_of_token(model: LoadedModel, encoded: Encoded, output: Any, request: Request) -> Goal:
    position = request.position
    if position is None:
        position = int(np.argmin(encoded.sequence.special))
    place = check_place(position, len(encoded.sequence))
    return _labelled(model, output.logits[0, place], request, place)


def _labelled(model: LoadedModel, line: Any, request: Request, place: int | None) -> Goal:
    activation = activation_of(model)
    prediction = predict(line, model.labels, activation)
    best = int(np.argmax(prediction.logits))
    index = best if request.target is None else label_index(model.labels, request.target)
    contrast = None
    if request.contrast is not None:
        contrast = another(index, label_index(model.labels, request.contrast))
    unit = "value" if activation == NONE else "logit"
    terms = (Term("logits", index, place, contrast),)
    return _named(model.labels.__getitem__, terms, unit, activation), prediction


def _masked_token(model: LoadedModel, encoded: Encoded, output: Any, request: Request) -> Goal:
    position = request.position
    if position is None:
        masks = np.flatnonzero(encoded.sequence.ids == needed_id(model.tokenizer, "mask"))
        if not len(masks):
            raise BadInput(
                f"Write {model.tokenizer.mask_token} where the model should guess, or say which "
                "token to explain with `position`."
            )
        position = int(masks[0])
    return _token(model, encoded, output, request, check_place(position, len(encoded.sequence)))


def _next_token(model: LoadedModel, encoded: Encoded, output: Any, request: Request) -> Goal:
    position = -1 if request.position is None else request.position
    return _token(model, encoded, output, request, check_place(position, len(encoded.sequence)))


def _decoded_token(model: LoadedModel, encoded: Encoded, output: Any, request: Request) -> Goal:
    if output.get("logits") is None:
        raise UnsupportedModel(_no_output(model))
    written = encoded.inputs["decoder_input_ids"][0].tolist()
    position = -1 if request.position is None else request.position
    place = check_place(position, len(written))
    return _token(model, encoded, output, request, place, tuple(written))


def _token(
    model: LoadedModel, encoded: Encoded, output: Any, request: Request, place: int,
    written: tuple[int, ...] = (),
) -> Goal:  # fmt: skip
    line = output.logits[0, place]
    size = line.shape[-1]
    index = int(line.argmax()) if request.target is None else token_id(model, request.target, size)
    contrast = None
    if request.contrast is not None:
        contrast = another(index, token_id(model, request.contrast, size))

    def name(number: int) -> str:
        return token_name(model, number)

    wanted = [index] if contrast is None else [index, contrast]
    goal = _named(name, (Term("logits", index, place, contrast),), "logit", SOFTMAX, written)
    return goal, predict_best(line, wanted, name)


def _named(
    name: Callable[[int], str], terms: tuple[Term, ...], unit: str, activation: str,
    written: tuple[int, ...] = (),
) -> Target:  # fmt: skip
    term = terms[0]
    label = name(term.index)
    if term.contrast is not None:
        label, unit = f"{label} rather than {name(term.contrast)}", f"{unit} difference"
    return Target(label, terms, unit, activation, decoder_ids=written)


TASKS: dict[str, Callable[[Any, Any, Any, Request], Goal]] = {
    "sequence-classification": _label,
    "token-classification": _label_of_token,
    "masked-lm": _masked_token,
    "causal-lm": _next_token,
    "encoder-decoder": _decoded_token,
    "question-answering": answer_goal,
}

"""What an intervention asks of a model: the inputs, the explained number, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from interp_core.attribution.prediction import Prediction, activation_of, predict
from interp_core.attribution.targets import NONE, Target, TargetRequest, Term, one_line
from interp_core.attribution.task_targets import resolve_target
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.encode import encode_with_decoder
from interp_core.inputs.images import encode_image
from interp_core.models.forward import forward
from interp_core.models.layout import NO_ATTENTION
from interp_core.validation import check_contrast, label_index

if TYPE_CHECKING:
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel

MEASURES = ("logit", "probability")


@dataclass(frozen=True)
class Question:
    """One input of a model with the number that is asked for, and the model's answer.

    `logits` is the line (choices,) of the answer; for models that label every token all lines
    (tokens, choices), and start and end (2, tokens) for question answering.
    """

    encoded: Encoded
    target: Target
    prediction: Prediction
    logits: np.ndarray
    output: Any

    @property
    def tokens(self) -> tuple[str, ...]:
        """Names of the tokens or patches."""
        return self.encoded.sequence.tokens


def ask(model: LoadedModel, given: Any, text_pair: str | None, request: TargetRequest) -> Question:
    """One forward pass. Raises `BadInput`, `InputTooLong` or `UnsupportedModel`."""
    encoded = encode_question(model, given, text_pair)
    output = forward(model, encoded.inputs)
    target, prediction = find_target(model, encoded, output, request)
    return Question(encoded, target, prediction, _lines(model, output, target), output)


def encode_question(model: LoadedModel, given: Any, text_pair: str | None) -> Encoded:
    """The inputs of a text, of a pair given as a tuple or as two arguments, or of a picture."""
    if not model.layout.attention_layers:
        raise UnsupportedModel(NO_ATTENTION)
    if model.tokenizer is None:
        return encode_image(model, given)
    if isinstance(given, tuple):
        given, text_pair = given
    return encode_with_decoder(model, given, text_pair)


def find_target(
    model: LoadedModel, encoded: Encoded, output: Any, request: TargetRequest
) -> tuple[Target, Prediction]:
    """The number that is asked for and the model's answer, for texts and pictures."""
    if model.tokenizer is None:
        return _picture_goal(model, output, request)
    return resolve_target(model, encoded, output, request)


def _picture_goal(
    model: LoadedModel, output: Any, request: TargetRequest
) -> tuple[Target, Prediction]:
    if output.get("logits") is None:
        raise UnsupportedModel(f"{model.name!r} does not classify images. Choose `digits`.")
    activation = activation_of(model)
    prediction = predict(output.logits[0], model.labels, activation)
    index = int(np.argmax(prediction.logits))
    if request.target is not None:
        index = label_index(model.labels, request.target)
    label, contrast = model.labels[index], None
    unit = "value" if activation == NONE else "logit"
    if request.contrast is not None:
        contrast = check_contrast(index, label_index(model.labels, request.contrast))
        label, unit = f"{label} rather than {model.labels[contrast]}", f"{unit} difference"
    return Target(label, (Term("logits", index, None, contrast),), unit, activation), prediction


def _lines(model: LoadedModel, output: Any, target: Target) -> np.ndarray:
    if model.task == "question-answering":
        lines = torch.stack([output.start_logits[0], output.end_logits[0]])
    elif model.task in ("causal-lm", "masked-lm", "encoder-decoder"):
        lines = output.logits[0, target.terms[0].position]
    else:
        lines = output.logits[0]
    return lines.detach().float().cpu().numpy()


@dataclass(frozen=True)
class Reading:
    """How the number is read from a model's output, and what the model need not compute for it."""

    target: Target
    measure: str
    options: dict[str, Any]

    def __call__(self, output: Any) -> Tensor:
        """The number of each row, (rows,)."""
        read = self.target.probability if self.measure == "probability" else self.target.score
        return read(output).float()


def reading(model: LoadedModel, target: Target, measure: str = "logit") -> Reading:
    """The way to read `measure` ("logit" or "probability") of a target. Raises `BadInput`.

    Causal models compute the logits of the one place that is read, where their class can.
    """
    if measure not in MEASURES:
        raise BadInput(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}.")
    if measure == "probability" and target.activation == NONE:
        raise BadInput("This model gives values, not probabilities: use measure='logit'.")
    line = one_line(model, target)
    return Reading(line.target, measure, line.options)

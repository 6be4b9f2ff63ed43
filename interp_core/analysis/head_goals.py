"""What a model's output is judged by when heads are taken away: loss, target logit, accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from interp_core.analysis.passes import quiet
from interp_core.analysis.port import Port, own_modules
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.models.layout import NO_ATTENTION

if TYPE_CHECKING:
    from interp_core.analysis.head_inputs import Inputs
    from interp_core.analysis.head_texts import Batch
    from interp_core.models.record import LoadedModel

SINGLE = ("sequence-classification", "image-classification")
KNOWN = (*SINGLE, "token-classification", "question-answering", "causal-lm", "masked-lm")


@dataclass(frozen=True)
class Goal:
    """Right answers: `labels` and `counted` (texts, places); see `lines` for the places."""

    labels: Tensor
    counted: Tensor

    def repeated(self, times: int) -> Goal:
        """The goal for each text `times` times in a row."""
        return Goal(
            self.labels.repeat_interleave(times, 0), self.counted.repeat_interleave(times, 0)
        )


@dataclass(frozen=True)
class Judged:
    """For each text, (texts,): mean cross-entropy, target logit and accuracy over its places."""

    loss: Tensor
    logit: Tensor
    accuracy: Tensor

    def stacked(self) -> Tensor:
        """(3, texts)."""
        return torch.stack([self.loss, self.logit, self.accuracy])


def check_task(model: LoadedModel) -> None:
    """Raise `UnsupportedModel` for models whose output has no right answer to lose."""
    if not model.layout.attention_layers:
        raise UnsupportedModel(NO_ATTENTION)
    if model.model.config.is_encoder_decoder or model.task not in KNOWN:
        raise UnsupportedModel(
            f"{model.name!r} has no answer that heads could change ({model.task}). Importance "
            "needs a classifier, a question answerer or a language model of one stack."
        )
    config = model.model.config
    problem = getattr(config, "problem_type", None)
    if model.task in SINGLE and (config.num_labels < 2 or "multi" in str(problem)):
        raise UnsupportedModel(
            f"{model.name!r} gives a value or several labels at once; importance is measured for "
            "models that choose one label."
        )


def lines(model: LoadedModel, output: Any) -> Tensor:
    """The logits that are judged, (texts, places, choices) float32.

    One place for a classifier's label, one for each token where tokens are labelled or guessed (a
    causal model's place is the token before), two (start and end) for question answering.
    """
    if model.task == "question-answering":
        return torch.stack([output.start_logits, output.end_logits], 1).float()
    logits = output.logits.float()
    if model.task in SINGLE:
        return logits[:, None]
    return logits[:, :-1] if model.task == "causal-lm" else logits


def find_goal(
    model: LoadedModel, inputs: Inputs | Batch, output: Any, targets: Sequence[Any] | None
) -> Goal:
    """The right answers: `targets`, the text's own tokens (language models), or else what the
    whole model answers. Raises `BadInput` for targets that do not fit.
    """
    found = lines(model, output)
    counted = _counted(model, inputs, found)
    if model.task in ("causal-lm", "masked-lm"):
        if targets is not None:
            raise BadInput("A language model is judged by the text itself: leave targets out.")
        ids = inputs.ids
        return Goal(ids[:, 1:] if model.task == "causal-lm" else ids, counted)
    labels = found.argmax(-1)
    if targets is not None:
        labels = labels.clone()
        for row, target in enumerate(targets):
            labels[row, counted[row]] = _numbers(model, target, int(counted[row].sum()), labels)
    return Goal(labels, counted)


def _counted(model: LoadedModel, inputs: Inputs | Batch, found: Tensor) -> Tensor:
    if model.task in (*SINGLE, "question-answering"):
        return torch.ones(found.shape[:2], dtype=torch.bool, device=found.device)
    if model.task == "causal-lm":
        return inputs.mask[:, 1:]
    return inputs.mask & ~inputs.special


def _numbers(model: LoadedModel, target: Any, count: int, like: Tensor) -> Tensor:
    each = [target] if isinstance(target, str | int) or not hasattr(target, "__len__") else target
    if len(each) != count:
        raise BadInput(f"A text has {len(each)} targets for {count} places. Give one for each.")
    return torch.tensor([_number(model, value) for value in each], device=like.device)


def _number(model: LoadedModel, value: Any) -> int:
    if isinstance(value, str) and value in model.labels:
        return model.labels.index(value)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    most = len(model.labels) or model.max_tokens
    if isinstance(value, str | bool) or not 0 <= number < most:
        known = ", ".join(map(repr, model.labels[:8]))
        raise BadInput(f"There is no label {value!r}. Labels: {known}, or their numbers from 0.")
    return number


def judge(found: Tensor, goal: Goal) -> Judged:
    """Judge the logits (texts, places, choices)."""
    labels = goal.labels[..., None]
    logit = found.gather(-1, labels)[..., 0]
    loss = found.logsumexp(-1) - logit
    right = (found.argmax(-1) == goal.labels).to(found.dtype)
    return Judged(*(_mean(each, goal.counted) for each in (loss, logit, right)))


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    kept = torch.where(counted, values, 0.0)
    return kept.sum(1) / counted.sum(1).clamp_min(1)


def embedding_gradients(model: LoadedModel, batch: Batch) -> Tensor:
    """∂L/∂x of every input embedding, (texts, n, d), one forward and one backward pass."""
    check_task(model)
    network = own_modules(model.model)
    port = Port(network, shifted=False)
    with torch.enable_grad():
        point = port.embed(batch.ids).requires_grad_()
        port.given, port.seen = point, None
        output = network(**batch.inputs, **quiet(model), return_dict=True)
        goal = find_goal(model, batch, output, None)
        loss = judge(lines(model, output), goal).loss
        (slope,) = torch.autograd.grad(loss.sum(), point)
    return slope

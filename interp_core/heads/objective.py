"""Measures of a model's output with heads taken away: loss, target logit, accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from interp_core.errors import BadInput, ClearheadError, UnsupportedModel
from interp_core.heads.attention_hook import attention_hook
from interp_core.inputs.batching import collate, plan_batches, tokenize
from interp_core.inputs.images import image_batches
from interp_core.models.forward import no_cache, refuses_batches
from interp_core.models.hooks import EmbeddingHook, shared_copy
from interp_core.models.layout import NO_ATTENTION

if TYPE_CHECKING:
    from interp_core.inputs.batching import PaddedBatch
    from interp_core.models.record import LoadedModel


SINGLE = ("sequence-classification", "image-classification")
KNOWN = (*SINGLE, "token-classification", "question-answering", "causal-lm", "masked-lm")


@dataclass(frozen=True)
class Labels:
    """Right answers: `labels` and `counted` (texts, places); see `lines` for the places."""

    labels: Tensor
    counted: Tensor

    def repeated(self, times: int) -> Labels:
        """The goal for each text `times` times in a row."""
        return Labels(
            self.labels.repeat_interleave(times, 0), self.counted.repeat_interleave(times, 0)
        )


@dataclass(frozen=True)
class LossAndAccuracy:
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
            f"{model.name!r} has no prediction to measure importance with ({model.task}). "
            "Importance needs a classifier, a question answerer or a language model of one "
            "stack."
        )
    config = model.model.config
    problem = getattr(config, "problem_type", None)
    if model.task in SINGLE and (config.num_labels < 2 or "multi" in str(problem)):
        raise UnsupportedModel(
            f"{model.name!r} gives a value or several labels at once; importance is measured for "
            "models that choose one label."
        )


def judged_logits(model: LoadedModel, output: Any) -> Tensor:
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


def true_labels(
    model: LoadedModel, inputs: ModelBatch | PaddedBatch, output: Any, targets: Sequence[Any] | None
) -> Labels:
    """The right answers: `targets`, the text's own tokens (language models), or else what the
    whole model answers. Raises `BadInput` for targets that do not fit.
    """
    found = judged_logits(model, output)
    counted = _counted(model, inputs, found)
    if model.task in ("causal-lm", "masked-lm"):
        if targets is not None:
            raise BadInput("A language model is judged by the text itself: leave targets out.")
        ids = inputs.ids
        return Labels(ids[:, 1:] if model.task == "causal-lm" else ids, counted)
    labels = found.argmax(-1)
    if targets is not None:
        labels = labels.clone()
        for row, target in enumerate(targets):
            labels[row, counted[row]] = _numbers(model, target, int(counted[row].sum()), labels)
    return Labels(labels, counted)


def _counted(model: LoadedModel, inputs: ModelBatch | PaddedBatch, found: Tensor) -> Tensor:
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


def judge(found: Tensor, goal: Labels) -> LossAndAccuracy:
    """Judge the logits (texts, places, choices)."""
    labels = goal.labels[..., None]
    logit = found.gather(-1, labels)[..., 0]
    loss = found.logsumexp(-1) - logit
    right = (found.argmax(-1) == goal.labels).to(found.dtype)
    return LossAndAccuracy(*(_mean(each, goal.counted) for each in (loss, logit, right)))


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    kept = torch.where(counted, values, 0.0)
    return kept.sum(1) / counted.sum(1).clamp_min(1)


def embedding_gradients(model: LoadedModel, batch: PaddedBatch) -> Tensor:
    """∂L/∂x of every input embedding, (texts, n, d), one forward and one backward pass."""
    check_task(model)
    network = shared_copy(model.model)
    port = EmbeddingHook(network, shifted=False)
    with torch.enable_grad():
        point = port.embed(batch.ids).requires_grad_()
        port.given, port.seen = point, None
        output = network(**batch.inputs, **no_cache(model), return_dict=True)
        goal = true_labels(model, batch, output, None)
        loss = judge(judged_logits(model, output), goal).loss
        (slope,) = torch.autograd.grad(loss.sum(), point)
    return slope


@dataclass(frozen=True)
class ModelBatch:
    """`tensors` for the model; `mask` and `special` (texts, n), for images of one place each.

    `rows` are the places of the texts in the list that was given.
    """

    rows: tuple[int, ...]
    tensors: dict[str, Tensor]
    mask: Tensor
    special: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ids(self) -> Tensor:
        """Token ids (texts, n)."""
        return self.tensors["input_ids"]

    @property
    def first(self) -> ModelBatch:
        """The first text alone."""
        tensors = {name: value[:1] for name, value in self.tensors.items()}
        return ModelBatch(self.rows[:1], tensors, self.mask[:1], self.special[:1])

    def repeated(self, times: int) -> dict[str, Tensor]:
        """The model's inputs with each text `times` times in a row."""
        return {name: value.repeat_interleave(times, 0) for name, value in self.tensors.items()}


def input_batches(model: LoadedModel, texts: Sequence[Any], limit: int) -> Iterator[ModelBatch]:
    """All texts or images, in batches of at most `limit`, short texts first.

    Raises the first text's error with its number.
    """
    texts = [texts] if isinstance(texts, str) or not hasattr(texts, "__len__") else list(texts)
    if not texts:
        raise BadInput("There are no texts. Give at least one.")
    if model.tokenizer is None:
        yield from _images(model, texts, limit)
        return
    read = tokenize(model, texts)
    for number, each in enumerate(read, 1):
        if isinstance(each, ClearheadError):
            raise type(each)(f"Text {number}: {each}")
    limit = 1 if refuses_batches(model) else limit
    for rows in plan_batches(
        [len(each) for each in read], limit, padding=attention_hook(model).padding
    ):
        batch = collate(model, read, rows)
        yield ModelBatch(rows, batch.inputs, batch.mask, batch.special)


def _images(model: LoadedModel, images: Sequence[Any], limit: int) -> Iterator[ModelBatch]:
    for start, part in image_batches(model, images, limit):
        tensors = {"pixel_values": torch.cat([one.inputs["pixel_values"] for one in part])}
        mask = torch.ones(len(part), 1, dtype=torch.bool, device=model.device)
        yield ModelBatch(tuple(range(start, start + len(part))), tensors, mask, ~mask)

"""Batches of texts or images for the whole model, its head included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from interp_core.analysis.head_taps import tap
from interp_core.analysis.head_texts import collate, plan, tokenize
from interp_core.analysis.images import image_batches
from interp_core.analysis.passes import one_by_one
from interp_core.errors import BadInput, ClearheadError

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class Inputs:
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
    def first(self) -> Inputs:
        """The first text alone."""
        tensors = {name: value[:1] for name, value in self.tensors.items()}
        return Inputs(self.rows[:1], tensors, self.mask[:1], self.special[:1])

    def repeated(self, times: int) -> dict[str, Tensor]:
        """The model's inputs with each text `times` times in a row."""
        return {name: value.repeat_interleave(times, 0) for name, value in self.tensors.items()}


def input_batches(model: LoadedModel, texts: Sequence[Any], most: int) -> Iterator[Inputs]:
    """All texts or images, in batches of at most `most`, short texts first.

    Raises the first text's error with its number.
    """
    texts = [texts] if isinstance(texts, str) or not hasattr(texts, "__len__") else list(texts)
    if not texts:
        raise BadInput("There are no texts. Give at least one.")
    if model.tokenizer is None:
        yield from _images(model, texts, most)
        return
    read = tokenize(model, texts)
    for number, each in enumerate(read, 1):
        if isinstance(each, ClearheadError):
            raise type(each)(f"Text {number}: {each}")
    most = 1 if one_by_one(model) else most
    for rows in plan([len(each) for each in read], most, padding=tap(model).padding):
        batch = collate(model, read, rows)
        yield Inputs(rows, batch.inputs, batch.mask, batch.special)


def _images(model: LoadedModel, images: Sequence[Any], most: int) -> Iterator[Inputs]:
    for start, part in image_batches(model, images, most):
        tensors = {"pixel_values": torch.cat([one.inputs["pixel_values"] for one in part])}
        mask = torch.ones(len(part), 1, dtype=torch.bool, device=model.device)
        yield Inputs(tuple(range(start, start + len(part))), tensors, mask, ~mask)

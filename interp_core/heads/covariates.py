"""Numbers of each token that received attention is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import torch

from interp_core.datasets import sentences
from interp_core.errors import BadInput
from interp_core.models.preprocessors import vector_count

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.inputs.batching import PaddedBatch
    from interp_core.models.record import LoadedModel

_FREQUENCIES: WeakKeyDictionary[object, np.ndarray] = WeakKeyDictionary()


def token_frequency(model: LoadedModel, batch: PaddedBatch) -> Tensor:
    """ln(1 + how often the built-in sample has the token), (texts, n).

    The sample is the same for every corpus, so statistics of different corpora merge and compare.
    """
    table = torch.from_numpy(_frequencies(model)).to(batch.ids.device)
    return table[batch.ids]


def _frequencies(model: LoadedModel) -> np.ndarray:
    tokenizer = model.tokenizer
    if tokenizer not in _FREQUENCIES:
        read = tokenizer(list(sentences()), add_special_tokens=False, verbose=False)["input_ids"]
        size = max(len(tokenizer), vector_count(model.model))
        counts = np.bincount(np.concatenate(read).astype(np.int64), minlength=size)
        _FREQUENCIES[tokenizer] = np.log1p(counts).astype(np.float32)
    return _FREQUENCIES[tokenizer]


def gradient_norm(model: LoadedModel, batch: PaddedBatch) -> Tensor:
    """‖∂L/∂x‖₂ of each token's input embedding, (texts, n); L as in `head_importance`.

    Costs a forward and a backward pass of its own. Raises `UnsupportedModel` for a model without
    an output to lose.
    """
    from interp_core.heads.objective import embedding_gradients

    return embedding_gradients(model, batch).norm(dim=-1)


QUANTITIES: dict[str, Callable[[LoadedModel, PaddedBatch], Tensor]] = {
    "token_frequency": token_frequency,
    "gradient_norm": gradient_norm,
}


def check_quantities(names: Sequence[str]) -> tuple[str, ...]:
    """The names themselves, or `BadInput` for unknown ones."""
    unknown = [name for name in names if name not in QUANTITIES]
    if unknown:
        raise BadInput(
            f"There is no quantity {unknown[0]!r}. Choose from: {', '.join(QUANTITIES)}."
        )
    return tuple(names)


def batch_quantities(
    model: LoadedModel,
    batch: PaddedBatch,
    names: Sequence[str],
    given: Sequence[Sequence[np.ndarray]],
) -> Tensor:
    """All quantities of a batch, (texts, quantities, n); `given` holds each text's own scores."""
    found = [QUANTITIES[name](model, batch).detach().float() for name in names]
    for scores in given:
        padded = torch.zeros(batch.ids.shape, dtype=torch.float32)
        for row, values in enumerate(scores):
            if len(values) != int(batch.mask[row].sum()):
                raise BadInput(
                    f"A text of {int(batch.mask[row].sum())} tokens has {len(values)} scores. "
                    "Give one for each token, special ones included."
                )
            padded[row, : len(values)] = torch.as_tensor(np.asarray(values, dtype=np.float32))
        found.append(padded.to(batch.ids.device))
    if not found:
        return torch.zeros(len(batch.ids), 0, batch.ids.shape[1], device=batch.ids.device)
    return torch.stack(found, 1)

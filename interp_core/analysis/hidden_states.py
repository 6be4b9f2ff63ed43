"""Hidden states of many texts, in batches of equal length.

Texts of the same number of tokens go through the model together, so that there is no padding and
nothing to leak: what a text gives does not depend on its neighbours in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.analysis.progress import report
from interp_core.errors import BadInput, InputTooLong, UnsupportedModel
from interp_core.models.tokens import Encoded, encode, longest_beginning

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

BATCH_TOKENS = 2048  # tokens in one pass
BATCH_PAIRS = 2**19  # query-key pairs in one pass: the maps of a layer stay below 100 MB


@dataclass(frozen=True)
class Batch:
    """`states` (layers, texts, tokens, dim) of the texts at `rows`; `output` is the model's own."""

    rows: tuple[int, ...]
    states: torch.Tensor
    output: object


def body_of(model: LoadedModel) -> torch.nn.Module:
    """The network without its head; the encoder of encoder-decoder models."""
    if model.tokenizer is None:
        raise UnsupportedModel(f"{model.name!r} reads images, not text: it has no word vectors.")
    if model.model.config.is_encoder_decoder:
        return model.model.get_encoder()
    return model.model.base_model


def layer_number(model: LoadedModel, layer: int) -> int:
    """The layer counted from 0 (embedding output) to the last; negative counts from the end.

    Raises `BadInput` for numbers out of range.
    """
    last = model.n_layers
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer):
        raise BadInput(f"A layer is a whole number, not {layer!r}.")
    if not -last - 1 <= layer <= last:
        raise BadInput(
            f"Layer {layer} does not exist: {model.name!r} has 0 (embeddings) to {last}, "
            "and -1 is the last."
        )
    return int(layer) % (last + 1)


def read_all(
    model: LoadedModel, texts: Sequence[str], *, truncate: bool = False, most: int | None = None
) -> tuple[list[Encoded], list[int]]:
    """Every text encoded, and the places of those that were cut to the model's limit.

    `most` is a limit of tokens below the model's own, at which texts are cut within words too.

    Raises `BadInput` and `InputTooLong` with the number of the text.
    """
    body_of(model)
    if isinstance(texts, str):
        texts = [texts]
    encoded, cut = [], []
    for number, text in enumerate(texts):
        try:
            encoded.append(encode(model, text, most=most))
        except InputTooLong as error:
            if not truncate:
                raise InputTooLong(f"Text {number + 1}: {error} Or allow cutting.") from error
            beginning = text if most else longest_beginning(model, text)
            encoded.append(encode(model, beginning, most=most, cut=most is not None))
            cut.append(number)
        except BadInput as error:
            raise BadInput(f"Text {number + 1}: {error}") from error
    if not encoded:
        raise BadInput("There are no texts. Give at least one.")
    return encoded, cut


def batches(
    model: LoadedModel,
    encoded: Sequence[Encoded],
    layers: Sequence[int],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[Batch]:
    """Hidden states after the given layers, batch by batch; every text comes exactly once."""
    body = body_of(model)
    accepted = signature(body.forward).parameters
    done = 0
    for rows in equal_lengths([len(each.sequence) for each in encoded]):
        names = encoded[rows[0]].inputs.keys() & accepted.keys()
        inputs = {n: torch.cat([encoded[row].inputs[n] for row in rows]) for n in names}
        if model.layout.causal:
            inputs["use_cache"] = False
        with torch.inference_mode():
            output = body(**inputs, output_hidden_states=True, return_dict=True)
        states = torch.stack([output.hidden_states[layer] for layer in layers])
        yield Batch(rows, states.float().cpu(), output)
        done += len(rows)
        report(progress, done, len(encoded))


def equal_lengths(lengths: list[int]) -> Iterator[tuple[int, ...]]:
    """Places of equal lengths, as many as fit in one pass."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        length = lengths[order[start]]
        size = max(1, min(BATCH_TOKENS // length, BATCH_PAIRS // length**2))
        rows = [int(row) for row in order[start : start + size] if lengths[row] == length]
        yield tuple(rows)
        start += len(rows)

"""Read a text, with what the decoder of an encoder-decoder model has written so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.analysis.passes import decoder_inputs, decoder_prefix
from interp_core.errors import BadInput
from interp_core.models.tokens import Encoded, check_text, encode

if TYPE_CHECKING:
    from interp_core.analysis.explanation import Attribution
    from interp_core.models.record import LoadedModel


def read(model: LoadedModel, text: str, text_pair: str | None = None) -> Encoded:
    """Model inputs of a text or a pair.

    For the task "encoder-decoder" `text_pair` is what the decoder has written; without it, only
    its start token, and the code of the language where the tokenizer has one. Raises `BadInput`,
    `InputTooLong` or `UnsupportedModel`.
    """
    if model.task != "encoder-decoder":
        return encode(model, text, text_pair)
    encoded = encode(model, text)
    if text_pair is None:
        ids = decoder_prefix(model)
    else:
        check_text(text_pair, "second text")
        target = encode(model, text_pair, as_target=True)
        labels, own = target.inputs["input_ids"], np.flatnonzero(~target.sequence.special)
        begun = decoder_inputs(model, labels)[:, : own[0] + 1]
        ids = torch.cat([begun, labels[:, own[0] : own[-1] + 1]], 1)  # without its end mark
    return Encoded({**encoded.inputs, "decoder_input_ids": ids}, encoded.sequence)


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

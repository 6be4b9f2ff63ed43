"""A text as a model's inputs, with what a decoder has written so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.inputs.images import encode_image
from interp_core.inputs.tokens import Encoded, check_text, encode
from interp_core.models.forward import decoder_inputs, decoder_prefix

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def encode_with_decoder(model: LoadedModel, text: str, text_pair: str | None = None) -> Encoded:
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


def encode_input(model: LoadedModel, text: Any, text_pair: str | None = None) -> Encoded:
    """Model inputs of a text, a pair or an image."""
    if model.tokenizer is None:
        return encode_image(model, text)
    return encode(model, text, text_pair)

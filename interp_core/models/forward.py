"""One forward pass of any model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.errors import UnsupportedModel
from interp_core.models.layout import START, reads_itself

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.models.record import LoadedModel


CHUNK_TOKENS = 512  # tokens in one pass: fast enough on two cores, and memory stays flat
PROBE = "a"  # any word that a decoder could be asked to write


def repeated(inputs: dict[str, Tensor], rows: int) -> dict[str, Tensor]:
    """The inputs of one text (1, n), once for each row."""
    return {name: value.repeat(rows, *[1] * (value.ndim - 1)) for name, value in inputs.items()}


def no_cache(model: LoadedModel) -> dict[str, bool]:
    """Keep key-value caches out of passes that need none."""
    config = model.model.config
    return {"use_cache": False} if model.layout.causal or config.is_encoder_decoder else {}


def rows_in_one_pass(model: LoadedModel, tokens: int) -> int:
    """How many texts of `tokens` tokens go through the model together."""
    return 1 if refuses_batches(model) else max(1, CHUNK_TOKENS // tokens)


def refuses_batches(model: LoadedModel) -> bool:
    """Whether batches are refused: a decoder's classifier that does not know its padding token."""
    config = model.model.config
    needs = model.task == "sequence-classification" and model.layout.causal
    return needs and getattr(config, "pad_token_id", None) is None


def decoder_start(model: LoadedModel) -> int:
    """The token that a decoder reads first. Raises `UnsupportedModel`."""
    number = getattr(model.model.config, START, None)  # `settle_start` looked for others
    if number is not None:
        return number
    raise UnsupportedModel(
        "The model's configuration names no token for the decoder to start with."
    )


def decoder_inputs(model: LoadedModel, labels: Tensor) -> Tensor:
    """What the decoder reads when it is to write `labels` (1, n): the same, one place later.

    The model's own class shifts them: most put a start token in front, mBART the language code
    that ends its labels. Raises `UnsupportedModel` for a class that does anything else.
    """
    shift = getattr(_writing_class(model), "prepare_decoder_input_ids_from_labels", None)
    if shift is None or reads_itself(model.model):
        start = torch.tensor([[decoder_start(model)]], device=labels.device)
        return torch.cat([start, labels[:, :-1]], 1)
    shifted = shift(model.model, labels)
    if shifted.shape != labels.shape or not torch.equal(shifted[:, 1:], labels[:, :-1]):
        raise UnsupportedModel(
            f"{model.model.config.model_type} models prepare their decoder input in a way "
            "that Clearhead does not know. Use another model."
        )
    return shifted


def _writing_class(model: LoadedModel) -> type:
    """The model's class, or that of its family which has a head that writes."""
    if model.model.can_generate():
        return type(model.model)
    from transformers import MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING as WRITERS

    return WRITERS.get(type(model.model.config), type(model.model))


def decoder_prefix(model: LoadedModel) -> Tensor:
    """What stands before the first written word, (1, n): a start token, and a language code.

    Raises `UnsupportedModel` for a tokenizer of many languages that names none to write in.
    """
    tokenizer = model.tokenizer
    if not hasattr(tokenizer, "tgt_lang"):
        return torch.tensor([[decoder_start(model)]], device=model.device)
    if tokenizer.tgt_lang is None:
        raise UnsupportedModel(
            "The tokenizer does not name the target language. Name it once: "
            "`AutoTokenizer.from_pretrained(folder, src_lang=..., "
            "tgt_lang=...).save_pretrained(folder)`."
        )
    read = tokenizer(text_target=PROBE, return_special_tokens_mask=True, return_tensors="pt")
    labels, special = read["input_ids"], read["special_tokens_mask"][0].numpy()
    first = int(np.flatnonzero(special == 0)[0])
    return decoder_inputs(model, labels.to(model.device))[:, : first + 1]


def forward(model: LoadedModel, inputs: dict[str, torch.Tensor], **options: Any) -> Any:
    """One pass without gradients and without a key-value cache."""
    import torch

    with torch.inference_mode():
        return model.model(**inputs, **no_cache(model), **options, return_dict=True)

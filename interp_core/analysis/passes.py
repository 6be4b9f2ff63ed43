"""One pass of a model: what it is told, and how many texts share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.models.record import LoadedModel

CHUNK_TOKENS = 512  # tokens in one pass: fast enough on two cores, and memory stays flat
STARTS = ("decoder_start_token_id", "bos_token_id", "pad_token_id")


def repeated(inputs: dict[str, Tensor], rows: int) -> dict[str, Tensor]:
    """The inputs of one text (1, n), once for each row."""
    return {name: value.repeat(rows, *[1] * (value.ndim - 1)) for name, value in inputs.items()}


def quiet(model: LoadedModel) -> dict[str, bool]:
    """Keep key-value caches out of passes that need none."""
    config = model.model.config
    return {"use_cache": False} if model.layout.causal or config.is_encoder_decoder else {}


def rows_in_one_pass(model: LoadedModel, tokens: int) -> int:
    """How many texts of `tokens` tokens go through the model together."""
    return 1 if one_by_one(model) else max(1, CHUNK_TOKENS // tokens)


def one_by_one(model: LoadedModel) -> bool:
    """Whether batches are refused: a decoder's classifier that does not know its padding token."""
    config = model.model.config
    needs = model.task == "sequence-classification" and model.layout.causal
    return needs and getattr(config, "pad_token_id", None) is None


def decoder_start(model: LoadedModel) -> int:
    """The token that a decoder reads first. Raises `UnsupportedModel`."""
    config = model.model.config
    for number in (getattr(config, name, None) for name in STARTS):
        if number is not None:
            return number
    raise UnsupportedModel(
        "The model's configuration names no token for the decoder to start with."
    )

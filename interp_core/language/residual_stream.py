"""The residual stream of one text: its states after each layer, and what the model reads in them.

Hidden states that transformers returns may already have gone through the final norm (GPT-2, Llama),
so the states are taken where they flow from block to block. They are read out by the model itself:
one pass of a single token, in which the last block returns the given states instead of its own.
Whatever follows the blocks (norm, projection, transform, soft cap) is thereby the model's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from interp_core.errors import InputTooLong, UnsupportedModel
from interp_core.inputs.tokens import encode
from interp_core.models.architecture import blocks_of
from interp_core.models.forward import forward
from interp_core.models.hooks import first, hooked

if TYPE_CHECKING:
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel


LANGUAGE_MODELS = ("causal-lm", "masked-lm")
MOST_LOGITS = 2**27  # of one text: 512 MB in float32, 2,700 tokens with 49,000 choices for each
ENOUGH = 1e-3  # of the largest logit: a readout that is further off belongs to another layout


@dataclass(frozen=True)
class Stream:
    """`states` (layers + 1, n, d), the first after the embeddings; `logits` (n, vocabulary)."""

    states: Tensor
    logits: Tensor


def check_language_model(model: LoadedModel, tasks: tuple[str, ...] = LANGUAGE_MODELS) -> None:
    """Raise `UnsupportedModel` for a model that does not predict words in this way."""
    if model.task in tasks:
        return
    if model.task in LANGUAGE_MODELS:
        raise UnsupportedModel(
            f"{model.name!r} is a masked language model. This view needs a causal language "
            "model, such as `language-model`."
        )
    what = "does not predict tokens"
    if model.task == "encoder-decoder":
        what = "is an encoder-decoder model; this view needs a single stack"
    raise UnsupportedModel(
        f"{model.name!r} {what}. Choose a language model, such as `language-model`."
    )


def encode_for_lm(
    model: LoadedModel, text: str, tasks: tuple[str, ...] = LANGUAGE_MODELS
) -> Encoded:
    """The text as inputs of a language model.

    Raises `UnsupportedModel` for other tasks, `BadInput`, and `InputTooLong` beyond what the model
    reads or what fits in memory as one line of logits for each token.
    """
    check_language_model(model, tasks)
    encoded = encode(model, text)
    most = MOST_LOGITS // model.model.config.get_text_config().vocab_size
    if len(encoded.sequence) > most:
        raise InputTooLong(
            f"The text has {len(encoded.sequence):,} tokens; predictions for at most {most:,} fit "
            "in memory with this model. Shorten or split it."
        )
    return encoded


def stream(model: LoadedModel, encoded: Encoded) -> Stream:
    """One pass of a text. Raises `UnsupportedModel`."""
    _, blocks = blocks_of(model)
    states: list[Tensor] = []

    def enter(_block: nn.Module, inputs: tuple, named: dict) -> None:
        states.append(inputs[0] if inputs else named["hidden_states"])

    def leave(_block: nn.Module, _inputs: tuple, output: Any) -> None:
        states.append(first(output))

    def register_enter(hook: Callable) -> Any:
        return blocks[0].register_forward_pre_hook(hook, with_kwargs=True)

    leaving = [(block.register_forward_hook, leave) for block in blocks]
    with hooked((register_enter, enter), *leaving):
        output = forward(model, encoded.inputs)
    if len(states) != len(blocks) + 1:
        raise UnsupportedModel(
            f"{model.model.config.model_type} does not pass its hidden state from block to "
            "block, so the states after each layer cannot be read."
        )
    with torch.inference_mode():
        return Stream(
            torch.stack([each.reshape(states[0].shape[-2:]) for each in states]), output.logits[0]
        )


def read_out(model: LoadedModel, states: Tensor) -> Tensor:
    """What the model would say with each of `states` (rows, d) after its last block.

    Returns logits (rows, vocabulary).
    """
    _, blocks = blocks_of(model)

    def replace(_block: nn.Module, _inputs: tuple, output: Any) -> Any:
        given = states[:, None]
        kind = type(output)
        return kind((given, *output[1:])) if kind in (tuple, list) else given

    one = torch.full((1, 1), _harmless(model), device=model.device)
    with hooked((blocks[-1].register_forward_hook, replace)):
        try:
            return forward(model, {"input_ids": one}).logits[:, 0]
        except RuntimeError:  # GPTBigCode gives its output the shape of the input: one for each row
            pass
        try:
            return forward(model, {"input_ids": one.repeat(len(states), 1)}).logits[:, 0]
        except RuntimeError as error:  # ProphetNet makes further streams of the first
            raise _unreadable(model) from error


def _harmless(model: LoadedModel) -> int:
    """Any token but the padding, which some models treat apart."""
    return 0 if getattr(model.model.config.get_text_config(), "pad_token_id", None) != 0 else 1


def check_readout(model: LoadedModel, found: Tensor, truth: Tensor) -> float:
    """Largest difference of read-out and true logits. Raises `UnsupportedModel` where it is off."""
    error = float((found - truth).abs().max())
    if error > ENOUGH * max(float(truth.abs().max()), 1.0):
        raise _unreadable(model)
    return error


def _unreadable(model: LoadedModel) -> UnsupportedModel:
    return UnsupportedModel(
        f"{model.model.config.model_type} does more after its last block than a final norm, "
        "so hidden states cannot be decoded."
    )

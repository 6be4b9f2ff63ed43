"""Attention maps of one input, in one forward pass of the eager implementation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.attention.maps import AttentionMaps
from interp_core.attention.received import even_attention
from interp_core.errors import BadInput, InputTooLong, UnsupportedModel
from interp_core.inputs.encode import encode_input
from interp_core.inputs.tokens import Encoded, TokenSequence, encode
from interp_core.inputs.vocabulary import token_name, token_names
from interp_core.models.forward import decoder_inputs, decoder_prefix, forward
from interp_core.models.layout import reads_itself
from interp_core.models.record import check_record

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


MAX_MAP_BYTES = 2**31  # all maps of one input; 30 layers × 9 heads reach it at 1,400 tokens
MAX_GENERATED = 24  # decoder tokens when no target text is given
# Said in full, because a checkpoint's generation_config.json may ask for beams or a least length.
# No cache: transformers 5.23 fails with one where the decoder has more layers than the encoder.
GREEDY = {
    "max_new_tokens": MAX_GENERATED,
    "min_length": 0,
    "do_sample": False,
    "num_beams": 1,
    "num_return_sequences": 1,
    "return_dict_in_generate": False,
    "use_cache": False,
}


def attention_maps(model: LoadedModel, text: Any, text_pair: str | None = None) -> AttentionMaps:
    """The maps of one text, a text pair, or (for vision models) one image.

    For encoder-decoder models `text_pair` is what the decoder reads; without it the decoder reads
    its own greedy continuation of at most 24 tokens. Costs one forward pass.

    Raises `BadInput`, `InputTooLong` (nothing is cut silently) or `UnsupportedModel`.
    """
    check_record(model)
    if model.model.config.is_encoder_decoder:
        return _encoder_decoder_maps(model, text, text_pair)
    encoded = encode_input(model, text, text_pair)
    check_map_memory(model, len(encoded.sequence))
    output = forward(model, encoded.inputs, output_attentions=True)
    weights = stack_maps(output.attentions)
    if weights.shape[-1] != len(encoded.sequence):
        raise UnsupportedModel(
            f"{model.model.config.model_type} has maps of {weights.shape[-1]} tokens for an "
            f"input of {len(encoded.sequence)}: it adds tokens that cannot be named."
        )
    return AttentionMaps(
        weights,
        encoded.sequence,
        encoded.sequence,
        model.layout.attention_layers,
        even=even_of(model, weights),
    )


def even_of(model: LoadedModel, weights: np.ndarray) -> np.ndarray:
    """Even attention beside the maps (layers, heads, n, n) of a model's only or encoder stack."""
    layout = model.layout
    windows = [layout.windows[layer] for layer in layout.attention_layers]
    return even_attention(layout.causal, windows, weights.shape[-1])


def stack_maps(maps: tuple) -> np.ndarray:
    """(layers, heads, query, key) float32 from a model's tuple of (1, heads, query, key)."""
    import torch

    kept = [each for each in maps if each is not None]
    return torch.cat(kept).float().cpu().numpy()


def check_map_memory(model: LoadedModel, tokens: int) -> None:
    """Refuse inputs whose maps would exhaust the memory."""
    layout = model.layout
    planes = len(layout.attention_layers) * layout.heads
    planes += 2 * layout.decoder_layers * layout.decoder_heads  # the decoder's own and cross maps
    need = planes * tokens**2 * 4
    if need > MAX_MAP_BYTES:
        most = int((MAX_MAP_BYTES / (need / tokens**2)) ** 0.5)
        raise InputTooLong(
            f"The maps of {tokens:,} tokens would take {need / 2**30:.1f} GiB. "
            f"With this model at most {most:,} tokens fit."
        )


def _encoder_decoder_maps(model: LoadedModel, text: str, target: str | None) -> AttentionMaps:
    if reads_itself(model.model):
        source = encode(model, text, target)
        read, inputs = _shifted(model, source), source.inputs
    else:
        source = encode(model, text)
        read = _decoder_reads(model, source, target)
        inputs = {**source.inputs, "decoder_input_ids": read.inputs["input_ids"]}
    check_map_memory(model, max(len(source.sequence), len(read.sequence)))
    output = forward(model, inputs, output_attentions=True)
    layers = range(len(output.decoder_attentions))
    weights = stack_maps(output.encoder_attentions)
    encoder = AttentionMaps(
        weights,
        source.sequence,
        source.sequence,
        model.layout.attention_layers,
        even=even_of(model, weights),
    )
    decoder = AttentionMaps(
        stack_maps(output.decoder_attentions),
        read.sequence,
        read.sequence,
        tuple(layers),
        even=even_attention(True, [None], len(read.sequence)),
    )
    cross = AttentionMaps(
        stack_maps(output.cross_attentions), read.sequence, source.sequence, tuple(layers)
    )
    return replace(encoder, encoder=encoder, decoder=decoder, cross=cross)


def _decoder_reads(model: LoadedModel, source: Encoded, target: str | None) -> Encoded:
    """What the decoder sees: the target given, or what the model writes by itself."""
    return (
        _generated(model, source)
        if target is None
        else _shifted(model, encode(model, target, as_target=True))
    )


def _shifted(model: LoadedModel, labels: Encoded) -> Encoded:
    """The start token, then the text without its last token."""
    sequence = labels.sequence
    ids = decoder_inputs(model, labels.inputs["input_ids"])
    start = ids[0, 0]
    shifted = TokenSequence(
        (token_name(model, int(start)), *sequence.tokens[:-1]),
        ids[0].cpu().numpy(),
        np.concatenate([[True], sequence.special[:-1]]),
        (None, *sequence.word_ids[:-1]),
        (None, *sequence.segments[:-1]),
        (None, *sequence.offsets[:-1]),
        sequence.texts,
    )
    return Encoded({"input_ids": ids}, shifted)


def _generated(model: LoadedModel, source: Encoded) -> Encoded:
    import torch

    if not model.model.can_generate():
        raise BadInput("Encoder-decoder models need a decoder input. Enter it under “Second text”.")
    with torch.inference_mode():
        begun = decoder_prefix(model)
        # The start is named too: otherwise the one of the settings would be put in front.
        first = {"decoder_input_ids": begun, "decoder_start_token_id": int(begun[0, 0])}
        ids = model.model.generate(**source.inputs, **first, **GREEDY)
    ids = ids[:, : model.max_tokens].clone()
    called = token_names(model, ids[0])
    names = tuple(called[int(number)] for number in ids[0])
    special = np.isin(ids[0].cpu().numpy(), model.tokenizer.all_special_ids)
    words = tuple(None if mark else place for place, mark in enumerate(special))
    nothing = (None,) * len(names)
    sequence = TokenSequence(names, ids[0].cpu().numpy(), special, words, nothing, nothing, ())
    return Encoded({"input_ids": ids}, sequence)

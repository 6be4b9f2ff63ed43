"""Norm-weighted attention: what a head really adds (Kobayashi et al. 2020, arXiv 2004.10102).

A head adds Σ_j α_ij f_h(x_j) to query i, with f_h(x) = (x W_V + b_V) W_O restricted to the head,
so ‖α_ij f_h(x_j)‖ says how much of the output comes from key j. Values and outputs are read where
they flow through the model, after any pre-layer norm, so no formula is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.attention.compute import check_map_memory, even_of, stack_maps
from interp_core.attention.maps import AttentionMaps
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.encode import encode_input
from interp_core.models.architecture import PROJECTIONS, RecordedBlock, input_by_output
from interp_core.models.forward import forward
from interp_core.models.hooks import recording
from interp_core.models.layout import NO_ATTENTION

if TYPE_CHECKING:
    import torch
    from torch import nn

    from interp_core.models.record import LoadedModel


RELATIVE_LIMIT = 1e-3  # parts that miss the block's output by more belong to another architecture
COARSE_LIMIT = 0.05  # the same for weights of 16 bits, whose values and outputs are rounded


def norm_weighted_attention(
    model: LoadedModel, text: Any, text_pair: str | None = None
) -> AttentionMaps:
    """‖α f(x)‖ of every head, (layers, heads, query, key), in units of the hidden state's norm.

    `reconstruction_error` is the largest difference between the summed parts (plus the output
    bias) and the attention block's true output. Raises `UnsupportedModel` for architectures whose
    value and output projections are unknown, or whose parts do not add up.
    """
    return both_attentions(model, text, text_pair)[1]


def both_attentions(
    model: LoadedModel, text: Any, text_pair: str | None = None
) -> tuple[AttentionMaps, AttentionMaps]:
    """The maps of `attention_maps` and of `norm_weighted_attention`, of one and the same pass.

    Raises what the latter raises.
    """
    if not model.layout.attention_layers:
        raise UnsupportedModel(NO_ATTENTION)
    if model.model.config.is_encoder_decoder:
        raise BadInput(
            "Norm-weighted attention needs one stack: an encoder or a decoder, not both."
        )
    encoded = encode_input(model, text, text_pair)
    check_map_memory(model, len(encoded.sequence))
    blocks = _blocks(model)
    with recording(blocks):
        output = forward(model, encoded.inputs, output_attentions=True)
    maps = [each for each in output.attentions if each is not None]
    calls = _in_order(blocks)
    if len(calls) != len(maps) or not all(
        hasattr(each, "reshape") for call in calls for each in call[:2]
    ):
        raise _unsupported(model)
    parts = [_norms(a[0], *call, model.n_heads) for a, call in zip(maps, calls)]
    worst = max(error for _, error, _ in parts)
    limit = RELATIVE_LIMIT if model.model.dtype.itemsize > 2 else COARSE_LIMIT
    if any(error > limit * scale for _, error, scale in parts):
        raise _unsupported(model)
    weights = np.stack([norms for norms, _, _ in parts])
    stacked = stack_maps(output.attentions)
    raw = AttentionMaps(
        stacked,
        encoded.sequence,
        encoded.sequence,
        model.layout.attention_layers,
        even=even_of(model, stacked),
    )
    return raw, replace(raw, weights=weights, kind="norm", reconstruction_error=worst)


def _unsupported(model: LoadedModel) -> UnsupportedModel:
    kind = model.model.config.model_type
    return UnsupportedModel(
        f"Norm-weighted attention is not known for {kind}: the contributions of its heads do "
        "not sum to the attention block's output. Use attention weights."
    )


def _blocks(model: LoadedModel) -> dict[nn.Module, RecordedBlock]:
    modules = dict(model.model.named_modules())
    found: dict[nn.Module, RecordedBlock] = {}
    for path, module in modules.items():
        for value_name, output_name, split in PROJECTIONS:
            if path.endswith(f".{value_name}"):
                output = modules.get(path[: -len(value_name)] + output_name)
                if hasattr(output, "weight") and module not in found:
                    found[module] = RecordedBlock(output, split)
    if not found:
        raise _unsupported(model)
    return found


def _in_order(
    blocks: dict[nn.Module, RecordedBlock],
) -> list[tuple[torch.Tensor, torch.Tensor, nn.Module, Callable]]:
    """(values, true output, output projection, split) of each call, as the model made them."""
    calls = [
        (when, values, output, block.output, block.split)
        for block in blocks.values()
        for (when, values), (_, output) in zip(block.values, block.outputs)
    ]
    return [call[1:] for call in sorted(calls, key=lambda call: call[0])]


def _norms(
    alpha: torch.Tensor,
    values: torch.Tensor,
    output: torch.Tensor,
    projection: nn.Module,
    split: Callable,
    heads: int,
) -> tuple[np.ndarray, float, float]:
    """Norms (heads, query, key) of one layer, the reconstruction error and the output's scale."""
    import torch

    with torch.inference_mode():
        matrix = input_by_output(projection).double()
        values = split(values, heads).reshape(alpha.shape[-1], -1).double()
        width = matrix.shape[0] // heads
        per_head = values.unflatten(-1, (-1, width)).transpose(0, 1)  # (key-value heads, key, ...)
        per_head = per_head.repeat_interleave(heads // per_head.shape[0], 0)
        weights = alpha.double()
        # One head at a time: the vectors of all would be as many as there are heads.
        parts = zip(per_head, matrix.split(width))
        lengths = torch.stack([(each @ rows).norm(dim=-1) for each, rows in parts])
        norms = weights * lengths[:, None]
        total = (weights @ per_head).transpose(0, 1).flatten(1) @ matrix
        if projection.bias is not None:
            total += projection.bias.double()
        truth = output.reshape(total.shape).double()
        error, scale = (total - truth).abs().max(), truth.abs().max()
    return norms.float().cpu().numpy(), float(error), max(float(scale), 1e-6)

"""What a token gives to another: value zeroing, and attention times its gradient.

Value zeroing (Mohebbi et al. 2023, arXiv 2301.12971): the value vector of one token is set to zero
in one layer, and how far the state of every other token turns says how much it took from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from interp_core.attention.compute import attention_maps, check_map_memory
from interp_core.attention.maps import AttentionMaps
from interp_core.attribution.forward_function import text_function
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.encode import encode_with_decoder
from interp_core.interventions.effects import ROW_TOKENS
from interp_core.interventions.question import encode_question
from interp_core.interventions.recorded_pair import SAME
from interp_core.interventions.running import Change, Recording, Runner
from interp_core.models.finite import check_finite
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def value_zeroing(
    model: LoadedModel,
    text: Any,
    text_pair: str | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> AttentionMaps:
    """Value zeroing of every layer: weights (layers, 1, query, key), rows sum to 1.

    Row i of layer l holds 1 − cos(x_i, x_i without the value of j), normalised over the keys j: the
    state after the layer against the state when token j's value vectors, of all heads, are zero. A
    key that a query may not see has 0. Costs as many rows as tokens through one layer, each layer.
    In encoder-decoder models it is the encoder's. Raises `BadInput`, `InputTooLong`,
    `UnsupportedModel` or `Stopped`.
    """
    encoded = encode_question(model, text, text_pair)
    check_map_memory(model, len(encoded.sequence))
    maps = attention_maps(model, text, text_pair)
    maps = maps.encoder or maps
    runner = Runner(model, encoded.inputs, len(encoded.sequence))
    layers = maps.layer_numbers
    with torch.no_grad():
        base, found = runner.record(), []
        zeros = _without_values(base, layers)
        shortcut = _shortcut_holds(runner, base, zeros, layers[0])
        for done, (layer, seen) in enumerate(zip(layers, maps.weights)):
            turned = _turned(runner, base, zeros, layer, shortcut)
            turned[(seen == 0).all(0)] = 0  # not only little: it may not be seen
            total = turned.sum(-1, keepdims=True)
            rows = np.divide(turned, total, out=np.zeros_like(turned), where=total > 0)
            found.append(rows[None])
            report(progress, done + 1, len(layers))
    weights = np.stack(found).astype(np.float32)
    check_finite(weights, "scores of value zeroing")
    return replace(maps, weights=weights, kind="zeroing", encoder=None, decoder=None, cross=None)


def _without_values(base: Recording, layers: tuple[int, ...]) -> Recording:
    calls = dict(base.calls)
    for layer in layers:
        number = base.kinds[layer, "value"]
        call = calls[layer][number]
        nothing = call._replace(output=torch.zeros_like(call.output))
        calls[layer] = {**calls[layer], number: nothing}
    return replace(base, calls=calls)


def _turned(
    runner: Runner, base: Recording, zeros: Recording, layer: int, shortcut: bool
) -> np.ndarray:
    """1 − cosine of every state with and without the value of one token, (query, key)."""
    truth = runner.slots("stream", layer, base.at("stream", layer))[0, :, 0].double()
    tokens, found = runner.tokens, []
    places = torch.eye(tokens, dtype=torch.bool, device=truth.device)[:, :, None]
    for part in places.split(max(1, ROW_TOKENS // tokens)):
        change = Change("value", layer, part, base, zeros, shortcut)
        states = runner.states(change).double()
        cosine = torch.nn.functional.cosine_similarity(states, truth, dim=-1)
        found.append((1 - cosine).clamp_min(0))
    return torch.cat(found).T.cpu().numpy()


def _shortcut_holds(runner: Runner, base: Recording, zeros: Recording, layer: int) -> bool:
    try:
        one, two = (_turned(runner, base, zeros, layer, each) for each in (False, True))
    except (RuntimeError, ValueError):
        return False
    return bool(np.abs(one - two).max() <= SAME)


def attention_gradient(
    model: LoadedModel,
    text: str,
    text_pair: str | None = None,
    *,
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
) -> AttentionMaps:
    """|α ∂F/∂α| of every head, (layers, heads, query, key), in units of the logit F.

    To first order, what the logit changes by when this one weight is taken away. `target`,
    `contrast` and `position` say which logit, as in `attribute`. Raises `BadInput`,
    `InputTooLong` or `UnsupportedModel`.
    """
    if model.tokenizer is None or model.model.config.is_encoder_decoder:
        raise BadInput("Attention × gradient needs a text model of one stack.")
    encoded = encode_with_decoder(model, text, text_pair)
    check_map_memory(model, len(encoded.sequence))
    request = TargetRequest(target, contrast, position)
    explained = text_function(
        model, encoded, lambda output: resolve_target(model, encoded, output, request)[0]
    )
    with torch.enable_grad():
        point = explained.embeddings.detach().requires_grad_()
        output = explained.run(point, output_attentions=True)
        maps = [each for each in output.attentions or () if each is not None]
        if not maps or any(not each.requires_grad for each in maps):
            kind = model.model.config.model_type
            raise UnsupportedModel(
                f"{kind} models have no attention maps with gradients. Use the raw weights."
            )
        value = explained.score(output).sum()
        slopes = torch.autograd.grad(value, maps, materialize_grads=True)
    weights = np.stack([_product(each, slope) for each, slope in zip(maps, slopes)])
    raw = attention_maps(model, text, text_pair)
    return replace(raw, weights=weights, kind="gradient")


def _product(weights: Tensor, slope: Tensor) -> np.ndarray:
    return (weights.detach() * slope)[0].abs().float().cpu().numpy()

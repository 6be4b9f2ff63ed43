"""Attention read as a score of each token: comparison columns, and gradient-weighted relevance.

Attention says what was looked at, not what it did. All three start from the tokens whose final
state the head reads (`[CLS]`, the last token, or all of them for a mean), found by a gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from interp_core.attention.rollout import attention_rollout
from interp_core.attribution.result import MethodOutput
from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.attribution.forward_function import TextFunction
    from interp_core.models.record import LoadedModel


def raw_attention(explained: TextFunction, start: None) -> MethodOutput:
    """Mean over heads of the last layer's attention from the tokens that the head reads."""
    _, maps, readers = _traced(explained)
    last = maps[-1].detach()[0].cpu().double().mean(0)
    return MethodOutput((readers @ last).numpy())


def rollout(explained: TextFunction, start: None) -> MethodOutput:
    """Attention rollout (Abnar & Zuidema 2020) from the tokens that the head reads."""
    _, maps, readers = _traced(explained)
    weights = torch.cat([each.detach() for each in maps]).cpu().double().numpy()
    return MethodOutput(readers.numpy() @ attention_rollout(weights)[-1])


def attention_relevance(explained: TextFunction, start: None) -> MethodOutput:
    """Gradient-weighted attention relevance (Chefer et al. 2021, self-attention rules).

    R starts as the identity; each layer adds mean_h relu(∂F/∂A ⊙ A) R. Never negative. The
    identity is taken off at the end, or the reading token would outshine the words.
    """
    value, maps, readers = _traced(explained)
    slopes = torch.autograd.grad(value, maps)
    identity = torch.eye(maps[0].shape[-1], dtype=torch.float64)
    relevance = identity
    for weights, slope in zip(maps, slopes):
        helpful = (weights.detach() * slope)[0].cpu().double().relu().mean(0)
        relevance = relevance + helpful @ relevance
    return MethodOutput((readers @ (relevance - identity)).numpy())


def _traced(explained: TextFunction) -> tuple[Tensor, list[Tensor], Tensor]:
    """F, the maps (1, heads, query, key) of each layer in its graph, and the readers (n,)."""
    explained.meter.expected += 1
    with torch.enable_grad():
        point = explained.embeddings.detach().requires_grad_()
        output = explained.run(point, output_attentions=True, output_hidden_states=True)
        value = explained.score(output).sum()
    maps = [each for each in output.attentions or () if each is not None]
    if not maps or any(not each.requires_grad for each in maps):
        kind = explained.model.model.config.model_type
        raise UnsupportedModel(
            f"{kind} models have no attention maps with gradients. Use another method."
        )
    return value, maps, _readers(value, output)


def _readers(value: Tensor, output: Any) -> Tensor:
    """How much the head reads each final state, (n,): gradient norms, summing to 1."""
    (slope,) = torch.autograd.grad(
        value, output.hidden_states[-1], retain_graph=True, materialize_grads=True
    )
    norms = slope[0].cpu().double().norm(dim=-1)
    if not norms.sum() > 0:
        raise UnsupportedModel(
            "The task head uses none of the final hidden states, so there is no row of "
            "attention to show. Use another method."
        )
    return norms / norms.sum()


def has_maps(model: LoadedModel) -> bool:
    """Whether the model is one stack with attention maps."""
    return not model.model.config.is_encoder_decoder and bool(model.layout.attention_layers)

"""Passes of a classifier without what its answer does not need.

A classifier's head reads one token of the last layer: the first (BERT), or the last (GPT-2). There
the maps after attention are three quarters of a layer, and what they give for other tokens is
thrown away, so they take that one token alone. What they yield is added to the stream of all
tokens, which is right for the one token and read for no other; its gradient is right for all.

Whether a model works so is not looked up but tried: its answer and the gradient of a text have to
be those of a whole pass.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch

from interp_core.errors import UnsupportedModel
from interp_core.models.architecture import is_linear, stack_parts
from interp_core.models.hooks import EmbeddingHook, shared_copy

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interp_core.attribution.forward_function import TextFunction
    from interp_core.models.record import LoadedModel

FIRST, LAST = 0, -1
# Largest relative difference of F and of its gradient, where only the order of sums may differ.
SAME = {torch.float32: 1e-4, torch.float64: 1e-9}
FEWEST = 3  # tokens of a text in which the first, the last and all others are told apart
_READS: WeakKeyDictionary[nn.Module, int | None] = WeakKeyDictionary()


def short_pass(whole: TextFunction) -> TextFunction | None:
    """The same function in shorter passes, for every text of its length or another; else None.

    What is found for the first text of at least three tokens is kept for the model.
    """
    network = whole.model.model
    if network not in _READS:
        if len(whole) < FEWEST or whole.port.turned:
            return None
        place = LAST if whole.model.layout.causal else FIRST
        short = _reading(whole, place)
        _READS[network] = place if short is not None and _same(short, whole) else None
    place = _READS[network]
    return None if place is None else _reading(whole, place)


def _reading(whole: TextFunction, place: int) -> TextFunction | None:
    """The function whose last layer goes on with the token at `place`, where it can."""
    network = shared_copy(whole.model.model)
    maps = last_maps(whole.model, network)
    for each in maps:
        each.register_forward_pre_hook(partial(_one_token, place))
    port = EmbeddingHook(network, shifted=False)
    return replace(whole, network=network, port=port) if maps else None


def last_maps(model: LoadedModel, network: nn.Module) -> list[nn.Module]:
    """The linear maps of the last block from the output projection of its attention on."""
    try:
        parts = stack_parts(model)
    except UnsupportedModel:
        return []
    path, projection = parts.blocks[-1], parts.attention[-1].projection
    own = path not in parts.blocks[:-1] and projection.startswith(f"{path}.")
    if not own:  # one block for all layers, or a last layer without attention
        return []
    block = network.get_submodule(path)
    maps = {f"{path}.{name}": each for name, each in block.named_modules() if is_linear(each)}
    names = list(maps)
    return [maps[name] for name in names[names.index(projection) :]] if projection in maps else []


def _one_token(place: int, _module: nn.Module, inputs: tuple) -> tuple | None:
    """The vectors (rows, 1, d) at `place`, out of those of all tokens."""
    states, *others = inputs
    if states.ndim != 3 or states.shape[1] == 1:
        return None
    only = states[:, :1] if place == FIRST else states[:, -1:]
    return (only, *others)


def _same(short: TextFunction, whole: TextFunction) -> bool:
    try:
        found = short.gradients(whole.embeddings)
    except (RuntimeError, IndexError, ValueError):  # shapes that do not fit together
        return False
    return agree(found, whole.gradients(whole.embeddings))


def agree(found: tuple[Tensor, Tensor], truth: tuple[Tensor, Tensor]) -> bool:
    """Whether two ways give the same F and the same gradient, up to the order of sums."""
    slack = SAME.get(truth[1].dtype)
    return slack is not None and all(_close(*pair, slack) for pair in zip(found, truth))


def _close(found: Tensor, truth: Tensor, slack: float) -> bool:
    size = max(1e-6, float(truth.abs().max()))
    return bool((found - truth).abs().max() <= slack * size)

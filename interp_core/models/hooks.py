"""Hooks on modules of models that several threads share."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn

from interp_core.errors import UnsupportedModel
from interp_core.models.architecture import RecordedBlock

SAME_MAPS = 1e-5  # largest difference between two ways to the same maps in float32


class EmbeddingHook:
    """The place where embeddings enter a network: reads what flows in, or replaces it.

    Only the first call of a pass counts (GPT-2 calls its table again for segments). Where a
    classifier's decoder reads the same text one place later (BART, T5), it gets the same
    replacement one place later.
    """

    def __init__(self, network: nn.Module, *, shifted: bool) -> None:
        body = network.get_encoder() if network.config.is_encoder_decoder else network
        # FSMT's encoder does not say where its embeddings are; the whole model does.
        self.module = getattr(body, "get_input_embeddings", network.get_input_embeddings)()
        self.given: Tensor | None = None
        self.seen: Tensor | None = None
        self.turned = False  # XLNet has tokens before texts: (n, rows, d)
        self.module.register_forward_hook(self._enter)
        if shifted:
            network.base_model.decoder.get_input_embeddings().register_forward_hook(self._follow)

    def take(self, tokens: int) -> Tensor:
        """What flowed in for one text of so many tokens, (1, n, d)."""
        self.turned = tokens > 1 and self.seen.shape[:2] == (tokens, 1)
        return self.seen.transpose(0, 1) if self.turned else self.seen

    def give(self, embeddings: Tensor | None) -> None:
        """Let the next pass read `embeddings` (rows, n, d) instead; None lets it read its own."""
        turns = self.turned and embeddings is not None
        self.given = embeddings.transpose(0, 1) if turns else embeddings
        self.seen = None

    def _enter(self, module: nn.Module, _inputs: tuple, output: Tensor) -> Tensor | None:
        if self.seen is not None:
            return None
        if not hasattr(output, "detach"):  # I-BERT's table gives its scale too
            raise UnsupportedModel(
                f"The embedding table is a {type(module).__name__}, which returns more than "
                "one vector for each token, so embeddings cannot be replaced. Use another "
                "model."
            )
        self.seen = output.detach()
        return self.given

    def _follow(self, _module: nn.Module, _inputs: tuple, output: Tensor) -> Tensor | None:
        if self.given is None:
            return None
        return torch.cat([output[:, :1], self.given[:, :-1]], 1)

    def embed(self, ids: Tensor) -> Tensor:
        """The embeddings of token ids, (..., d)."""
        self.given, self.seen = None, None
        with torch.no_grad():
            return self.module(ids)


def shared_copy(network: nn.Module, *, own_config: bool = False) -> nn.Module:
    """A copy of the module tree that shares every weight and buffer; takes milliseconds.

    The configuration is shared too, unless the copy is to have its own to change.
    """
    shared = [*network.parameters(), *network.buffers(), *([] if own_config else [network.config])]
    return copy.deepcopy(network, {id(each): each for each in shared})


def with_attention(network: nn.Module, name: str, attention: Callable) -> nn.Module:
    """A copy that shares every weight, and whose layers look `attention` up under this name.

    It works for families that take their attention function from transformers' registry; whether
    a model is one has to be tried. The copy has a configuration of its own.
    """
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(name, attention)
    AttentionMaskInterface.register(name, eager_mask)  # without it masks vanish silently
    own = shared_copy(network, own_config=True)
    for module in own.modules():
        if hasattr(module, "config"):
            module.config._attn_implementation = name
    return own


def same_maps(found: Tensor, truth: Tensor) -> bool:
    """Whether two ways gave the same maps, up to the rounding of their number format."""
    slack = SAME_MAPS if truth.dtype in (torch.float32, torch.float64) else 1e-2
    return found.shape == truth.shape and torch.allclose(found, truth, atol=slack, rtol=0)


@contextmanager
def recording(blocks: dict[nn.Module, RecordedBlock]) -> Iterator[None]:
    """Record values and outputs of this thread's passes; other threads may use the same model."""
    clock = count()

    def keep(store: list) -> Callable:
        return lambda _module, _inputs, output: store.append((next(clock), output))

    values = ((module.register_forward_hook, keep(one.values)) for module, one in blocks.items())
    outputs = ((one.output.register_forward_hook, keep(one.outputs)) for one in blocks.values())
    with hooked(*values, *outputs):
        yield


def first(output: Any) -> Tensor:
    """The tensor of a module's output, which may be a tuple or list that begins with it."""
    return output[0] if isinstance(output, tuple | list) else output


@contextmanager
def hooked(*handles: tuple[Callable, Callable]) -> Iterator[None]:
    """Register `hook` with each `register`; hooks act on this thread's passes alone.

    Models are shared: another session may run one while it carries our hooks.
    """
    owner = threading.get_ident()

    def guarded(hook: Callable) -> Callable:
        return lambda *seen: hook(*seen) if threading.get_ident() == owner else None

    kept = [register(guarded(hook)) for register, hook in handles]
    try:
        yield
    finally:
        for each in kept:
            each.remove()

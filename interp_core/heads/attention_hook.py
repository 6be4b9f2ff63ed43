"""See attention weights inside the attention call, layer by layer, without keeping any map.

transformers looks up a model's attention function by the name in its configuration. A copy of the
module tree, which shares every weight, gets the name of a function that runs the architecture's
own eager attention and shows the weights to whoever watches in this thread. Where that does not
give exactly the maps of `output_attentions` (families outside the registry), those are used.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from interp_core.errors import UnsupportedModel
from interp_core.models.architecture import encoder_body
from interp_core.models.hooks import same_maps, with_attention
from interp_core.models.layout import NO_ATTENTION
from interp_core.models.preprocessors import vector_count

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

NAME = "clearhead_watched"  # transformers treats names with "flash", "sdpa" or "/" specially
See = Callable[[int, Tensor], None]
_WATCHER = threading.local()


@dataclass(frozen=True)
class HookedStack:
    """How one model's maps are reached.

    `watched` is the copy of the stack that shows its weights, or None where its maps have to be
    asked for. `padding` says whether a padded text has the maps of the text alone.
    """

    watched: nn.Module | None
    padding: bool


_TAPS: WeakKeyDictionary[nn.Module, HookedStack] = WeakKeyDictionary()
_LOCK = threading.Lock()


def _attention(module: nn.Module, *inputs: Any, **options: Any) -> tuple[Tensor, None]:
    eager = sys.modules[type(module).__module__].eager_attention_forward
    output, weights = eager(module, *inputs, **options)
    _WATCHER.see(weights)
    return output, None


def attention_hook(model: LoadedModel) -> HookedStack:
    """The model's tap, tried out on a small padded batch the first time.

    Raises `UnsupportedModel` for images and for networks without attention.
    """
    if not model.layout.attention_layers:
        raise UnsupportedModel(NO_ATTENTION)
    body = encoder_body(model)
    with _LOCK:
        if body not in _TAPS:
            _TAPS[body] = _try_out(model, body)
    return _TAPS[body]


def stream_weights(model: LoadedModel, inputs: dict[str, Tensor], see: See) -> None:
    """One pass of the stack; `see(number, weights)` for each layer that has a map, in order.

    `number` counts these layers from 0, `weights` is (texts, heads, query, key). Only inside `see`
    is it sure that the weights are still in memory.
    """
    watched = attention_hook(model).watched
    if watched is not None:
        _watch(watched, inputs, _options(model), see)
        return
    for number, weights in enumerate(_asked(model, encoder_body(model), inputs)):
        see(number, weights)


def _watch(watched: nn.Module, inputs: dict, options: dict, see: See) -> None:
    number = iter(range(10**9))
    _WATCHER.see = lambda weights: see(next(number), weights)
    try:
        with torch.inference_mode():
            watched(**inputs, **options)
    finally:
        del _WATCHER.see


def _asked(model: LoadedModel, body: nn.Module, inputs: dict) -> list[Tensor]:
    with torch.inference_mode():
        output = body(**inputs, **_options(model), output_attentions=True)
    return [each for each in output.attentions if each is not None]


def _options(model: LoadedModel) -> dict[str, bool]:
    return {"return_dict": True, **({"use_cache": False} if model.layout.causal else {})}


def _try_out(model: LoadedModel, body: nn.Module) -> HookedStack:
    ids = torch.arange(5, 17, device=model.device).reshape(2, 6)
    ids %= vector_count(model.model)  # a vocabulary may be tiny
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    ids[1, 4:] = model.tokenizer.pad_token_id or 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    truth = _asked(model, body, inputs)
    alone = _asked(model, body, {name: value[1:, :4] for name, value in inputs.items()})
    padding = all(same_maps(a[1:, :, :4, :4], b) for a, b in zip(truth, alone))
    watched, seen = with_attention(body, NAME, _attention), []
    try:
        _watch(watched, inputs, _options(model), lambda _, weights: seen.append(weights))
    except Exception:  # the copy is only a faster way: whatever fails in it, the maps are there
        return HookedStack(None, padding)
    right = len(seen) == len(truth) and all(map(same_maps, seen, truth))
    return HookedStack(watched if right else None, padding)

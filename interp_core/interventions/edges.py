"""Cut single edges of attention maps: what one query takes from one key in one head.

Where transformers looks the attention function up by name, a copy of the module tree gets the name
of a function that runs the architecture's own and takes the edge out of its result. Elsewhere the
weights pass a dropout module, which a hook can change. Which of the two holds, and that the weights
seen there are those of the attention maps, is tried once for each model.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from interp_core.errors import BadInput, UnsupportedModel
from interp_core.models.forward import forward, no_cache
from interp_core.models.hooks import hooked, same_maps, with_attention
from interp_core.validation import whole_number

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

Edge = tuple[int, int, int, int]  # layer, head, query, key
CUTS = {
    "before": "before the softmax: the rest of the row is scaled up to the old sum",
    "after": "after the softmax: the row keeps a gap",
}
NAME = "clearhead_edges"  # transformers treats names with "flash", "sdpa" or "/" specially
EDIT = "clearhead_edit"
_SEEN = threading.local()


@dataclass(frozen=True)
class AttentionPoints:
    """Where the weights of each attention layer can be changed: paths of modules, by layer.

    `by_name` says whether they are attention modules, whose function is looked up by name; else
    they are dropout modules whose output is the weights.
    """

    by_name: bool
    paths: tuple[str, ...]


_POINTS: WeakKeyDictionary[nn.Module, AttentionPoints] = WeakKeyDictionary()


def attention_points(model: LoadedModel, inputs: dict[str, Tensor]) -> AttentionPoints:
    """Where this model's weights can be changed, tried on `inputs` the first time.

    Raises `UnsupportedModel`.
    """
    if model.model not in _POINTS:
        output = forward(model, inputs, output_attentions=True)
        maps = output.get("encoder_attentions") or output.get("attentions") or ()
        maps = [each for each in maps if each is not None]
        found = _by_name(model, inputs, maps) or _by_dropout(model, inputs, maps)
        if found is None:
            kind = model.model.config.model_type
            raise UnsupportedModel(
                f"It is not known where {kind} models compute their attention weights, so no edge "
                "can be cut. Heads, layers and MLPs can be switched."
            )
        _POINTS[model.model] = found
    return _POINTS[model.model]


def _by_name(model: LoadedModel, inputs: dict, maps: list[Tensor]) -> AttentionPoints | None:
    network = named_copy(model.model)
    paths = {module: path for path, module in network.named_modules()}
    calls: list[Any] = []
    _SEEN.calls = calls
    try:
        with torch.no_grad():
            network(**inputs, **no_cache(model), return_dict=True)
    except Exception:  # another way may be known
        return None
    finally:
        del _SEEN.calls
    if model.model.config.is_encoder_decoder:
        inside = set(network.get_encoder().modules())
        calls = [call for call in calls if call[0] in inside]
    if len(calls) != len(maps) or not all(
        fits and weights is not None and same_maps(weights, truth)
        for (_, weights, fits), truth in zip(calls, maps)
    ):
        return None
    return AttentionPoints(True, tuple(paths[module] for module, _, _ in calls))


def _by_dropout(model: LoadedModel, inputs: dict, maps: list[Tensor]) -> AttentionPoints | None:
    modules = dict(model.model.named_modules())
    calls: list[tuple[str, Tensor]] = []

    def keep(path: str) -> Callable:
        return lambda _module, _given, output: calls.append((path, output))

    dropouts = [path for path, each in modules.items() if "Dropout" in type(each).__name__]
    with hooked(*((modules[path].register_forward_hook, keep(path)) for path in dropouts)):
        forward(model, inputs)
    weights = [
        (path, output)
        for path, output in calls
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape == maps[0].shape
    ]
    if len(weights) != len(maps) or not all(
        same_maps(output, truth) for (_, output), truth in zip(weights, maps)
    ):
        return None
    return AttentionPoints(False, tuple(path for path, _ in weights))


def named_copy(network: nn.Module) -> nn.Module:
    """A copy that shares every weight and looks our attention function up."""
    return with_attention(network, NAME, _attention)


def _attention(module: nn.Module, *inputs: Any, **options: Any) -> tuple[Tensor, Tensor]:
    """The architecture's own attention, with the edges of this module taken out."""
    eager = sys.modules[type(module).__module__].eager_attention_forward
    output, weights = eager(module, *inputs, **options)
    value = inputs[2] if len(inputs) > 2 else options["value"]
    if hasattr(_SEEN, "calls"):
        _SEEN.calls.append((module, weights, _is_product(output, weights, value)))
    edit = getattr(module, EDIT, None)
    changed = weights if edit is None else edit(weights)
    if changed is weights:
        return output, weights
    return output + _mixed(changed - weights, value).reshape(output.shape), changed


def _mixed(weights: Tensor, value: Tensor) -> Tensor:
    """weights · value, (rows, query, heads, width); groups of heads share their values."""
    shared = weights.shape[1] // value.shape[1]
    return (weights @ value.repeat_interleave(shared, 1)).transpose(1, 2)


def _is_product(output: Tensor, weights: Tensor, value: Tensor) -> bool:
    try:
        return same_maps(output, _mixed(weights, value).reshape(output.shape))
    except (RuntimeError, ZeroDivisionError):
        return False


def check_edges(model: LoadedModel, edges: Sequence[Edge], tokens: int) -> tuple[Edge, ...]:
    """The edges as plain numbers. Raises `BadInput` for those that do not exist."""
    found = []
    for edge in edges:
        try:
            layer, head, query, key = numbers = [whole_number(each) for each in edge]
        except (TypeError, ValueError):
            numbers = [None]
        if None in numbers:
            raise BadInput(f"An edge is (layer, head, query, key), not {edge!r}.")
        if layer not in model.layout.attention_layers or not 0 <= head < model.n_heads:
            raise BadInput(f"There is no head {head} in layer {layer} with an attention map.")
        for place in (query, key):
            if not 0 <= place < tokens:
                raise BadInput(
                    f"Token {place} does not exist: the input has tokens 0 to {tokens - 1}."
                )
        found.append((layer, head, query, key))
    return tuple(found)


def edit_of(edges: Sequence[Edge], cut: str) -> Callable[[Tensor], Tensor]:
    """The function that takes the edges of one layer out of its weights (rows, heads, q, k)."""

    def edit(weights: Tensor) -> Tensor:
        rows, columns = weights.shape[-2:]
        mask = torch.ones_like(weights[0])
        for _, head, query, key in edges:
            if query < rows and key < columns:
                mask[head, query, key] = 0
        kept = weights * mask
        if cut == "after":
            return kept
        # exp(s_j) / Σ without the edge: the others grow by 1 / (1 − what was cut).
        left = 1 - (weights * (1 - mask)).sum(-1, keepdim=True)
        if bool((left <= torch.finfo(weights.dtype).eps).any()):
            raise BadInput(
                "A query cannot lose the only key that it attends to before the softmax: nothing "
                "would be left. Cut it after the softmax."
            )
        return kept / left

    return edit

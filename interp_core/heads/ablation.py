"""Gates on heads, and every head ablated once, many at a time.

A gate multiplies the output of a head before the output projection by a number of each text. Gate 1
leaves a head as it is and gate 0 takes it away: its slice of the output projection's input is zero.
The gates sit on a copy of the module tree that shares every weight, so other threads may go on
using the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from interp_core.errors import UnsupportedModel
from interp_core.heads.objective import Labels, judge, judged_logits
from interp_core.models.architecture import output_projections
from interp_core.models.forward import no_cache
from interp_core.models.hooks import hooked, shared_copy

if TYPE_CHECKING:
    from interp_core.heads.objective import ModelBatch
    from interp_core.models.record import LoadedModel


class GatedModel:
    """The whole model with a gate on each head of each attention layer.

    `projections` are the paths of the output projections in the order of the layers; `cacheable`
    says whether ablation may reuse the outputs of layers, None until it was tried.
    """

    def __init__(self, model: LoadedModel) -> None:
        self.model, self.network = model, shared_copy(model.model)
        self.layers, self.heads = len(model.layout.attention_layers), model.n_heads
        modules = dict(self.network.named_modules())
        self.projections = output_projections(modules)
        if len(self.projections) not in (1, self.layers):  # 1: the layers share their weights
            raise self._unknown()
        for path in self.projections:
            modules[path].register_forward_pre_hook(self._enter)
        self._gates: Tensor | None = None
        self._call = 0
        self.cacheable: bool | None = None

    def run(self, inputs: dict[str, Tensor], gates: Tensor | None = None, first: int = 0) -> Any:
        """The model's output with gates (rows, layers, heads).

        `first` is the first attention layer that is really computed.
        """
        self._gates, self._call = gates, first
        try:
            output = self.network(**inputs, **no_cache(self.model), return_dict=True)
        finally:
            self._gates = None
        if self._call != self.layers:
            raise self._unknown()
        return output

    def ones(self, rows: int) -> Tensor:
        """Gates that change nothing, (rows, layers, heads)."""
        return torch.ones(
            rows, self.layers, self.heads, device=self.model.device, dtype=self.model.model.dtype
        )

    def _enter(self, _module: nn.Module, inputs: tuple) -> tuple | None:
        layer, self._call = self._call, self._call + 1
        if self._gates is None or layer >= self.layers:
            return None
        mixed = inputs[0]
        parts = mixed.reshape(len(self._gates), -1, self.heads, mixed.shape[-1] // self.heads)
        gated = parts * self._gates[:, layer, None, :, None]
        return (gated.reshape(mixed.shape), *inputs[1:])

    def _unknown(self) -> UnsupportedModel:
        kind = self.model.model.config.model_type
        return UnsupportedModel(
            f"Head importance is not available for {kind} models, because the output of "
            "single heads is not known. Use another head statistic."
        )


ROW_TOKENS = 1024  # tokens in one pass, over all rows: what is computed stays in the cache
TRIED_ROWS = 3  # rows of one text when the shortcut is tried
SAME = 1e-4  # largest difference of logits, relative beyond 1, between shortcut and full pass


def ablate(gated: GatedModel, inputs: ModelBatch, goal: Labels) -> Tensor:
    """Loss, target logit and accuracy without each head, (3, texts, layers, heads)."""
    with torch.inference_mode():
        cache = _layer_cache(gated, inputs)
        parts = [_layer(gated, inputs, goal, cache, layer) for layer in range(gated.layers)]
    return torch.stack(parts, 2)


@dataclass(frozen=True)
class LayerCache:
    """The outputs of a stack's layers, which the layers before the ablated one return again.

    Saves about a third of the time in six layers (`benchmarks/head_importance.py`). `layers` are
    all layers in order; `attending` the position among them of each attention layer.
    """

    layers: list[nn.Module]
    attending: list[int]
    outputs: list[Any]


def _layer_cache(gated: GatedModel, inputs: ModelBatch) -> LayerCache | None:
    """The layers' outputs for a batch; whether the shortcut is right is tried on the first text."""
    if gated.cacheable is None:
        gated.cacheable = _cache_is_exact(gated, inputs.first)
    return record(gated, inputs.tensors) if gated.cacheable else None


def _cache_is_exact(gated: GatedModel, inputs: ModelBatch) -> bool:
    """Whether cached layers give what a full pass gives, with random gates in every layer."""
    cache = record(gated, inputs.tensors)
    if cache is None:
        return False
    tensors = inputs.repeated(TRIED_ROWS)
    for layer in range(gated.layers):
        gates = random_gates(gated, len(inputs) * TRIED_ROWS, layer)
        truth = judged_logits(gated.model, gated.run(tensors, gates))
        try:
            output = run_from(gated, cache, tensors, gates, layer, TRIED_ROWS)
        except Exception:  # whatever an architecture does with a layer's output, it can do without
            return False
        if not agree(judged_logits(gated.model, output), truth):
            return False
    return True


def _layer(
    gated: GatedModel, inputs: ModelBatch, goal: Labels, cache: LayerCache | None, layer: int
) -> Tensor:
    """(3, texts, heads) without each head of one layer."""
    found = []
    tokens = len(inputs) * inputs.mask.shape[1]
    for heads in torch.arange(gated.heads).split(max(1, ROW_TOKENS // max(tokens, 1))):
        times = len(heads)
        gates = gated.ones(len(inputs) * times).unflatten(0, (len(inputs), times))
        gates[:, torch.arange(times), layer, heads] = 0
        tensors = inputs.repeated(times)
        output = run_from(gated, cache, tensors, gates.flatten(0, 1), layer, times)
        judged = judge(judged_logits(gated.model, output), goal.repeated(times)).stacked()
        found.append(judged.unflatten(1, (len(inputs), times)))
    return torch.cat(found, 2)


def record(gated: GatedModel, inputs: dict[str, Tensor]) -> LayerCache | None:
    """The output of each layer of the whole model, in one pass; None without a known stack."""
    found = _stack(gated)
    if found is None:
        return None
    layers, attending = found
    outputs: list[Any] = []

    def keep(_module: nn.Module, _inputs: tuple, output: Any) -> None:
        outputs.append(output)

    with hooked(*((layer.register_forward_hook, keep) for layer in layers)):
        gated.run(inputs)
    return LayerCache(layers, attending, outputs) if len(outputs) == len(layers) else None


def run_from(
    gated: GatedModel,
    cache: LayerCache | None,
    tensors: dict[str, Tensor],
    gates: Tensor,
    layer: int,
    times: int,
) -> Any:
    """The model's output with gates that are open everywhere but in one attention layer.

    `tensors` hold each text `times` times in a row. Without `cache` every layer runs.
    """
    if cache is None:
        return gated.run(tensors, gates)
    with _answering(cache, layer, times):
        return gated.run(tensors, gates, layer)


def agree(found: Tensor, truth: Tensor) -> bool:
    """Whether two ways gave the same logits."""
    scale = max(1.0, float(truth.abs().max()))
    return found.shape == truth.shape and float((found - truth).abs().max()) <= SAME * scale


def random_gates(gated: GatedModel, rows: int, layer: int) -> Tensor:
    """Open gates, but those of one layer anywhere between closed and open."""
    gates = gated.ones(rows)
    places = torch.arange(rows * gated.heads, device=gates.device).reshape(rows, -1)
    gates[:, layer] = (0.37 * places % 1).to(gates.dtype)
    return gates


def _stack(gated: GatedModel) -> tuple[list[nn.Module], list[int]] | None:
    """The list of layers that holds every output projection, one in each attention layer."""
    if len(gated.projections) != gated.layers:
        return None
    modules = dict(gated.network.named_modules())
    first = gated.projections[0].split(".")
    for end in range(1, len(first)):
        root = ".".join(first[:end])
        if isinstance(modules[root], nn.ModuleList):
            inside = [path for path in gated.projections if path.startswith(f"{root}.")]
            places = [int(path.removeprefix(f"{root}.").split(".")[0]) for path in inside]
            right = len(places) == gated.layers and len(set(places)) == gated.layers
            return (list(modules[root]), places) if right else None
    return None


@contextmanager
def _answering(cache: LayerCache, layer: int, times: int) -> Iterator[None]:
    """Layers before the attention layer return their cached output, each row `times` times."""
    before = cache.attending[layer]
    if before:
        answer = repeat_rows(cache.outputs[before - 1], times)
        for each in cache.layers[:before]:
            each.forward = lambda *_inputs, **_options: answer
    try:
        yield
    finally:
        for each in cache.layers[:before]:
            vars(each).pop("forward", None)


def repeat_rows(output: Any, times: int) -> Any:
    """A layer's output, whether tensor or tuple, with each row `times` times."""
    if isinstance(output, Tensor):
        return output.repeat_interleave(times, 0)
    if isinstance(output, tuple):
        return tuple(repeat_rows(each, times) for each in output)
    return output

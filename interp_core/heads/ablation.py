"""Every head taken away once, many at a time: one row for each text and head of a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from interp_core.heads.objective import Labels, judge, judged_logits

if TYPE_CHECKING:
    from interp_core.heads.gates import GatedModel
    from interp_core.heads.objective import ModelBatch


ROW_TOKENS = 1024  # tokens in one pass, over all rows: what is computed stays in the cache
TRIED_ROWS = 3  # rows of one text when a shortcut is tried
SHARED, ANSWERED, NONE = "shared", "answered", "none"


def ablate(gated: GatedModel, inputs: ModelBatch, goal: Labels) -> Tensor:
    """Loss, target logit and accuracy without each head, (3, texts, layers, heads)."""
    with torch.inference_mode():
        said = _shortcut(gated, inputs)
        parts = [_layer(gated, inputs, goal, said, layer) for layer in range(gated.layers)]
    return torch.stack(parts, 2)


def _shortcut(gated: GatedModel, inputs: ModelBatch) -> LayerCache | None:
    """What the layers said for a batch; which shortcut is right is tried on the first text."""
    if gated.shortcut is None:
        one = inputs.first
        best = fastest_valid(
            record(gated, one.tensors), lambda said: _matches_full_pass(gated, one, said)
        )
        gated.shortcut = NONE if best is None else SHARED if best.shares else ANSWERED
    said = None if gated.shortcut == NONE else record(gated, inputs.tensors)
    return said and replace(said, shares=gated.shortcut == SHARED)


def _layer(
    gated: GatedModel, inputs: ModelBatch, goal: Labels, said: LayerCache | None, layer: int
) -> Tensor:
    """(3, texts, heads) without each head of one layer."""
    found = []
    tokens = len(inputs) * inputs.mask.shape[1]
    for heads in torch.arange(gated.heads).split(max(1, ROW_TOKENS // max(tokens, 1))):
        times = len(heads)
        gates = gated.ones(len(inputs) * times).unflatten(0, (len(inputs), times))
        gates[:, torch.arange(times), layer, heads] = 0
        tensors = inputs.repeated(times)
        output = run_from(gated, said, tensors, gates.flatten(0, 1), layer, times)
        judged = judge(judged_logits(gated.model, output), goal.repeated(times)).stacked()
        found.append(judged.unflatten(1, (len(inputs), times)))
    return torch.cat(found, 2)


def _matches_full_pass(gated: GatedModel, inputs: ModelBatch, said: LayerCache) -> bool:
    """Whether the shortcut gives what a full pass gives, with random gates in every layer."""
    tensors = inputs.repeated(TRIED_ROWS)
    for layer in range(gated.layers):
        gates = random_gates(gated, len(inputs) * TRIED_ROWS, layer)
        truth = judged_logits(gated.model, gated.run(tensors, gates))
        found = judged_logits(gated.model, run_from(gated, said, tensors, gates, layer, TRIED_ROWS))
        if not agree(found, truth):
            return False
    return True


SAME = 1e-4  # largest difference of logits, relative beyond 1, between the two ways


@dataclass(frozen=True)
class LayerCache:
    """What each layer of the stack returned for the whole model.

    `layers` are all layers in order; `attending` the place among them of each attention layer.
    `shares` says whether rows share the attention of the gate's own layer.
    """

    layers: list[nn.Module]
    attending: list[int]
    outputs: list[Any]
    shares: bool = True


def record(gated: GatedModel, inputs: dict[str, Tensor]) -> LayerCache | None:
    """What each layer says for the whole model, by one pass; None where layers cannot be told."""
    found = _stack(gated)
    if found is None:
        return None
    layers, attending = found
    outputs: list[Any] = []
    with ExitStack() as hooks:
        for layer in layers:
            hook = layer.register_forward_hook(lambda _module, _inputs, out: outputs.append(out))
            hooks.callback(hook.remove)
        gated.run(inputs)
    return LayerCache(layers, attending, outputs) if len(outputs) == len(layers) else None


def run_from(
    gated: GatedModel,
    said: LayerCache | None,
    tensors: dict[str, Tensor],
    gates: Tensor,
    layer: int,
    times: int,
) -> Any:
    """The model's output with gates that are open everywhere but in one attention layer.

    `tensors` hold each text `times` times in a row. Without `said` every layer runs.
    """
    if said is None:
        return gated.run(tensors, gates)
    with _answering(said, layer, times):
        if not said.shares:
            return gated.run(tensors, gates, layer)
        with _sharing(gated.insides[layer], len(gates), times):
            return gated.run(tensors, gates, layer, times)


def fastest_valid(
    said: LayerCache | None, works: Callable[[LayerCache], bool]
) -> LayerCache | None:
    """The boldest shortcut for which `works(said)` holds; None where none does."""
    for each in () if said is None else (said, replace(said, shares=False)):
        try:
            if works(each):
                return each
        except Exception:
            continue
    return None


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
def _answering(said: LayerCache, layer: int, times: int) -> Iterator[None]:
    """Layers before the attention layer answer with what they said, each row `times` times."""
    before = said.attending[layer]
    if before:
        answer = _repeated(said.outputs[before - 1], times)
        for each in said.layers[:before]:
            each.forward = lambda *_inputs, **_options: answer
    try:
        yield
    finally:
        for each in said.layers[:before]:
            vars(each).pop("forward", None)


@contextmanager
def _sharing(inside: nn.Module, rows: int, times: int) -> Iterator[None]:
    """The module reads every `times`-th row."""

    def thin(_module: nn.Module, inputs: tuple, options: dict) -> tuple[tuple, dict]:
        return _thinned(inputs, rows, times), _thinned(options, rows, times)

    hook = inside.register_forward_pre_hook(thin, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def _thinned(value: Any, rows: int, times: int) -> Any:
    if isinstance(value, Tensor):
        return value[::times].contiguous() if value.ndim > 1 and len(value) == rows else value
    if isinstance(value, tuple):
        return tuple(_thinned(each, rows, times) for each in value)
    if isinstance(value, dict):
        return {name: _thinned(each, rows, times) for name, each in value.items()}
    return value


def _repeated(output: Any, times: int) -> Any:
    if isinstance(output, Tensor):
        return output.repeat_interleave(times, 0)
    if isinstance(output, tuple):
        return tuple(_repeated(each, times) for each in output)
    return output

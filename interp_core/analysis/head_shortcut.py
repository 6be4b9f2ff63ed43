"""Leave out what a closed gate cannot change: the layers before it, and most of its own attention.

Layers before the gate's answer with what they said for the whole model. In the gate's own layer
the rows that differ by the gate alone are one row up to the output projection. Whether a model's
layers allow this is tried with random gates before it is relied on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from interp_core.analysis.head_gates import GatedModel

SAME = 1e-4  # largest difference of logits, relative beyond 1, between the two ways


@dataclass(frozen=True)
class Said:
    """What each layer of the stack returned for the whole model.

    `layers` are all layers in order; `attending` the place among them of each attention layer.
    `shares` says whether rows share the attention of the gate's own layer.
    """

    layers: list[nn.Module]
    attending: list[int]
    outputs: list[Any]
    shares: bool = True


def record(gated: GatedModel, inputs: dict[str, Tensor]) -> Said | None:
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
    return Said(layers, attending, outputs) if len(outputs) == len(layers) else None


def run_from(
    gated: GatedModel, said: Said | None, tensors: dict[str, Tensor], gates: Tensor, layer: int,
    times: int,
) -> Any:  # fmt: skip
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


def usable(said: Said | None, works: Callable[[Said], bool]) -> Said | None:
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
def _answering(said: Said, layer: int, times: int) -> Iterator[None]:
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

"""Every head taken away once, many at a time.

A head of layer l leaves the layers before l as they are, so these are not computed again: they
answer with what they said for the whole model, and only layers from l on run, with one row for
each head of layer l. Where a model's layers pass on more than their output, all layers run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from interp_core.analysis.head_goals import Goal, judge, lines

if TYPE_CHECKING:
    from interp_core.analysis.head_gates import GatedModel
    from interp_core.analysis.head_inputs import Inputs

ROW_TOKENS = 4096  # tokens in one pass, over all rows
SAME = 1e-4  # largest difference of logits between layers that ran and layers that answered


def ablate(gated: GatedModel, inputs: Inputs, goal: Goal) -> Tensor:
    """Loss, target logit and accuracy without each head, (3, texts, layers, heads)."""
    with torch.inference_mode():
        said, output = record(gated, inputs.tensors)
        shortcut = said if _answers_right(gated, inputs, said, lines(gated.model, output)) else None
        parts = [_layer(gated, inputs, goal, shortcut, layer) for layer in range(gated.layers)]
    return torch.stack(parts, 2)


def _layer(
    gated: GatedModel, inputs: Inputs, goal: Goal, said: Said | None, layer: int
) -> Tensor:  # fmt: skip
    """(3, texts, heads) without each head of one layer."""
    heads = _parts(gated, inputs)
    found = []
    for part in heads:
        gates = gated.ones(len(inputs) * len(part)).unflatten(0, (len(inputs), -1))
        gates[:, torch.arange(len(part)), layer, part] = 0
        found.append(_judge(gated, inputs, goal, said, layer, gates.flatten(0, 1), len(part)))
    return torch.cat(found, 2)


def _judge(
    gated: GatedModel, inputs: Inputs, goal: Goal, said: Said | None, layer: int, gates: Tensor,
    times: int,
) -> Tensor:  # fmt: skip
    tensors = inputs.repeated(times)
    if said is None:
        output = gated.run(tensors, gates)
    else:
        with answering(said, layer, times):
            output = gated.run(tensors, gates, layer)
    judged = judge(lines(gated.model, output), goal.repeated(times)).stacked()
    return judged.unflatten(1, (len(inputs), times))


def _parts(gated: GatedModel, inputs: Inputs) -> list[Tensor]:
    """The heads of a layer in groups that fit in one pass."""
    tokens = len(inputs) * max(inputs.mask.shape[1], 1)
    return list(torch.arange(gated.heads).split(max(1, ROW_TOKENS // tokens)))


# ------------------------------------------------------------------------- layers that answer


@dataclass(frozen=True)
class Said:
    """What each layer of the stack returned for the whole model.

    `layers` are all layers in order; `attending` the place among them of each attention layer.
    """

    layers: list[nn.Module]
    attending: list[int]
    outputs: list[Any]


def record(gated: GatedModel, inputs: dict[str, Tensor]) -> tuple[Said | None, Any]:
    """A pass of the whole model with what each layer said; None where layers cannot be told."""
    found = _stack(gated)
    if found is None:
        return None, gated.run(inputs)
    layers, attending = found
    outputs: list[Any] = []
    hooks = [
        layer.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
        for layer in layers
    ]
    try:
        output = gated.run(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return (Said(layers, attending, outputs) if len(outputs) == len(layers) else None), output


def _stack(gated: GatedModel) -> tuple[list[nn.Module], list[int]] | None:
    """The list of layers that holds every output projection, one in each attention layer."""
    if len(gated.projections) != gated.layers:
        return None
    modules = dict(gated.network.named_modules())
    first = gated.projections[0].split(".")
    for end in range(1, len(first)):
        root = ".".join(first[:end])
        if isinstance(modules[root], nn.ModuleList):
            inside = [p.removeprefix(f"{root}.").split(".")[0] for p in gated.projections
                      if p.startswith(f"{root}.")]  # fmt: skip
            places = [int(each) for each in inside]
            right = len(places) == gated.layers and len(set(places)) == gated.layers
            return (list(modules[root]), places) if right else None
    return None


@contextmanager
def answering(said: Said, layer: int, times: int) -> Iterator[None]:
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


def _repeated(output: Any, times: int) -> Any:
    if isinstance(output, Tensor):
        return output.repeat_interleave(times, 0)
    if isinstance(output, tuple):
        return tuple(_repeated(each, times) for each in output)
    return output


def _answers_right(gated: GatedModel, inputs: Inputs, said: Said | None, truth: Tensor) -> bool:
    """Whether the shortcut changes nothing, tried at every layer (once for each gated model)."""
    if said is None:
        return False
    if gated.shortcut is None:
        gated.shortcut = True
        for layer in range(1, gated.layers):
            with answering(said, layer, 1):
                found = lines(gated.model, gated.run(inputs.tensors, first=layer))
            scale = max(1.0, float(truth.abs().max()))
            gated.shortcut &= float((found - truth).abs().max()) <= SAME * scale
    return gated.shortcut

"""Every head taken away once, many at a time: one row for each text and head of a layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from interp_core.analysis.head_goals import Goal, judge, lines
from interp_core.analysis.head_shortcut import Said, agree, random_gates, record, run_from, usable

if TYPE_CHECKING:
    from interp_core.analysis.head_gates import GatedModel
    from interp_core.analysis.head_inputs import Inputs

ROW_TOKENS = 1024  # tokens in one pass, over all rows: what is computed stays in the cache
TRIED_ROWS = 3  # rows of one text when a shortcut is tried
SHARED, ANSWERED, NONE = "shared", "answered", "none"


def ablate(gated: GatedModel, inputs: Inputs, goal: Goal) -> Tensor:
    """Loss, target logit and accuracy without each head, (3, texts, layers, heads)."""
    with torch.inference_mode():
        said = _shortcut(gated, inputs)
        parts = [_layer(gated, inputs, goal, said, layer) for layer in range(gated.layers)]
    return torch.stack(parts, 2)


def _shortcut(gated: GatedModel, inputs: Inputs) -> Said | None:
    """What the layers said for a batch; which shortcut is right is tried on the first text."""
    if gated.shortcut is None:
        one = inputs.first
        best = usable(record(gated, one.tensors), lambda said: _right(gated, one, said))
        gated.shortcut = NONE if best is None else SHARED if best.shares else ANSWERED
    said = None if gated.shortcut == NONE else record(gated, inputs.tensors)
    return said and replace(said, shares=gated.shortcut == SHARED)


def _layer(
    gated: GatedModel, inputs: Inputs, goal: Goal, said: Said | None, layer: int
) -> Tensor:  # fmt: skip
    """(3, texts, heads) without each head of one layer."""
    found = []
    tokens = len(inputs) * inputs.mask.shape[1]
    for heads in torch.arange(gated.heads).split(max(1, ROW_TOKENS // max(tokens, 1))):
        times = len(heads)
        gates = gated.ones(len(inputs) * times).unflatten(0, (len(inputs), times))
        gates[:, torch.arange(times), layer, heads] = 0
        tensors = inputs.repeated(times)
        output = run_from(gated, said, tensors, gates.flatten(0, 1), layer, times)
        judged = judge(lines(gated.model, output), goal.repeated(times)).stacked()
        found.append(judged.unflatten(1, (len(inputs), times)))
    return torch.cat(found, 2)


def _right(gated: GatedModel, inputs: Inputs, said: Said) -> bool:
    """Whether the shortcut gives what a full pass gives, with random gates in every layer."""
    tensors = inputs.repeated(TRIED_ROWS)
    for layer in range(gated.layers):
        gates = random_gates(gated, len(inputs) * TRIED_ROWS, layer)
        truth = lines(gated.model, gated.run(tensors, gates))
        found = lines(gated.model, run_from(gated, said, tensors, gates, layer, TRIED_ROWS))
        if not agree(found, truth):
            return False
    return True

"""Which single head's removal changes an answer most: every head taken away once, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from interp_core.attribution.targets import Target, TargetRequest
from interp_core.interventions.effects import ROW_TOKENS
from interp_core.interventions.question import Reading, encode_question, find_target, reading
from interp_core.interventions.recorded_pair import SAME
from interp_core.interventions.running import Change, Recording, Runner
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def head_removals(
    model: LoadedModel,
    text: Any,
    *,
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
    text_pair: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """One row for each head: layer, head, logit_change and probability_change without it.

    The head's output is set to zero before the output projection. All heads of a layer go through
    the model together, and layers below it are not computed again. Sorted by the size of
    `logit_change`, the largest first. Raises `BadInput`, `InputTooLong`, `UnsupportedModel` or
    `Stopped`.
    """
    encoded = encode_question(model, text, text_pair)
    runner = Runner(model, encoded.inputs, len(encoded.sequence))
    request = TargetRequest(target, contrast, position)
    with torch.no_grad():
        base = runner.record()
        goal, _ = find_target(model, encoded, base.output, request)
        removal = _Removal(runner, base, reading(model, goal))
        start, rows = _both(goal, base.output).cpu().numpy()[0], []
        layers = [part.layer for part in runner.parts.attention]
        for done, layer in enumerate(layers):
            changes = removal.of(layer) - start
            rows += [(layer, head, *map(float, each)) for head, each in enumerate(changes)]
            report(progress, done + 1, len(layers))
    frame = pd.DataFrame(rows, columns=["layer", "head", "logit_change", "probability_change"])
    order = frame["logit_change"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


class _Removal:
    """The answer without each head of a layer."""

    def __init__(self, runner: Runner, base: Recording, read: Reading) -> None:
        self.runner, self.base, self.read = runner, base, read
        self.zeros = without_heads(base)
        self.shortcut = True
        layer = runner.parts.attention[0].layer
        tried = self.of(layer)
        self.shortcut = False
        whole = self.of(layer)
        self.shortcut = bool(np.abs(tried - whole).max() <= SAME * max(1.0, np.abs(whole).max()))

    def of(self, layer: int) -> np.ndarray:
        """(heads, 2): logit and probability without each head."""
        heads, tokens = self.runner.model.n_heads, self.runner.tokens
        masks = torch.eye(heads, dtype=torch.bool, device=self.runner.model.device)
        masks = masks[:, None, :].expand(heads, tokens, heads)
        found = []
        for part in masks.split(max(1, ROW_TOKENS // tokens)):
            change = Change("heads", layer, part, self.base, self.zeros, self.shortcut)
            output = self.runner.run(change, **self.read.options)
            found.append(_both(self.read.target, output))
        return torch.cat(found).cpu().numpy()


def without_heads(base: Recording) -> Recording:
    """The recording in which every head gave nothing."""
    calls = {layer: dict(made) for layer, made in base.calls.items()}
    for layer, number in base.projections.items():
        call = calls[layer][number]
        calls[layer][number] = call._replace(given=torch.zeros_like(call.given))
    return replace(base, calls=calls)


def _both(target: Target, output: Any) -> Tensor:
    """Logit and probability of each row, (rows, 2)."""
    return torch.stack([target.score(output), target.probability(output)], -1).double()

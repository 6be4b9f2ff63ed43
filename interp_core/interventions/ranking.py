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
from interp_core.models.hooks import first
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


MLP = "MLP"


def removal_effects(
    model: LoadedModel,
    text: Any,
    *,
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
    text_pair: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """What each head and each MLP does to an answer: its logit and probability without it.

    One row for each part: layer, unit ("0", "1", … for heads, "MLP"), logit_change and
    probability_change, without minus with the part. A head's output is set to zero before the
    output projection, an MLP's as a whole. All heads of a layer go through the model together, and
    what stands before them is not computed again. Raises `BadInput`, `InputTooLong`,
    `UnsupportedModel` or `Stopped`.
    """
    encoded = encode_question(model, text, text_pair)
    runner = Runner(model, encoded.inputs, len(encoded.sequence))
    request = TargetRequest(target, contrast, position)
    with torch.no_grad():
        base = runner.record()
        goal, _ = find_target(model, encoded, base.output, request)
        removal = _Removal(runner, base, reading(model, goal))
        start, rows = _both(goal, base.output).cpu().numpy()[0], []
        attending = {part.layer for part in runner.parts.attention}
        for layer in range(runner.layers):
            for site in ("heads", "mlp"):
                if site == "mlp" or layer in attending:
                    changes = removal.of(site, layer) - start
                    names = [MLP] if site == "mlp" else map(str, range(len(changes)))
                    rows += [(layer, name, *map(float, each)) for name, each in zip(names, changes)]
            report(progress, layer + 1, runner.layers)
    return pd.DataFrame(rows, columns=["layer", "unit", "logit_change", "probability_change"])


def head_removals(model: LoadedModel, text: Any, **options: Any) -> pd.DataFrame:
    """Which single head's removal changes an answer most: layer, head, logit_change,
    probability_change, the largest change of the logit first.

    Options and errors are those of `removal_effects`.
    """
    frame = removal_effects(model, text, **options)
    frame = frame[frame["unit"] != MLP].rename(columns={"unit": "head"})
    order = frame["logit_change"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].astype({"head": int}).reset_index(drop=True)


class _Removal:
    """The answer without each head, or without the MLP, of a layer."""

    def __init__(self, runner: Runner, base: Recording, read: Reading) -> None:
        self.runner, self.base, self.read = runner, base, read
        self.silent = silenced(base)
        layer, found = runner.parts.attention[0].layer, {}
        for self.shortcut in (True, False):
            found[self.shortcut] = [self.of("heads", layer), self.of("mlp", layer)]
        scale = max(1.0, *(float(np.abs(each).max()) for each in found[False]))
        self.shortcut = all(
            np.abs(one - two).max() <= SAME * scale for one, two in zip(*found.values())
        )

    def of(self, site: str, layer: int) -> np.ndarray:
        """(parts, 2): logit and probability without each part."""
        parts, tokens = (self.runner.model.n_heads if site == "heads" else 1), self.runner.tokens
        masks = torch.eye(parts, dtype=torch.bool, device=self.runner.model.device)
        masks = masks[:, None, :].expand(parts, tokens, parts)
        found = []
        for part in masks.split(max(1, ROW_TOKENS // tokens)):
            change = Change(site, layer, part, self.base, self.silent, self.shortcut)
            output = self.runner.run(change, **self.read.options)
            found.append(_both(self.read.target, output))
        return torch.cat(found).cpu().numpy()


def silenced(base: Recording) -> Recording:
    """The recording in which every head and every MLP gave nothing."""
    calls = {layer: dict(made) for layer, made in base.calls.items()}
    for layer, number in base.projections.items():
        call = calls[layer][number]
        calls[layer][number] = call._replace(given=torch.zeros_like(call.given))
    for layer, number in base.mlps.items():
        call = calls[layer][number]
        nothing = torch.zeros_like(first(call.output))
        whole = (
            nothing
            if isinstance(call.output, Tensor)
            else type(call.output)((nothing, *call.output[1:]))
        )
        calls[layer][number] = call._replace(output=whole)
    return replace(base, calls=calls)


def _both(target: Target, output: Any) -> Tensor:
    """Logit and probability of each row, (rows, 2)."""
    return torch.stack([target.score(output), target.probability(output)], -1).double()

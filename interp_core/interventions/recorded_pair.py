"""Two runs of one model recorded side by side, and single parts of one put into the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from interp_core.errors import BadInput, UnsupportedModel
from interp_core.interventions.question import Reading, find_target, reading
from interp_core.interventions.running import Change, Recording, Runner

if TYPE_CHECKING:
    from interp_core.attribution.targets import TargetRequest
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel

SAME = 1e-4  # largest difference between two ways to one number, relative beyond 1
LEAST = {torch.float32: 1e-3, torch.float64: 1e-6}  # difference of the two texts worth dividing by
LEAST_HALF = 0.05


class RecordedPair:
    """Both runs recorded; `base` is the one that is patched, `source` what parts come from."""

    def __init__(
        self,
        model: LoadedModel,
        clean: Encoded,
        corrupt: Encoded,
        request: TargetRequest,
        measure: str,
        direction: str,
    ) -> None:
        self.model, restores = model, direction == "restore"
        base, source = (corrupt, clean) if restores else (clean, corrupt)
        self.runner = Runner(model, base.inputs, len(base.sequence))
        with torch.no_grad():
            self.base, self.source = (self.runner.record(each.inputs) for each in (base, source))
            whole = (self.source if restores else self.base).output
            target, _ = find_target(model, clean, whole, request)
            self.read, self.label = reading(model, target, measure), target.label
            full = Reading(target, measure, {})
            low, high = (float(full(each.output)[0]) for each in (self.base, self.source))
        self.low, self.high = low, high
        self.reads: Tensor | None = None
        self.values = (high, low) if restores else (low, high)
        least = LEAST.get(model.model.dtype, LEAST_HALF)
        if not abs(high - low) >= least * max(1.0, abs(high)):
            raise BadInput(
                f"Both texts give nearly the same {measure} for “{self.label}” "
                f"({self.values[0]:.4f} and {self.values[1]:.4f}): there is no difference whose "
                "origin could be found. Change a word that matters, or choose another target."
            )

    def layers(self, site: str) -> tuple[int, ...]:
        """True numbers of the layers that have the site."""
        if site in ("stream", "mlp", "mlps"):
            return tuple(range(self.runner.layers))
        return tuple(part.layer for part in self.runner.parts.attention)

    def differs(self, site: str, layer: int) -> Tensor:
        """Where the two runs are not equal, (n, parts) bool."""
        here, there = (
            self.runner.slots(site, layer, each.at(site, layer))
            for each in (self.base, self.source)
        )
        differs = (here != there).any(-1)[0]
        own = site in ("stream", "mlp") and layer == self.runner.layers - 1
        return differs & self.reads[:, None] if own and self.reads is not None else differs

    def effect(self, values: Tensor) -> np.ndarray:
        """Values of F as effects."""
        return (values.double().cpu().numpy() - self.low) / (self.high - self.low)

    def run(self, layer: int, masks: dict[str, Tensor], shortcut: bool) -> Tensor:
        """F of each row of the masks (rows, n, parts) of the sites."""
        (site, mask), *others = masks.items()
        parts = (self.base, self.source, shortcut, self.reads, dict(others))
        with torch.inference_mode():
            output = self.runner.run(Change(site, layer, mask, *parts), **self.read.options)
            return self.read(output)

    def find_reads(self) -> None:
        """Find out which tokens of the last layer the number depends on, by its gradients; once."""
        if self.reads is not None:
            return
        last, found = self.runner.layers - 1, []
        for record in (self.base, self.source):
            with torch.enable_grad():
                state = record.at("stream", last).detach().requires_grad_()
                begun = replace(record, blocks=[*record.blocks[:-1], _begins_with(record, state)])
                nothing = torch.zeros(1, self.runner.tokens, 1, dtype=torch.bool)
                change = Change("stream", last, nothing.to(state.device), begun, begun)
                value = self.read(self.runner.run(change, **self.read.options))
                (slope,) = torch.autograd.grad(value.sum(), state)
            found.append(self.runner.slots("stream", last, slope)[0].flatten(1).any(1))
        self.reads = found[0] | found[1]


def _begins_with(record: Recording, state: Tensor) -> Any:
    """The raw output of the last layer with another stream."""
    raw = record.blocks[-1]
    return state if isinstance(raw, Tensor) else type(raw)((state, *raw[1:]))


_TRIED: WeakKeyDictionary[nn.Module, dict[str, bool]] = WeakKeyDictionary()


def shortcut_holds(pair: RecordedPair, kind: str) -> bool:
    """Whether a pass that reuses the recording gives what a whole pass gives; tried once.

    Raises `UnsupportedModel` where even a whole pass cannot be changed as it should.
    """
    tried = _TRIED.setdefault(pair.model.model, {})
    if tried.get(kind, True):
        pair.find_reads()
    if kind in tried:
        return tried[kind]
    layer = pair.layers(kind)[0]  # a change there runs through all that is saved above it
    differs = pair.differs(kind, layer)
    mask = torch.zeros(3, *differs.shape, dtype=torch.bool, device=differs.device)
    mask[1] = True
    mask[2, ::2, ::2] = True
    try:
        truth = pair.run(layer, {kind: mask}, shortcut=False)
    except (RuntimeError, ValueError) as error:
        raise _unknown(pair) from error
    slack = SAME * max(1.0, abs(pair.low), abs(pair.high))
    whole = abs(float(truth[1]) - pair.high) <= slack or kind != "stream"
    if not abs(float(truth[0]) - pair.low) <= slack or not whole:
        raise _unknown(pair)
    try:
        found = pair.run(layer, {kind: mask}, shortcut=True)
        tried[kind] = bool((found - truth).abs().max() <= slack)
    except Exception:  # whatever an architecture does with a layer's output, it can do without
        tried[kind] = False
    return tried[kind]


def _unknown(pair: RecordedPair) -> UnsupportedModel:
    kind = pair.model.model.config.model_type
    return UnsupportedModel(
        f"The inside of {kind} models is laid out in a way that is not known here: putting a run's "
        "own states back changes its answer. Attributions need no such knowledge: use them."
    )

"""Effects of patches: computed exactly, many rows in a pass, or estimated by one gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from interp_core.interventions.recorded_pair import RecordedPair, shortcut_holds
from interp_core.interventions.running import Runner
from interp_core.progress import report

ROW_TOKENS = 512  # tokens in one pass, over all rows: what is computed stays in the cache
KINDS = {"heads_by_position": "heads", "mlps": "mlp"}  # sites that patch what another one does
Effects = tuple[np.ndarray, "np.ndarray | None"]


def exact_effects(
    pair: RecordedPair,
    sites: Sequence[str],
    groups: tuple,
    progress: Callable[[int, int], object] | None,
) -> dict[str, Effects]:
    """Effects of every part of the sites, and of all parts of each layer at once.

    Sites share the passes of a layer where what is saved holds for all of them.
    """
    kinds = dict.fromkeys(KINDS.get(site, site) for site in sites)
    holds = {kind: shortcut_holds(pair, kind) for kind in kinds}
    apart = [sites] if all(holds.values()) else [[site] for site in sites]
    found: dict[str, list[np.ndarray]] = {site: [] for site in sites}
    total = len(apart) * pair.runner.layers
    for turn, together in enumerate(apart):
        shortcut = all(holds[KINDS.get(site, site)] for site in together)
        for layer in range(pair.runner.layers):
            here = [site for site in together if layer in pair.layers(site)]
            for site, values in _values(pair, here, groups, layer, shortcut).items():
                found[site].append(values)
            report(progress, turn * pair.runner.layers + layer + 1, total)
    return {site: _told(pair, site, np.stack(found[site]), len(groups)) for site in sites}


def _values(
    pair: RecordedPair, sites: Sequence[str], groups: tuple, layer: int, shortcut: bool
) -> dict[str, np.ndarray]:
    """Effects of the parts of one layer, that of all at once last; no run for what is equal."""
    masks, found, waiting = {}, {}, []
    for site in sites:
        differs = pair.differs(KINDS.get(site, site), layer)
        rows = torch.cat([_rows(site, groups, differs), torch.ones_like(differs)[None]])
        masks[site], found[site] = rows, np.zeros(len(rows))
        live = torch.nonzero((rows & differs).flatten(1).any(1)).flatten()
        waiting += [(site, row) for row in live.tolist()]
    room = max(1, ROW_TOKENS // pair.runner.tokens)
    for start in range(0, len(waiting), room):
        merged: dict[str, Tensor] = {}
        part = waiting[start : start + room]
        for place, (site, row) in enumerate(part):
            mask = masks[site][row]
            of_kind = merged.setdefault(
                KINDS.get(site, site), mask.new_zeros(len(part), *mask.shape)
            )
            of_kind[place] = mask
        effects = pair.effect(pair.run(layer, merged, shortcut))
        for (site, row), effect in zip(part, effects):
            found[site][row] = effect
    return found


def _rows(site: str, groups: tuple, differs: Tensor) -> Tensor:
    """One mask for each patch of a layer, (rows, n, parts)."""
    tokens, parts = differs.shape
    places = torch.zeros(len(groups), tokens, dtype=torch.bool, device=differs.device)
    for row, group in enumerate(groups):
        places[row, list(group)] = True
    if site in ("stream", "mlp"):
        return places[:, :, None]
    if site == "mlps":
        return torch.zeros(0, tokens, parts, dtype=torch.bool, device=differs.device)
    heads = torch.eye(parts, dtype=torch.bool, device=differs.device)
    if site == "heads_by_position":
        return (heads[:, None, None, :] & places[None, :, :, None]).flatten(0, 1)
    return heads[:, None, :].expand(parts, tokens, parts)


def _told(pair: RecordedPair, site: str, effects: np.ndarray, groups: int) -> Effects:
    """Rows of each layer as the record has them, and the last row apart."""
    together = effects[:, -1]
    if site == "mlps":  # the one part is all that a layer has
        return together, together
    return _shaped(pair, site, effects[:, :-1], groups), together


def _shaped(pair: RecordedPair, site: str, effects: np.ndarray, groups: int) -> np.ndarray:
    """Rows of each layer as the record has them."""
    if site in ("key", "value"):
        return np.repeat(effects, pair.model.n_heads // effects.shape[1], 1)
    if site == "heads_by_position":
        return effects.reshape(len(effects), -1, groups)
    return effects


def estimated_effects(
    pair: RecordedPair,
    sites: Sequence[str],
    groups: tuple,
    progress: Callable[[int, int], object] | None,
) -> dict[str, Effects]:
    """First order: Σ (source − base) · ∂F/∂base over the parts of each patch."""
    report(progress, 0, 1)
    places = [(KINDS.get(site, site), layer) for site in sites for layer in pair.layers(site)]
    with torch.enable_grad(), _EmbeddingGradients(pair.runner):
        record = pair.runner.record(**pair.read.options)
        value = pair.read(record.output).sum()
        tensors = [record.at(*place) for place in places]
        slopes = dict(zip(places, torch.autograd.grad(value, tensors, allow_unused=True)))
    found = {}
    for site in sites:
        lines = [_estimate(pair, site, groups, layer, slopes) for layer in pair.layers(site)]
        effects = np.stack(lines) / (pair.high - pair.low)
        found[site] = (
            effects[:, 0] if site == "mlps" else _shaped(pair, site, effects, len(groups)),
            None,
        )
    report(progress, 1, 1)
    return found


def _estimate(pair: RecordedPair, site: str, groups: tuple, layer: int, slopes: dict) -> np.ndarray:
    """What each part of a layer changes F by, to first order."""
    kind = KINDS.get(site, site)
    base, source = pair.base.at(kind, layer), pair.source.at(kind, layer)
    slope = slopes[kind, layer]
    slope = torch.zeros_like(base) if slope is None else slope
    change, slope = (
        pair.runner.slots(kind, layer, each.contiguous()) for each in (source - base, slope)
    )
    parts = (change * slope).sum(-1)[0].double()
    whole = torch.ones_like(parts, dtype=torch.bool)[None]
    masks = whole if site == "mlps" else _rows(site, groups, parts > 0)
    return (masks * parts).flatten(1).sum(1).cpu().numpy()


class _EmbeddingGradients:
    """Let gradients begin where the input enters: weights are frozen."""

    def __init__(self, runner: Runner) -> None:
        entry = runner.network
        if runner.model.tokenizer is None:
            self._register = entry.register_forward_pre_hook
            self._hook = self._pixels
        else:
            body = entry.get_encoder() if entry.config.is_encoder_decoder else entry
            table = getattr(body, "get_input_embeddings", entry.get_input_embeddings)()
            self._register, self._hook = table.register_forward_hook, self._embedded

    def __enter__(self) -> None:
        options = {"with_kwargs": True} if self._hook == self._pixels else {}
        self._handle = self._register(self._hook, **options)

    def __exit__(self, *_error: object) -> None:
        self._handle.remove()

    @staticmethod
    def _embedded(_module: nn.Module, _inputs: tuple, output: Tensor) -> Tensor:
        return output.detach().requires_grad_()

    @staticmethod
    def _pixels(_module: nn.Module, given: tuple, options: dict) -> tuple[tuple, dict]:
        pixels = options["pixel_values"].detach().requires_grad_()
        return given, {**options, "pixel_values": pixels}

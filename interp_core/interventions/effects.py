"""Effects of patches: computed exactly, many rows in a pass, or estimated by one gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from interp_core.interventions.recorded_pair import RecordedPair, shortcut_holds
from interp_core.interventions.running import Runner
from interp_core.progress import report

ROW_TOKENS = 768  # tokens in one pass, over all rows: what is computed stays in the cache


def exact_effects(
    pair: RecordedPair, site: str, groups: tuple, progress: Callable[[int, int], object] | None
) -> tuple[np.ndarray, np.ndarray]:
    kind = "heads" if site == "heads_by_position" else site
    shortcut = shortcut_holds(pair, kind)
    layers, rows = pair.layers(site), None
    found, together = [], []
    for done, layer in enumerate(layers):
        differs = pair.differs(kind, layer)
        masks = _rows(pair, site, groups, differs)
        every = torch.ones_like(differs)[None]
        values = _values(pair, kind, layer, torch.cat([masks, every]), differs, shortcut)
        rows = masks.shape[0]
        found.append(values[:-1])
        together.append(values[-1])
        report(progress, (done + 1) * rows, len(layers) * rows)
    return _shaped(pair, site, np.stack(found), len(groups)), np.asarray(together)


def _values(
    pair: RecordedPair, kind: str, layer: int, masks: Tensor, differs: Tensor, shortcut: bool
) -> np.ndarray:
    """Effects of the masks (rows, n, parts); rows that change nothing are not run."""
    effects = np.zeros(len(masks))
    live = torch.nonzero((masks & differs).flatten(1).any(1)).flatten()
    room = max(1, ROW_TOKENS // masks.shape[1])
    for part in live.split(room):
        effects[part.cpu().numpy()] = pair.effect(pair.run(kind, layer, masks[part], shortcut))
    return effects


def _rows(pair: RecordedPair, site: str, groups: tuple, differs: Tensor) -> Tensor:
    """One mask for each patch of a layer, (rows, n, parts)."""
    tokens, parts = differs.shape
    places = torch.zeros(len(groups), tokens, dtype=torch.bool, device=differs.device)
    for row, group in enumerate(groups):
        places[row, list(group)] = True
    if site in ("stream", "mlp"):
        return places[:, :, None]
    heads = torch.eye(parts, dtype=torch.bool, device=differs.device)
    if site == "heads_by_position":
        return (heads[:, None, None, :] & places[None, :, :, None]).flatten(0, 1)
    return heads[:, None, :].expand(parts, tokens, parts)


def _shaped(pair: RecordedPair, site: str, effects: np.ndarray, groups: int) -> np.ndarray:
    """Rows of each layer as the record has them."""
    if site in ("key", "value"):
        return np.repeat(effects, pair.model.n_heads // effects.shape[1], 1)
    if site == "heads_by_position":
        return effects.reshape(len(effects), -1, groups)
    return effects


def estimated_effects(
    pair: RecordedPair, site: str, groups: tuple, progress: Callable[[int, int], object] | None
) -> tuple[np.ndarray, None]:
    """First order: Σ (source − base) · ∂F/∂base over the parts of each patch."""
    kind = "heads" if site == "heads_by_position" else site
    layers = pair.layers(site)
    report(progress, 0, 1)
    with torch.enable_grad(), _EmbeddingGradients(pair.runner):
        record = pair.runner.record(**pair.read.options)
        value = pair.read(record.output).sum()
        tensors = [record.at(kind, layer) for layer in layers]
        slopes = torch.autograd.grad(value, tensors, allow_unused=True)
    found = []
    for layer, slope in zip(layers, slopes):
        base, source = pair.base.at(kind, layer), pair.source.at(kind, layer)
        slope = torch.zeros_like(base) if slope is None else slope
        change, slope = (
            pair.runner.slots(kind, layer, each.contiguous()) for each in (source - base, slope)
        )
        parts = (change * slope).sum(-1)[0].double()
        masks = _rows(pair, site, groups, parts > 0)
        found.append((masks * parts).flatten(1).sum(1).cpu().numpy() / (pair.high - pair.low))
    report(progress, 1, 1)
    return _shaped(pair, site, np.stack(found), len(groups)), None


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

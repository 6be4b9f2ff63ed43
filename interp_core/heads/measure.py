"""The statistics of one batch of texts, taken while the model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from interp_core.heads.attention_hook import stream_weights
from interp_core.heads.patterns import FEATURES, PROFILE, AllowedKeys
from interp_core.heads.record import HeadStatistics, RunningMoments
from interp_core.heads.similarity import (
    DistanceSample,
    empty_sample,
    entropy_nats,
    pair_distances,
    sampled_queries,
)

if TYPE_CHECKING:
    from interp_core.inputs.batching import PaddedBatch
    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class StatisticNames:
    """What is measured beside the fixed statistics: names of the correlated quantities."""

    model: LoadedModel
    quantities: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All statistics in the order of the arrays."""
        return (*NAMES, *(f"correlation_{name}" for name in self.quantities))

    @property
    def ceiling(self) -> float:
        """The entropy of even attention over as many tokens as the model reads, in nats."""
        return float(np.log(max(self.model.max_tokens, 2)))


def measure(
    plan: StatisticNames,
    batch: PaddedBatch,
    quantities: Tensor,
    sampled: Sequence[int],
    keys: np.ndarray,
) -> HeadStatistics:
    """Statistics of one batch, by one pass of the model.

    `quantities` (texts, quantities, n); `sampled` are the places in the batch of the texts whose
    heads are compared, `keys` (texts,) the hashes of all.
    """
    model, sights = plan.model, _Sights(plan.model, batch)
    layers: list[LayerValues] = []
    base: list[np.ndarray] = []
    rows: dict[int, list[Tensor]] = {place: [] for place in sampled}
    queries = {place: _queries(sights, place) for place in sampled}

    def see(number: int, weights: Tensor) -> None:
        sight = sights[number]
        layers.append(layer_values(weights, sight, quantities, plan.ceiling))
        base.append(sights.base(number, quantities, plan.ceiling))
        for place, kept in rows.items():
            kept.append(at_least_float32(weights[place][:, queries[place]]))

    stream_weights(model, batch.inputs, see)
    values = np.stack([np.concatenate([v.values, b], 1) for v, b in zip(layers, base)], 1)
    profiles, profiled = _profiles(values[:, :, :-1])
    return HeadStatistics(
        model=model.name,
        layers=model.layout.attention_layers,
        heads=values.shape[2] - 1,
        names=plan.names,
        ceiling=plan.ceiling,
        texts=len(values),
        tokens=int(batch.mask.sum()),
        moments=RunningMoments.of(values),
        histograms=np.stack([each.histograms for each in layers], 1),
        profiles=profiles,
        profiled=profiled,
        sample=_sample(rows, queries, keys, len(layers) * (values.shape[2] - 1)),
    )


class _Sights:
    """The sights of a batch, one for each window that the model's layers have."""

    def __init__(self, model: LoadedModel, batch: PaddedBatch) -> None:
        layout = model.layout
        self.windows = [layout.windows[layer] for layer in layout.attention_layers]
        self.found = {w: AllowedKeys(batch, layout.causal, w) for w in set(self.windows)}
        self.bases: dict[int | None, np.ndarray] = {}

    def __getitem__(self, number: int) -> AllowedKeys:
        return self.found[self.windows[number]]

    def base(self, number: int, quantities: Tensor, ceiling: float) -> np.ndarray:
        """Values of uniform attention, (texts, 1, statistics)."""
        window = self.windows[number]
        if window not in self.bases:
            sight = self.found[window]
            self.bases[window] = layer_values(sight.uniform, sight, quantities, ceiling).values
        return self.bases[window]


def _queries(sights: _Sights, position: int) -> Tensor:
    # Layers with different windows must be compared over the same queries.
    sight = sights[0]
    keys = sight.keys[position][sight.batch.mask[position]]
    return torch.from_numpy(sampled_queries(keys.cpu().numpy())).to(keys.device)


def _profiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the texts' standardised position profiles (layers, heads, offsets), and their number.

    `values` is (texts, layers, heads, statistics).
    """
    places = [NAMES.index(name) for name in PROFILE]
    profile = values[..., places]
    centred = profile - profile.mean(-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    known = length > FLAT
    standard = np.divide(centred, length, out=np.zeros_like(centred), where=known)
    # In plain memory order, so that sums of a record that was saved come out the same.
    return np.ascontiguousarray(standard.sum(0)), known[..., 0].sum(0)


def _sample(
    rows: dict[int, list[Tensor]], queries: dict[int, Tensor], keys: np.ndarray, heads: int
) -> DistanceSample:
    found = empty_sample(heads)
    for place, parts in rows.items():
        if len(queries[place]):
            distances = pair_distances(torch.cat(parts))[None]
            found = found.merge(DistanceSample(keys[[place]], distances))
    return found


ROW_STATISTICS = ("entropy", "entropy_normalised", "effective_keys", "confidence")
NAMES = (*ROW_STATISTICS, *FEATURES)
BINS = 512  # of each histogram: quantiles are right to a bin, 1 / 512 of the range
FLAT = 1e-6  # relative spread below which a row of numbers counts as constant


@dataclass(frozen=True)
class LayerValues:
    """`values` (texts, heads, statistics) float64, NaN where a text has no row for a statistic.

    `histograms` (3, heads, bins) int64 counts query rows by entropy, normalised entropy and
    confidence.
    """

    values: np.ndarray
    histograms: np.ndarray


def layer_values(
    weights: Tensor, sight: AllowedKeys, quantities: Tensor, ceiling: float
) -> LayerValues:
    """Values of one layer's weights (texts, heads, query, key).

    `quantities` (texts, quantities, n) are correlated with received attention; `ceiling` is the
    largest entropy that the histogram tells apart, in nats.
    """
    weights = at_least_float32(weights)
    real, several = sight.batch.mask, sight.keys > 1
    entropy = entropy_nats(weights).clamp_min_(0)
    normalised = entropy / sight.keys.clamp_min(2).log()[:, None]
    confidence = weights.amax(-1)
    means = (
        _row_mean(entropy, real),
        _row_mean(normalised, several),
        _row_mean(entropy.exp(), real),
        _row_mean(confidence, real),
    )
    linear = _linear(weights, sight)
    correlations = _correlations(weights, sight, quantities)
    values = torch.cat([torch.stack(means, -1), linear, correlations], -1)
    counted = ((entropy / ceiling, real), (normalised, several), (confidence, real))
    histograms = np.stack([_histogram(rows, keep) for rows, keep in counted])
    return LayerValues(values.double().cpu().numpy(), histograms)


def at_least_float32(weights: Tensor) -> Tensor:
    """The same numbers, of a precision in which sums of a row stay exact enough."""
    return weights if weights.dtype == torch.float64 else weights.float()


def _row_mean(rows: Tensor, keep: Tensor) -> Tensor:
    """Mean over the kept queries, (texts, heads); NaN without any."""
    kept = keep[:, None].to(rows.dtype)
    return torch.where(keep[:, None], rows, 0.0).sum(-1) / kept.sum(-1)


def _linear(weights: Tensor, sight: AllowedKeys) -> Tensor:
    """Every feature, (texts, heads, features)."""
    matrices, exists = sight.matrices
    values = torch.bmm(weights.flatten(2), matrices.transpose(1, 2).to(weights.dtype))
    return torch.where(exists[:, None], values, torch.nan)


def received(weights: Tensor, sight: AllowedKeys) -> Tensor:
    """Mean attention that each key gets from the queries that may see it, (texts, heads, key)."""
    rows = sight.batch.mask[:, None, None].to(weights.dtype)
    seen_by = sight.allowed.sum(1).clamp_min(1)
    return (rows @ weights)[:, :, 0] / seen_by[:, None]


def _correlations(weights: Tensor, sight: AllowedKeys, quantities: Tensor) -> Tensor:
    """Pearson's r over the tokens that the tokenizer did not add, (texts, heads, quantities)."""
    keep = (sight.batch.mask & ~sight.batch.special)[:, None]
    found = _standard(received(weights, sight).double(), keep)
    return found @ _standard(quantities.double(), keep).transpose(1, 2)


def _standard(values: Tensor, keep: Tensor) -> Tensor:
    """Rows of mean 0 and length 1 over the kept places, 0 elsewhere; NaN where they are flat."""
    kept = torch.where(keep, values, 0.0)
    count = keep.sum(-1, keepdim=True)
    centred = torch.where(keep, values - kept.sum(-1, keepdim=True) / count, 0.0)
    length = centred.norm(dim=-1, keepdim=True)
    flat = (length <= FLAT * kept.norm(dim=-1, keepdim=True)) | (count < 3)
    return torch.where(flat, torch.nan, centred / length)


def _histogram(rows: Tensor, keep: Tensor) -> np.ndarray:
    """Counts (heads, bins) of values in [0, 1] over the kept queries of all texts."""
    heads = rows.shape[1]
    places = (rows * BINS).long().clamp_(0, BINS - 1)
    places += BINS * torch.arange(heads, device=rows.device)[None, :, None]
    chosen = places.masked_select(keep[:, None])
    return torch.bincount(chosen, minlength=heads * BINS).reshape(heads, BINS).cpu().numpy()

"""The statistics of one batch of texts, taken while the model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.analysis.head_features import PROFILE, Sight
from interp_core.analysis.head_moments import Moments
from interp_core.analysis.head_record import HeadStatistics
from interp_core.analysis.head_similarity import (
    Sample,
    empty_sample,
    pair_distances,
    sampled_queries,
)
from interp_core.analysis.head_taps import look
from interp_core.analysis.head_values import (
    FLAT,
    NAMES,
    LayerValues,
    at_least_float32,
    layer_values,
)

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.analysis.head_texts import Batch
    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class Plan:
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
    plan: Plan, batch: Batch, quantities: Tensor, sampled: Sequence[int], keys: np.ndarray
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

    look(model, batch.inputs, see)
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
        moments=Moments.of(values),
        histograms=np.stack([each.histograms for each in layers], 1),
        profiles=profiles,
        profiled=profiled,
        sample=_sample(rows, queries, keys, len(layers) * (values.shape[2] - 1)),
    )


class _Sights:
    """The sights of a batch, one for each window that the model's layers have."""

    def __init__(self, model: LoadedModel, batch: Batch) -> None:
        layout = model.layout
        self.windows = [layout.windows[layer] for layer in layout.attention_layers]
        self.found = {w: Sight(batch, layout.causal, w) for w in set(self.windows)}
        self.bases: dict[int | None, np.ndarray] = {}

    def __getitem__(self, number: int) -> Sight:
        return self.found[self.windows[number]]

    def base(self, number: int, quantities: Tensor, ceiling: float) -> np.ndarray:
        """Values of uniform attention, (texts, 1, statistics)."""
        window = self.windows[number]
        if window not in self.bases:
            sight = self.found[window]
            self.bases[window] = layer_values(sight.uniform, sight, quantities, ceiling).values
        return self.bases[window]


def _queries(sights: _Sights, place: int) -> Tensor:
    # Layers with different windows must be compared over the same queries.
    sight = sights[0]
    keys = sight.keys[place][sight.batch.mask[place]]
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
) -> Sample:
    found = empty_sample(heads)
    for place, parts in rows.items():
        if len(queries[place]):
            distances = pair_distances(torch.cat(parts))[None]
            found = found.merge(Sample(keys[[place]], distances))
    return found

"""Statistics that are weighted sums of a map: Σ_ij W_ij A_ij, one matrix W for each name.

Every W is a pattern of keys (j = i − 1, the first token, …) divided by the number of query rows
that can satisfy it, so the sum is a mean over these rows. All heads of a layer then need one matrix
product. Uniform attention through the same matrices gives each statistic's base rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from interp_core.inputs.batching import PaddedBatch


LOCAL = 3  # tokens on either side that count as near
REACH = 8  # offsets that the position profile tells apart; farther ones share a bin on each side
OFFSETS = tuple(range(-REACH - 1, REACH + 2))


@dataclass(frozen=True)
class AllowedKeys:
    """What the queries of a batch may see in layers with one window.

    `batch` holds tensors (texts, n); `causal` and `window` are the layer's rule: query i sees key j
    only where j ≤ i (causal) and |i − j| < window.
    """

    batch: PaddedBatch
    causal: bool
    window: int | None

    @cached_property
    def offset(self) -> Tensor:
        """j − i, (n, n)."""
        places = torch.arange(self.batch.mask.shape[1], device=self.batch.mask.device)
        return places[None, :] - places[:, None]

    @cached_property
    def allowed(self) -> Tensor:
        """Which key each real query may attend to, (texts, n, n) bool."""
        near = torch.ones_like(self.offset, dtype=torch.bool)
        if self.causal:
            near &= self.offset <= 0
        if self.window is not None:
            near &= self.offset.abs() < self.window
        return self.batch.mask[:, :, None] & self.batch.mask[:, None, :] & near

    @cached_property
    def keys(self) -> Tensor:
        """|V(i)|, (texts, n); 0 in padded rows."""
        return self.allowed.sum(-1)

    @cached_property
    def uniform(self) -> Tensor:
        """Attention that spreads evenly over the allowed keys, (texts, 1, n, n)."""
        return (self.allowed / self.keys.clamp_min(1)[..., None])[:, None]

    @cached_property
    def repeated(self) -> Tensor:
        """Allowed other places of the query's own token, (texts, n, n) bool."""
        same = self.batch.ids[:, :, None] == self.batch.ids[:, None, :]
        return same & self.allowed & (self.offset != 0)

    @cached_property
    def first(self) -> Tensor:
        """The first real token of each text as a key, (texts, 1, n) bool."""
        mask = self.batch.mask
        return (mask & (mask.cumsum(1) == 1))[:, None]

    @cached_property
    def matrices(self) -> tuple[Tensor, Tensor]:
        """W of all features (texts, features, n · n), and whether each exists (texts, features)."""
        parts, exists = [], []
        for pattern, rows in map(self._feature, FEATURES):
            count = rows.sum(1)
            weight = rows / count.clamp_min(1)[:, None]
            parts.append((pattern * weight[:, :, None]).flatten(1))
            exists.append(count > 0)
        return torch.stack(parts, 1), torch.stack(exists, 1)

    def _feature(self, name: str) -> tuple[Tensor, Tensor]:
        pattern, rows = FEATURES[name](self)
        return pattern.to(torch.float32), rows & self.batch.mask

    def neighbour(self, step: int) -> Tensor:
        """Queries that have a real token `step` places on, (texts, n) bool."""
        moved = torch.zeros_like(self.batch.mask)
        if step < 0:
            moved[:, -step:] = self.batch.mask[:, :step]
        else:
            moved[:, :-step] = self.batch.mask[:, step:]
        return moved


Feature = Callable[[AllowedKeys], tuple[Tensor, Tensor]]


def _at(step: int) -> Feature:
    return lambda sight: (sight.offset == step, sight.batch.mask)


def _to(kind: str) -> Feature:
    return lambda sight: (getattr(sight.batch, kind)[:, None], sight.batch.mask)


def _other_special(sight: AllowedKeys) -> tuple[Tensor, Tensor]:
    return (sight.batch.special & ~sight.batch.separator)[:, None], sight.batch.mask


def _separators(*, from_separators: bool) -> Feature:
    def feature(sight: AllowedKeys) -> tuple[Tensor, Tensor]:
        marks = sight.batch.separator
        present = marks.any(1, keepdim=True)
        return marks[:, None], present & (marks if from_separators else ~marks)

    return feature


def _bin(step: int) -> Feature:
    return lambda sight: (sight.offset.clamp(OFFSETS[0], OFFSETS[-1]) == step, sight.batch.mask)


# Name: the keys, and the query rows over which the mean is taken.
FEATURES: dict[str, Feature] = {
    "mass": lambda sight: (torch.ones_like(sight.offset), sight.batch.mask),
    "distance": lambda sight: (sight.offset.abs(), sight.batch.mask),
    "offset": lambda sight: (sight.offset, sight.batch.mask),
    "share_local": lambda sight: (sight.offset.abs() <= LOCAL, sight.batch.mask),
    "share_self": _at(0),
    "share_previous": lambda sight: (sight.offset == -1, sight.neighbour(-1)),
    "share_next": lambda sight: (sight.offset == 1, sight.neighbour(1)),
    "share_first": lambda sight: (
        sight.first,
        (sight.allowed & sight.first).any(-1) & (sight.keys > 1),
    ),
    "share_separator": _to("separator"),
    "share_other_special": _other_special,
    "share_punctuation": _to("punctuation"),
    "share_repeated": lambda sight: (sight.repeated, sight.repeated.any(-1)),
    "separator_to_separator": _separators(from_separators=True),
    "others_to_separator": _separators(from_separators=False),
    **{f"profile_{step}": _bin(step) for step in OFFSETS},
}
PROFILE = tuple(name for name in FEATURES if name.startswith("profile_"))
HISTOGRAMS = ("entropy", "entropy_normalised", "confidence")

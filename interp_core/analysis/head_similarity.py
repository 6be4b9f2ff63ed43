"""How alike two heads are: the Jensen-Shannon distance of their attention, averaged over tokens.

JS(p, q) = H((p + q) / 2) − (H(p) + H(q)) / 2 for one query row, at most ln 2 (Clark et al. 2019).
Every pair of heads needs its own logarithms, so a large corpus is sampled: the texts whose tokens
have the smallest hash. Such a sample does not depend on the order of the texts and merges exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from interp_core.analysis.head_values import TINY

SAMPLE = 32  # texts; all of a smaller corpus
PAIRS = 1024  # query-key pairs of each head in a text: all queries up to 32 tokens, fewer beyond


@dataclass(frozen=True)
class Sample:
    """`keys` (texts,) int64, ascending hashes; `distances` (texts, pairs) float64.

    Pairs are those above the diagonal of a (heads of all layers, same) matrix, row by row.
    """

    keys: np.ndarray
    distances: np.ndarray

    def merge(self, other: Sample) -> Sample:
        """The texts with the smallest hashes of both."""
        keys = np.concatenate([self.keys, other.keys])
        kept = np.argsort(keys, kind="stable")[:SAMPLE]
        return Sample(keys[kept], np.concatenate([self.distances, other.distances])[kept])

    def matrix(self, heads: int) -> np.ndarray:
        """Mean distance of all pairs, (heads, heads), NaN without a text."""
        found = np.full((heads, heads), np.nan)
        if len(self.keys):
            upper = np.triu_indices(heads, 1)
            found[upper] = self.distances.mean(0)
            found.T[upper] = found[upper]
            np.fill_diagonal(found, 0.0)
        return found


def empty_sample(heads: int) -> Sample:
    """No text yet."""
    return Sample(np.zeros(0, dtype=np.int64), np.zeros((0, heads * (heads - 1) // 2)))


def wanted(sample: Sample, keys: np.ndarray) -> np.ndarray:
    """Which of the new texts' keys (texts,) will be in the sample once all are merged, bool."""
    every = np.concatenate([sample.keys, keys])
    kept = np.argsort(every, kind="stable")[:SAMPLE]
    chosen = np.zeros(len(keys), dtype=bool)
    chosen[kept[kept >= len(sample.keys)] - len(sample.keys)] = True
    return chosen


def sampled_queries(keys: np.ndarray) -> np.ndarray:
    """Places of the query rows that are compared, evenly spread; `keys` (n,) counts |V(i)|.

    Rows that see one key are left out: there all heads agree.
    """
    places = np.flatnonzero(keys > 1)
    most = max(1, PAIRS // len(keys))
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype(int)]


def pair_distances(rows: Tensor) -> np.ndarray:
    """Distances of all pairs of heads, (pairs,), from their rows (heads, queries, keys)."""
    flat = rows.flatten(1)
    count = rows.shape[1]
    own = _entropies(flat) / count
    found = []
    for head in range(len(flat) - 1):
        total = flat[head] + flat[head + 1 :]
        # With s = p + q: H(s / 2) = ½ ln 2 Σ s − ½ Σ s ln s.
        both = 0.5 * (np.log(2) * total.sum(1) + _entropies(total)) / count
        found.append(both - 0.5 * (own[head] + own[head + 1 :]))
    return torch.cat(found).clamp_min(0).double().cpu().numpy() if found else np.zeros(0)


def _entropies(flat: Tensor) -> Tensor:
    return -(flat.clamp_min(TINY).log_().mul_(flat)).sum(1)

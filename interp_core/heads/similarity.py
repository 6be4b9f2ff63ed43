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

TINY = torch.finfo(torch.float32).tiny
SAMPLE = 32  # texts; all of a smaller corpus
PAIRS = 1024  # query-key pairs of each head in a text: all queries up to 32 tokens, fewer beyond


@dataclass(frozen=True)
class DistanceSample:
    """`keys` (texts,) int64, ascending hashes; `distances` (texts, pairs) float64.

    Pairs are those above the diagonal of a (heads of all layers, same) matrix, row by row.
    """

    keys: np.ndarray
    distances: np.ndarray

    def merge(self, other: DistanceSample) -> DistanceSample:
        """The texts with the smallest hashes of both."""
        keys = np.concatenate([self.keys, other.keys])
        kept = np.argsort(keys, kind="stable")[:SAMPLE]
        return DistanceSample(keys[kept], np.concatenate([self.distances, other.distances])[kept])

    def matrix(self, heads: int) -> np.ndarray:
        """Mean distance of all pairs, (heads, heads), NaN without a text."""
        found = np.full((heads, heads), np.nan)
        if len(self.keys):
            upper = np.triu_indices(heads, 1)
            found[upper] = self.distances.mean(0)
            found.T[upper] = found[upper]
            np.fill_diagonal(found, 0.0)
        return found


def empty_sample(heads: int) -> DistanceSample:
    """No text yet."""
    return DistanceSample(np.zeros(0, dtype=np.int64), np.zeros((0, heads * (heads - 1) // 2)))


def in_sample(sample: DistanceSample, keys: np.ndarray) -> np.ndarray:
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
    own = entropy_nats(flat) / count
    found = []
    for head in range(len(flat) - 1):
        total = flat[head] + flat[head + 1 :]
        # With s = p + q: H(s / 2) = ½ ln 2 Σ s − ½ Σ s ln s.
        both = 0.5 * (np.log(2) * total.sum(1) + entropy_nats(total)) / count
        found.append(both - 0.5 * (own[head] + own[head + 1 :]))
    return torch.cat(found).clamp_min(0).double().cpu().numpy() if found else np.zeros(0)


def entropy_nats(rows: Tensor) -> Tensor:
    """−Σ x ln x over the last axis, in nats; exact at 0, since there the product is 0.

    `attention.tables.entropy_nats` for tensors: in place and on their device, for a whole corpus.
    """
    return rows.clamp_min(TINY).log_().mul_(rows).sum(-1).neg_()


REDUNDANT = 0.05  # nats, of at most ln 2 = 0.69: below it two heads attend all but alike
STEPS = 300


def redundancy_groups(distances: np.ndarray, limit: float = REDUNDANT) -> np.ndarray:
    """Group of each head, (heads,) int: heads whose mean distance is at most `limit` nats.

    Average linkage. Groups are numbered from 0, the largest first; −1 marks a head that is alike
    to no other.
    """
    from scipy.cluster.hierarchy import fcluster

    if len(distances) < 2:
        return np.full(len(distances), -1)
    found = fcluster(_tree(distances), limit, criterion="distance")
    sizes = np.bincount(found)
    order = sorted(set(found), key=lambda group: (-sizes[group], np.argmax(found == group)))
    names = {g: number if sizes[g] > 1 else -1 for number, g in enumerate(order)}
    return np.array([names[group] for group in found])


def clustered_order(distances: np.ndarray) -> np.ndarray:
    """Places of the heads in the order of the tree's leaves, similar ones side by side."""
    from scipy.cluster.hierarchy import leaves_list, optimal_leaf_ordering

    if len(distances) < 3:
        return np.arange(len(distances))
    return leaves_list(optimal_leaf_ordering(_tree(distances), _condensed(distances)))


def head_map(distances: np.ndarray) -> tuple[np.ndarray, float]:
    """Coordinates (heads, 2) by multidimensional scaling, and the stress.

    Starts at classical scaling and majorises the raw stress (SMACOF), so the same distances always
    give the same picture. The stress is Kruskal's: 0 is perfect, above 0.2 the picture misleads.
    """
    from sklearn.manifold import smacof

    points = _classical(distances)
    if len(points) < 3 or not distances.any():
        return points, 0.0
    points, _ = smacof(
        distances, init=points, n_init=1, max_iter=STEPS, eps=1e-12, normalized_stress=False
    )
    # scikit-learn divides the stress by the drawn distances, Kruskal by the given ones.
    misfit = np.square(_lengths(points) - distances).sum()
    return _oriented(points), float(np.sqrt(misfit / max(np.square(distances).sum(), 1e-30)))


def _classical(distances: np.ndarray) -> np.ndarray:
    size = len(distances)
    centre = np.eye(size) - 1 / max(size, 1)
    values, vectors = np.linalg.eigh(-0.5 * centre @ np.square(distances) @ centre)
    best = np.argsort(-values)[:2]
    points = np.zeros((size, 2))
    points[:, : len(best)] = vectors[:, best] * np.sqrt(np.maximum(values[best], 0))
    return _oriented(points)


def _oriented(points: np.ndarray) -> np.ndarray:
    """Centred; each axis points to where its largest value lies."""
    points = points - points.mean(0)
    largest = np.abs(points).argmax(0)
    return points * np.where(points[largest, [0, 1]] < 0, -1.0, 1.0)


def _lengths(points: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(points[:, None] - points[None]).sum(-1))


def _condensed(distances: np.ndarray) -> np.ndarray:
    return distances[np.triu_indices(len(distances), 1)]


def _tree(distances: np.ndarray) -> np.ndarray:
    from scipy.cluster.hierarchy import average

    return average(_condensed(distances))

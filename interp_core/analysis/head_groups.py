"""Heads that do the same, and a map of all heads, from the matrix of their distances."""

from __future__ import annotations

import numpy as np

REDUNDANT = 0.05  # nats, of at most ln 2 = 0.69: below it two heads attend all but alike
STEPS = 300


def redundancy_groups(distances: np.ndarray, limit: float = REDUNDANT) -> np.ndarray:
    """Group of each head, (heads,) int: heads whose mean distance is at most `limit` nats.

    Average linkage. Groups are numbered from 0, the largest first; −1 marks a head without a twin.
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
    points = _classical(distances)
    if len(points) < 3:
        return points, 0.0
    for _ in range(STEPS):
        shown = _lengths(points)
        ratio = np.divide(distances, shown, out=np.zeros_like(shown), where=shown > 0)
        pull = -ratio
        np.fill_diagonal(pull, ratio.sum(1))
        moved = pull @ points / len(points)
        done = np.abs(moved - points).max() < 1e-6
        points = moved
        if done:
            break
    points = _oriented(points)
    misfit = np.square(_lengths(points) - distances).sum()
    return points, float(np.sqrt(misfit / max(np.square(distances).sum(), 1e-30)))


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

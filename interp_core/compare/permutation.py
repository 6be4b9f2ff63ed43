"""Whether the heads of a layer are the same ones in another order.

A layer computes the same with its heads in any order, so a reordered copy has changed in nothing
but names. The best assignment of heads is that of least total distance (Kuhn 1955).
"""

from __future__ import annotations

import numpy as np

CLAIMED = 0.5  # of the distance in the given order: what the new order must leave at most


def match_heads(costs: np.ndarray, claimed: float = CLAIMED) -> np.ndarray:
    """The head of the second model that stands for each of the first, (heads,) int.

    `costs` (heads, heads): distance of head i of the first and head j of the second. The best
    assignment falls into cycles; one is taken only where it leaves at most `claimed` of the
    distance that its heads have in the given order: heads that merely changed keep their number.
    """
    from scipy.optimize import linear_sum_assignment

    heads = len(costs)
    order = np.arange(heads)
    if not np.isfinite(costs).all():
        return order
    best = linear_sum_assignment(costs)[1]
    for cycle in _cycles(best):
        given = costs[cycle, cycle].sum()
        if len(cycle) > 1 and costs[cycle, best[cycle]].sum() <= claimed * given:
            order[cycle] = best[cycle]
    return order


def _cycles(order: np.ndarray) -> list[np.ndarray]:
    """The cycles of a permutation, each as the places that it moves among themselves."""
    left, found = set(range(len(order))), []
    while left:
        at, cycle = min(left), []
        while at in left:
            left.remove(at)
            cycle.append(at)
            at = int(order[at])
        found.append(np.array(cycle))
    return found

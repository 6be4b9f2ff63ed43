"""Which weights are drawn: each query's own, and never none."""

from __future__ import annotations

import numpy as np
import pytest

from interp_core.attention.tables import strongest_of_each_query


def test_a_sharp_row_among_flat_ones_keeps_its_weight():
    weights = np.array([[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0], [0.6, 0.3, 0.1, 0.0]])
    kept = strongest_of_each_query(weights, 0.85)
    assert kept.sum(-1).tolist() == [4, 1, 2]
    assert kept[1, 1]
    assert kept[2, :2].all()
    assert strongest_of_each_query(weights, 1.0).sum(-1).tolist() == [4, 1, 3]


@pytest.mark.parametrize("most", [1, 3, 5])
def test_a_limit_takes_the_weakest_and_never_a_strongest(most):
    weights = np.array([[0.5, 0.4, 0.1], [0.3, 0.2, 0.5], [0.0, 0.0, 0.0]])
    kept = strongest_of_each_query(weights, 1.0, limit=most)
    assert kept[[0, 1], [0, 2]].all()
    assert not kept[2].any()
    assert kept.sum() == max(2, most)
    assert kept[0, 1] == (most > 2)

"""The confusion matrix: its cells are square, whatever the classes are called."""

import pytest

from interp_core.charts.audit import LONGEST, ROUND, confusion_size


@pytest.mark.parametrize("count", [2, 3, 5, 6, 12])
@pytest.mark.parametrize("letters", [1, 8, 40])
def test_cells_of_the_confusion_matrix_are_square(count, letters):
    (width, height), (wider, higher) = (
        confusion_size(["x" * letters] * each) for each in (count, count + 1)
    )
    if count != 5:  # names are upright up to here, and cells of their width
        assert wider - width == higher - height > 0
    assert 0 < width - (height - ROUND) <= LONGEST + 120

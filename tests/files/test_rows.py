"""Rows that were left out are counted, and the first of them told."""

from __future__ import annotations

from interp_core.files.rows import EMPTY, MISFIT, TOO_LONG, Skipped, SkippedRows


def test_all_are_counted_and_the_first_are_told():
    skipped = SkippedRows()
    assert skipped.note() == ""
    skipped.add(Skipped(1, EMPTY, "The row is empty."))
    assert skipped.note() == ""
    for number in range(2, 2_000):
        skipped.add(Skipped(number, MISFIT, f"The row {number} does not fit."))
    skipped.add(Skipped(2_000, TOO_LONG, "Too long."))
    assert skipped.total == 2_000
    assert len(skipped.rows) == 1_000
    assert skipped.note().startswith("1,999 rows were left out. Line 2: The row 2 does not fit.")
    assert "Line 5:" not in skipped.note()
    other = skipped.copy()
    other.add(Skipped(1, EMPTY, ""))
    assert (skipped.total, other.total) == (2_000, 2_001)

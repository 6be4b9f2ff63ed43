"""Tables of a report: written, read again, compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.report import numbers
from tests.report.made import TABLE

ROWS = pd.DataFrame(
    {
        "word": ["not", "bad", None],
        "head": [1, 2, 3],
        "score": [1 / 3, -2e-9, float("nan")],
        "right": [True, False, True],
    }
)


def test_a_table_comes_back_with_all_its_digits():
    back = numbers.read(numbers.written(ROWS))
    assert list(back.columns) == list(ROWS.columns)
    assert back["score"][0] == pytest.approx(1 / 3, abs=1e-15)
    assert list(back["head"]) == [1, 2, 3]
    assert list(back["right"]) == [True, False, True]
    assert back["word"].isna().tolist() == [False, False, True]


def test_the_same_table_is_as_recorded():
    assert "3 rows are as recorded" in ic.check_against(ROWS, numbers.written(ROWS))


def test_rounding_of_another_processor_is_allowed_and_told():
    moved = TABLE.assign(score=TABLE["score"] + 1e-6)
    assert "1e-06" in ic.check_against(moved, numbers.written(TABLE))


@pytest.mark.parametrize("place", [0, 1])
def test_a_number_that_differs_by_more_is_refused(place):
    moved = TABLE.copy()
    moved.loc[place, "score"] += 2 * numbers.TOLERANCE * 0.5
    with pytest.raises(ic.BadInput, match="score"):
        ic.check_against(moved, numbers.written(TABLE))


def test_other_words_rows_or_columns_are_refused():
    recorded = numbers.written(TABLE)
    with pytest.raises(ic.BadInput, match="'good'"):
        ic.check_against(TABLE.assign(word=["not", "good"]), recorded)
    with pytest.raises(ic.BadInput, match="rows"):
        ic.check_against(TABLE.head(1), recorded)
    with pytest.raises(ic.BadInput, match="columns"):
        ic.check_against(TABLE.rename(columns={"score": "weight"}), recorded)
    with pytest.raises(ic.BadInput, match="missing"):
        ic.check_against(TABLE.assign(score=[float("nan"), 0.5]), recorded)


def test_rows_that_rounding_has_swapped_are_the_same_rows():
    assert "as recorded" in ic.check_against(TABLE[::-1], numbers.written(TABLE))


def test_scores_of_swapped_words_are_not_the_same():
    swapped = TABLE.assign(score=TABLE["score"].to_numpy()[::-1])
    with pytest.raises(ic.BadInput):
        ic.check_against(swapped, numbers.written(TABLE))


def test_only_the_first_rows_are_kept_and_compared():
    long = pd.DataFrame({"value": np.arange(numbers.MOST_ROWS + 5, dtype=float)})
    kept = numbers.kept(long)
    assert len(kept) == numbers.MOST_ROWS
    assert "2,000 rows" in ic.check_against(long, numbers.written(kept))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"columns": 3}', "[" * 50_000, '{"columns":["a"],"data":[[1,2]]}']
)
def test_what_is_no_table_is_refused(text):
    with pytest.raises(ic.BadInput):
        numbers.read(text)


def test_values_of_other_kinds_are_kept_as_text():
    odd = pd.DataFrame({"span": [(1, 2), [3]], "when": pd.to_datetime(["2026-01-01", None])})
    kept = numbers.kept(odd)
    assert kept["span"].tolist() == ["(1, 2)", "[3]"]
    assert kept["when"].isna().tolist() == [False, True]

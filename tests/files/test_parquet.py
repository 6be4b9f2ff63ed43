"""Parquet with every kind of column that holds texts, and with those that do not."""

from __future__ import annotations

import datetime
import decimal
import gzip
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import interp_core as ic
from tests.files.reading import both, named, opened

TEXTS = ["good film", "bad film", "good film"]


def written(columns, **options):
    target = io.BytesIO()
    parquet.write_table(pa.table(columns), target, **options)
    return target.getvalue()


KINDS = {
    "string": pa.array(TEXTS),
    "large string": pa.array(TEXTS, pa.large_string()),
    "string view": pa.array(TEXTS, pa.string_view()),
    "category": pa.array(TEXTS).dictionary_encode(),
    "category of large strings": pa.array(TEXTS, pa.large_string()).dictionary_encode(),
    "ordered category": pa.Array.from_pandas(pd.Series(pd.Categorical(TEXTS, ordered=True))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_text_is_read_by_both(kind):
    data = written({"text": KINDS[kind]})
    assert both(data, "a.parquet") == TEXTS
    assert both(gzip.compress(data), "a.parquet.gz") == TEXTS


def test_columns_keep_their_types_and_nested_ones_are_left_out():
    day = datetime.date(2024, 1, 2)
    columns = {
        "text": ["a", "b", None],
        "n": [1, None, 3],
        "flag": [True, None, False],
        "day": [day] * 3,
        "when": pa.array([0, 1, None], pa.timestamp("s", "Europe/Berlin")),
        "price": pa.array([decimal.Decimal("1.50")] * 3, pa.decimal128(5, 2)),
        "tags": [["a"], ["b", "c"], []],
        "meta": [{"x": 1}] * 3,
        "raw": [b"1"] * 3,
    }
    frame = opened(written(columns), "a.parquet")[0].frame
    assert list(frame) == ["text", "n", "flag", "day", "when", "price"]
    assert frame["text"].isna().tolist() == [False, False, True]
    np.testing.assert_array_equal(frame["n"].to_numpy(dtype=float), [1, np.nan, 3])
    assert frame["price"][0] == decimal.Decimal("1.50")
    assert frame["day"][0] == day


@pytest.mark.parametrize("kind", KINDS)
def test_repeated_texts_are_counted_before_they_are_written_out(kind, monkeypatch):
    monkeypatch.setattr("interp_core.files.limits.EASY", 1_000)
    values = pa.array(["x" * 999] * 1_000)
    values = values.dictionary_encode() if "category" in kind else values.cast(KINDS[kind].type)
    data = written({"text": values})
    assert len(data) < 5_000
    for reader in (ic.open_table, lambda file: list(ic.open_corpus(file).rows())):
        with pytest.raises(ic.BadInput, match="unpacks to more"):
            reader(named(data, "a.parquet"))


def test_a_file_without_rows_or_texts_says_so():
    empty = written({"text": pa.array([], pa.string()), "n": pa.array([], pa.int64())})
    for reader in (ic.open_table, ic.open_corpus):
        with pytest.raises(ic.BadInput, match=r"has columns \(text, n\) and no rows"):
            reader(named(empty, "a.parquet"))
    with pytest.raises(ic.BadInput, match=r"holds text\. Its columns: n"):
        ic.open_corpus(written({"n": [1]}))


def test_columns_of_fractions_are_the_vectors_and_years_are_not():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 3)).astype(np.float32)
    columns = {f"year{n}": range(4) for n in range(2000, 2010)}
    columns |= {f"d{n}": values[:, n] for n in range(3)}
    found = ic.read_vectors(written(columns))
    np.testing.assert_array_equal(found.values, values)
    assert found.notes == ("the numbers of the columns d0 to d2 were read",)

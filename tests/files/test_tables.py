"""Tables that somebody hands over: what is read, and what gets a sentence instead."""

import bz2
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.files import limits
from interp_core.files.limits import MOST_COLUMNS
from interp_core.files.tables import open_table, read_table, text_columns


def named(data, name):
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    file.name = name
    return file


def parquet(frame, **options):
    file = io.BytesIO()
    frame.to_parquet(file, **options)
    return file.getvalue()


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", data)
    return file.getvalue()


TABLE = [["plain", "x", 1], ['he said "no"', "y", 2], ["two\nlines, one cell", "x", 3]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_a_separated_table_is_read_whatever_separates_it(delimiter, start):
    expected = pd.DataFrame(TABLE, columns=["text", "label", "count"])
    data = expected.to_csv(index=False, sep=delimiter).encode()
    found = read_table(named(start + data, "t.csv"))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert pd.api.types.is_integer_dtype(found["count"])


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_all_formats_give_the_same_table(kind):
    expected = pd.DataFrame(TABLE, columns=["text", "label", "count"])
    data = {
        "csv": lambda: expected.to_csv(index=False),
        "tsv": lambda: expected.to_csv(index=False, sep="\t"),
        "jsonl": lambda: expected.to_json(orient="records", lines=True),
        "parquet": lambda: parquet(expected),
    }[kind]()
    found = read_table(named(data, f"t.{kind}"))
    assert found.to_dict("list") == expected.to_dict("list")
    by_kind = read_table(data.encode() if isinstance(data, str) else data, kind=kind)
    assert by_kind.equals(found)


def test_one_text_a_line_leaves_out_empty_lines_and_keeps_separators():
    found = read_table(named("one, two\r\n\r\n  three  \n\n", "notes.txt"))
    assert found.to_dict("list") == {"text": ["one, two", "three"]}


def test_a_path_is_read_and_a_missing_one_gets_a_sentence(tmp_path):
    (tmp_path / "a.csv").write_text("text\nhello\n")
    assert list(read_table(tmp_path / "a.csv")["text"]) == ["hello"]
    with pytest.raises(ic.BadInput, match="cannot be read"):
        read_table(tmp_path / "b.csv")


def test_texts_stay_texts_and_columns_of_numbers_become_numbers():
    found = read_table(b"text,a,b,c\nnan,1,,x\nNA,2.5,,1\nTrue,-3,,2\n")
    assert list(found["text"]) == ["nan", "NA", "True"]
    assert list(found["a"]) == [1.0, 2.5, -3.0]
    assert found["b"].isna().all()
    assert list(found["c"]) == ["x", "1", "2"]


def test_an_empty_cell_in_a_column_of_numbers_is_no_number():
    found = read_table(b"text,a\nx,1\ny,\n")
    assert found["a"][0] == 1
    assert np.isnan(found["a"][1])


def test_a_short_row_is_left_out_and_told_and_a_column_without_a_name_gets_one():
    found = open_table(b"text,\nx\ny,z\nu,v\n")
    assert found.frame.to_dict("list") == {"text": ["y", "u"], "column 2": ["z", "v"]}
    assert found.notes == ("1 row was left out. Line 2: The row has 1 cell, not 2: “x”.",)
    assert [row.number for row in found.skipped.rows] == [2]


def test_fields_that_a_json_line_lacks_are_empty_and_nested_ones_stay_json():
    rows = [{"text": "x", "at": {"b": [1, "é"]}}, {"text": "y", "big": 10**30}]
    found = read_table(named("\n\n".join(map(json.dumps, rows)), "t.jsonl"))
    assert list(found["text"]) == ["x", "y"]
    assert found["at"][0] == '{"b": [1, "é"]}'
    assert found["at"].isna()[1]
    assert found["big"][1] == str(10**30)


def test_a_parquet_index_is_a_column_and_categories_are_what_they_stand_for():
    frame = pd.DataFrame({"text": ["x", "y"], "label": pd.Categorical(["a", "b"])})
    frame.index = pd.Index([7, 8], name="id")
    found = read_table(parquet(frame))
    assert list(found["id"]) == [7, 8]
    assert list(found["label"].fillna("")) == ["a", "b"]
    assert not isinstance(found["label"].dtype, pd.CategoricalDtype)


def test_lists_in_parquet_are_left_out():
    frame = pd.DataFrame({"text": ["x"], "vector": [[1.0, 2.0]]})
    assert list(read_table(parquet(frame))) == ["text"]
    with pytest.raises(ic.BadInput, match="no columns of texts"):
        read_table(parquet(frame[["vector"]]))


def test_columns_of_words_come_before_numbers_and_the_longest_first():
    frame = pd.DataFrame({"n": [1], "label": ["a"], "text": ["a long text"]})
    assert text_columns(frame) == ["text", "label"]
    assert text_columns(frame[["n"]]) == ["n"]


def test_as_many_rows_as_allowed_are_read_and_one_more_is_not():
    lines = ["text,label", *(f"text {i},{i % 3}" for i in range(60_000))]
    found = read_table("\n".join(lines[:50_001]).encode(), kind="csv")
    assert len(found) == 50_000
    assert found["label"].value_counts().sum() == 50_000
    for kind, many in (
        ("csv", "\n".join(lines)),
        ("txt", "\n".join(lines)),
        ("jsonl", "\n".join('{"text": "x"}' for _ in range(50_001))),
    ):
        with pytest.raises(ic.BadInput, match="more than 50,000 rows"):
            read_table(many.encode(), kind=kind)
    with pytest.raises(ic.BadInput, match="at most 50,000"):
        read_table(parquet(pd.DataFrame({"text": ["x"] * 50_001})))


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "t.csv", "is empty"),
        (b"\n \n", "t.txt", "only blank lines"),
        (b"text,label\n", "t.csv", r"a header \(text, label\) and no rows"),
        (b"\n\n", "t.csv", "only blank lines"),
        (b"", "t.jsonl", "is empty"),
        (b"\n\n", "t.jsonl", "only blank lines"),
        (b"a\n\xff\xfe\n", "t.csv", "encoding is not certain"),
        (bytes(range(256)) * 9, "t.csv", "binary data"),
        (b"[1, 2]", "t.jsonl", "neither an object"),
        (b"[" * 100_000, "t.jsonl", "not valid JSON"),
        (b"PAR1 and then nothing", "t.parquet", "cannot be read as Parquet"),
        (b"x", "picture.png", "unsupported file type"),
        (b"a\n1", "archive.xlsx", "unsupported file type"),
    ],
)
def test_a_broken_file_gets_a_sentence(data, name, said):
    with pytest.raises(ic.BadInput, match=said):
        read_table(named(data, name))


@pytest.mark.parametrize("pack", [bz2.compress, zipped])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.txt", "t.parquet"])
def test_archives_but_gzip_are_never_unpacked(pack, name):
    bomb = pack(b"0" * 2_000_000)
    assert len(bomb) < 20_000
    with pytest.raises(ic.BadInput, match="Give the file inside it"):
        read_table(named(bomb, name))


def test_a_parquet_file_that_unpacks_to_gigabytes_is_refused(monkeypatch):
    data = parquet(pd.DataFrame({"text": ["x" * 100_000] * 500}), compression="zstd")
    assert len(data) < 50_000
    assert len(read_table(data)) == 500
    monkeypatch.setattr("interp_core.files.limits.EASY", 1_000)
    with pytest.raises(ic.BadInput, match="unpacks to more"):
        read_table(data)


def test_a_file_larger_than_allowed_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 10)
    with pytest.raises(ic.BadInput, match="larger than"):
        read_table(b"text\nmore than ten bytes")


def test_small_files_that_ask_for_gigantic_tables_are_refused():
    wide = ",".join(str(i) for i in range(MOST_COLUMNS + 1))
    objects = (json.dumps({f"{row} {i}": 1 for i in range(60)}) for row in range(1_000))
    frame = pd.DataFrame(np.zeros((1, MOST_COLUMNS + 1))).rename(columns=str)
    for data, kind in (
        (wide.encode(), "csv"),
        ("\n".join(objects).encode(), "jsonl"),
        (parquet(frame), "parquet"),
    ):
        with pytest.raises(ic.BadInput, match="more than 1,000 columns"):
            read_table(data, kind=kind)

"""Files made to hurt: refused in words, in seconds, before they fill the memory."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from safetensors.numpy import save

import interp_core as ic
from interp_core.files import images as image_files
from interp_core.files import parquet as parquet_files
from interp_core.files.tables import read_table

VECTORS = np.eye(2, 3, dtype=np.float32)
MANY = 2_000  # columns
DEEP = "[" * 100_000


def written(columns: dict, **options) -> bytes:
    target = io.BytesIO()
    parquet.write_table(pa.table(columns), target, **options)
    return target.getvalue()


def with_frame(frame: str) -> bytes:
    """Vectors as safetensors, with what they stand for beside them."""
    return save({"vectors": VECTORS}, metadata={"frame": frame})


def npy(header: str) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


# ------------------------------------------------------------------- a few bytes, many columns


@pytest.mark.parametrize("before", ["", '"a\n",', "   \n", "\n\n", "\r\n \r\n"])
def test_a_first_row_of_many_columns_is_refused_wherever_it_begins(before, monkeypatch):
    """Pandas takes minutes and gigabytes for a million of them, so it is not asked."""
    monkeypatch.setattr(pd, "read_csv", lambda *_a, **_k: pytest.fail("read by pandas"))
    with pytest.raises(ic.BadInput, match=r"more than 1,000 columns"):
        read_table((before + "a," * 20_000 + "\nx\n").encode(), kind="csv")


def test_a_first_row_that_does_not_end_is_refused():
    with pytest.raises(ic.BadInput, match="does not end"):
        read_table(b'"' + b"a" * 200_000, kind="csv")


NAMES = [f"c{place}" for place in range(MANY)]
CELLS = ["x"] * MANY
TOLD = {
    "metadata of TSV": lambda: ic.read_vectors(
        b"1\t2\n3\t4\n", metadata="\n".join(["\t".join(NAMES)] + ["\t".join(CELLS)] * 2).encode()
    ),
    "frame of safetensors": lambda: ic.read_vectors(
        with_frame(json.dumps({"columns": NAMES, "data": [CELLS, CELLS]}))
    ),
    "texts of Parquet": lambda: ic.read_vectors(
        written({**{name: ["x", "y"] for name in NAMES}, "vector": [[1.0], [2.0]]})
    ),
    "numbers of Parquet": lambda: ic.read_vectors(
        written({**{f"{name}x": [1, 2] for name in NAMES}, "vector": [[1.0], [2.0]]})
    ),
    "corpus of JSON lines": lambda: ic.open_corpus(
        json.dumps(dict.fromkeys(NAMES, "a")).encode(), name="a.jsonl"
    ),
    "corpus of CSV": lambda: ic.open_corpus(
        f"{','.join(NAMES)}\n{','.join(CELLS)}\n".encode(), name="a.csv"
    ),
    "corpus of Parquet": lambda: ic.open_corpus(
        written({name: ["x"] for name in NAMES}), name="a.parquet"
    ),
}


def test_many_columns_of_texts_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(parquet_files, "check_texts", lambda *_: pytest.fail("read"))
    with pytest.raises(ic.BadInput, match=r"more than 1,000 columns"):
        TOLD["texts of Parquet"]()


@pytest.mark.parametrize("kind", TOLD)
def test_more_columns_than_anybody_reads_are_refused(kind):
    """Every view of a page looks at each of them."""
    with pytest.raises(ic.BadInput, match=r"more than 1,000 columns"):
        TOLD[kind]()


# ------------------------------------------------- Parquet writes what is repeated only once


@pytest.fixture
def held():
    """`held()`: the most bytes that Arrow has held since the test began."""
    pool = pa.default_memory_pool()
    before = pool.max_memory()
    return lambda: pool.max_memory() - before


def repeated_texts(rows: int = 1_000, columns: int = 1, length: int = 200_000) -> bytes:
    """Written as places in a list of one text: a few kilobytes for 200 MB a column."""
    text = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["x" * length])
    return written({f"text{place}": text for place in range(columns)}, store_schema=False)


def test_a_table_of_one_text_repeated_is_refused_before_it_is_written_out(held):
    data = repeated_texts(columns=3)
    assert len(data) < 50_000
    with pytest.raises(ic.BadInput, match="unpacks to more"):
        read_table(data)
    assert held() < 50 * 2**20


def test_a_corpus_of_one_text_repeated_stops_before_it_is_too_much(held):
    corpus = ic.open_corpus(repeated_texts(), name="a.parquet")
    with pytest.raises(ic.BadInput, match="unpacks to more"):
        list(corpus.rows())
    assert held() < 50 * 2**20


def test_a_corpus_passes_over_texts_that_no_model_reads():
    corpus = ic.open_corpus(written({"text": ["x" * 1_000_001, "short"]}), name="a.parquet")
    assert [getattr(row, "reason", "") for row in corpus.rows()] == ["too long", ""]


def test_vectors_of_one_number_repeated_are_refused_before_they_are_written_out(held):
    values = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(2**24, np.float32)), 2**16)
    data = written({"vector": values})
    assert len(data) < 50_000
    before = held()
    with pytest.raises(ic.BadInput, match="unpacks to more"):
        ic.read_vectors(data)
    assert held() == before


def test_what_really_repeats_is_read_whole():
    frame = pd.DataFrame(
        {"text": [f"text {place}" for place in range(2_000)], "label": ["red", "blue"] * 1_000}
    )
    table = pa.Table.from_pandas(frame.assign(vector=[[0.0, 1.0]] * 2_000))
    found = ic.read_vectors(written({name: table[name] for name in table.column_names}))
    pd.testing.assert_frame_equal(found.frame, frame, check_dtype=False)


def test_columns_of_bytes_and_structures_are_left_out():
    parts = {"text": ["a", "b"], "raw": [b"1", b"2"], "nested": [{"a": 1}, {"a": 2}]}
    found = ic.read_vectors(written({**parts, "vector": [[1.0, 2.0], [3.0, 4.0]]}))
    assert list(found.frame) == ["text"]


def test_notes_for_pandas_in_a_parquet_file_are_not_followed():
    table = pa.table({"text": ["a", "b"], "vector": [[1.0], [2.0]]})
    notes = {"index_columns": ["text"], "columns": [], "column_indexes": [], "pandas_version": ""}
    table = table.replace_schema_metadata({"pandas": json.dumps(notes)})
    target = io.BytesIO()
    parquet.write_table(table, target)
    assert list(ic.read_vectors(target.getvalue()).frame["text"]) == ["a", "b"]


# --------------------------------------------------------- what parsers stumble over has a sentence


BROKEN = {
    "brackets in NPY": (npy("(" * 5_000), "a.npy"),
    "signs in NPY": (npy("-" * 9_000 + "1"), "a.npy"),
    "nests in safetensors": (
        (100_000).to_bytes(8, "little") + b'{"a":' * 20_000,
        "a.safetensors",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_header_gets_a_sentence(kind):
    data, name = BROKEN[kind]
    source = io.BytesIO(data)
    source.name = name
    with pytest.raises(ic.BadInput, match="be read as"):
        ic.read_vectors(source)


@pytest.mark.parametrize(
    "frame",
    [DEEP, json.dumps({"columns": ["text", "text"], "data": [["a", "b"], ["c", "d"]]}), "7", "[]"],
)
def test_vectors_whose_frame_cannot_be_used_have_none(frame):
    assert list(ic.read_vectors(with_frame(frame)).frame["text"]) == ["row 1", "row 2"]


def test_half_characters_of_json_become_question_marks():
    line = r'{"\ud800": "\ud800 a", "nested": ["\udfff"]}'
    frame = read_table(f"{line}\n{line}\n".encode(), kind="jsonl")
    assert frame.iloc[0].to_dict() == {"?": "? a", "nested": '["?"]'}


def jpeg_with(tag: int = 0x0100, value: float = 5, kind: int = 4) -> bytes:
    """A picture to be turned, with a note whose kind is not that of its value."""
    target, notes = io.BytesIO(), Image.Exif()
    notes[0x0112], notes[tag] = 6, value
    Image.new("RGB", (8, 8)).save(target, "JPEG", exif=notes)
    data = bytearray(target.getvalue())
    place = data.index(tag.to_bytes(2, "big"), data.index(b"Exif")) + 2
    data[place : place + 2] = kind.to_bytes(2, "big")
    return bytes(data)


@pytest.mark.parametrize(("tag", "value"), [(0x0100, 5), (0x011A, 1.5)])
@pytest.mark.parametrize("kind", range(14))
def test_a_picture_with_broken_notes_is_opened_or_refused_in_words(tag, value, kind):
    with contextlib.suppress(ic.BadInput):
        assert ic.read_image(jpeg_with(tag, value, kind)).size == (8, 8)


def test_pictures_are_decoded_one_at_a_time(monkeypatch):
    """One of the largest size takes 400 MB meanwhile."""
    seen = []
    monkeypatch.setattr(image_files, "_decoded", lambda *_: seen.append(image_files._ONE.locked()))
    ic.read_image(jpeg_with())
    assert seen == [True]

"""A corpus is read row by row; what cannot be read is told by its line and skipped."""

import gzip
import io
import json

import pandas as pd
import pytest

import interp_core as ic
from interp_core.files import rows
from interp_core.files.corpus import sample_corpus
from interp_core.files.rows import EMPTY, MISFIT, NOT_TEXT, TOO_LONG, Row


def read(source, **options):
    """(number, text) of the good rows and (number, reason) of the others."""
    good, bad = [], []
    for row in ic.open_corpus(source, **options).rows():
        if isinstance(row, Row):
            good.append((row.number, row.text))
        else:
            bad.append((row.number, row.reason))
    return good, bad


def test_text_lines_are_numbered_from_one():
    good, bad = read("\ufeffone\r\ntwo\n\nfour".encode())
    assert good == [(1, "one"), (2, "two"), (4, "four")]
    assert bad == [(3, EMPTY)]


def test_bytes_that_are_no_text_are_told_by_line():
    good, bad = read(b"one\n\xff\xfe\xfd\nthree\nfo\x00ur\nfive words are here for length\n")
    assert [number for number, _ in good] == [1, 3, 5]
    assert bad == [(2, NOT_TEXT), (4, NOT_TEXT)]


def test_a_line_longer_than_the_limit_is_passed_by(monkeypatch):
    monkeypatch.setattr(rows, "MAX_LINE", 10)
    good, bad = read(b"short\n" + b"x" * 95 + b"\n0123456789\n01234567890\nend")
    assert good == [(1, "short"), (3, "0123456789"), (5, "end")]
    assert bad == [(2, TOO_LONG), (4, TOO_LONG)]


def test_csv_takes_the_usual_column_and_quoted_lines():
    data = 'id,Text,label\n1,"a, b",x\n2,"two\nlines",y\n3,,z\n4,plain,w\n'
    corpus = ic.open_corpus(data.encode(), name="a.csv")
    assert (corpus.kind, corpus.columns, corpus.column) == ("csv", ("id", "Text", "label"), "Text")
    good, bad = read(data.encode(), name="a.csv")
    assert good == [(2, "a, b"), (3, "two\nlines"), (5, ""), (6, "plain")]
    assert bad == []
    assert read(data.encode(), name="a.csv", column="label")[0][0] == (2, "x")


def test_csv_rows_of_another_width_and_odd_bytes_are_told_by_line(monkeypatch):
    monkeypatch.setattr(rows, "MAX_LINE", 40)
    data = b"text,label\ngood,1\nbad,row,here\n\xff\xfe,2\n" + b"x" * 60 + b",3\n,\nlast,4\n"
    good, bad = read(data, name="a.csv")
    assert good == [(2, "good"), (7, "last")]
    assert sorted(bad) == [(3, MISFIT), (4, NOT_TEXT), (5, TOO_LONG), (6, EMPTY)]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file():
    data = 'text\n"never closed\n' + "a line of words\n" * 20_000
    good, bad = read(data.encode(), name="a.csv")
    assert bad == []
    assert good[0] == (2, '"never closed')
    assert len(good) == 20_001


def test_semicolons_and_tabs_separate_too():
    assert read(b"text;n\nhello;1\n", name="a.csv")[0] == [(2, "hello")]
    good, bad = read(b'sentence\tlabel\nsay "hi" "\t1\n', name="a.tsv")
    assert good == [(2, 'say "hi" "')]
    assert bad == []


def test_json_lines_hold_objects_or_strings():
    lines = [
        '{"id": "x", "sentence": "one"}',
        '"two"',
        "",
        "{broken",
        "[1]",
        "7",
        '{"sentence": 5}',
        '{"id": "y"}',
        '{"sentence": null}',
    ]
    good, bad = read("\n".join(lines).encode(), name="a.jsonl", column="sentence")
    assert good == [(1, "one")]
    assert [number for number, _ in bad] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert dict(bad)[3] == EMPTY
    assert dict(bad)[7] == NOT_TEXT
    assert read(b'"only"\n"strings"\n', name="a.jsonl")[0] == [(1, "only"), (2, "strings")]
    assert read(b'{"deep": ' + b"[" * 50_000 + b'\n{"text": "fine"}', name="a.jsonl")[0] == [
        (2, "fine")
    ]


def test_parquet_reads_one_column_by_row(tmp_path):
    path = tmp_path / "a.parquet"
    table = pd.DataFrame({"n": [1, 2, 3], "review": ["one", None, "three"], "other": list("abc")})
    table.to_parquet(path)
    corpus = ic.open_corpus(path)
    assert (corpus.columns, corpus.column) == (("review", "other"), "review")
    good, bad = read(path)
    assert good == [(1, "one"), (3, "three")]
    assert bad == [(2, EMPTY)]
    with path.open("rb") as file:
        assert read(file)[0] == good
    pd.DataFrame({"n": [1]}).to_parquet(path)
    with pytest.raises(ic.BadInput, match="holds text"):
        ic.open_corpus(path)


def test_without_a_usual_name_the_longest_strings_are_the_text():
    lines = [json.dumps({"who": "me", "what": "a whole sentence of words"}) for _ in range(3)]
    assert ic.open_corpus("\n".join(lines).encode(), name="a.jsonl").column == "what"


@pytest.mark.parametrize(
    ("data", "name", "word"),
    [
        (b"", "a.txt", "empty"),
        (b"", "a.parquet", "empty"),
        (bytes(range(256)) * 100, "a.txt", "binary"),
        (gzip.compress(gzip.compress(b"text", mtime=0), mtime=0), "a.txt", "gzip"),
        (gzip.compress(b"text" * 99, mtime=0)[:-9], "a.txt.gz", "damaged gzip"),
        (b"PAR1 but not really", "a.parquet", "Parquet"),
        (b"PAR1 but not really", "a.txt", "Parquet"),
        (b"\n\n", "a.csv", "only blank lines"),
        (b"text,label\n", "a.csv", "a header .* and no rows"),
        (b"1\n2\n", "a.jsonl", "no column of texts. 2 rows were left out"),
    ],
)
def test_a_file_that_is_no_corpus_is_refused_with_the_reason(data, name, word):
    with pytest.raises(ic.BadInput, match=word):
        ic.open_corpus(data, name=name)


def test_wrong_columns_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ic.BadInput, match="Columns: text, label"):
        ic.open_corpus(b"text,label\na,1\n", name="a.csv", column="nope")
    for path in (tmp_path / "missing.txt", tmp_path, "\0"):
        with pytest.raises(ic.BadInput, match="cannot be read"):
            ic.open_corpus(path)


def test_a_damaged_parquet_file_says_where_it_ends(tmp_path):
    path = tmp_path / "a.parquet"
    texts = [f"text number {k} {k * 7919 % 1000}" for k in range(5000)]
    pd.DataFrame({"text": texts}).to_parquet(path, compression=None, row_group_size=1000)
    data = bytearray(path.read_bytes())
    data[40_000:60_000] = bytes(20_000)
    with pytest.raises(ic.BadInput, match="damaged"):
        read(bytes(data))


def test_the_fingerprint_tells_files_and_columns_apart(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("text,other\na,b\n")
    two.write_text("text,other\na,c\n")
    prints = {
        ic.open_corpus(one).fingerprint,
        ic.open_corpus(two).fingerprint,
        ic.open_corpus(one, column="other").fingerprint,
    }
    assert len(prints) == 3
    assert ic.open_corpus(one.read_bytes(), name="x.csv").fingerprint in prints


def test_a_large_file_is_read_without_holding_it(tmp_path):
    import tracemalloc

    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        for _ in range(5):
            file.write(b"a line of eight words is this one\n" * 30_000)  # 5 MB of lines
        file.write(b"x" * 20_000_000)  # and one line of 20 MB
    tracemalloc.start()
    count = sum(1 for _ in ic.open_corpus(path).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 150_001
    assert peak < 4 * 2**20


def test_the_built_in_sample_has_a_thousand_different_sentences():
    good = [row.text for row in sample_corpus().rows()]
    assert len(set(good)) == len(good) >= 1000
    assert tuple(good) == ic.sentences()
    assert all(len(text.split()) >= 6 for text in good)


def test_an_upload_with_a_name_is_read_by_its_ending():
    upload = io.BytesIO(b"text,label\nhello,1\n")
    upload.name = "data.csv"
    assert ic.open_corpus(upload).kind == "csv"

"""A corpus by address is the corpus of its file, and what cannot be opened is said in words."""

import gzip

import pandas as pd
import pytest

import interp_core as ic
from interp_core.files import address

LINES = ["One text.", "", "Another text, after an empty one.", "é"]
FRAME = pd.DataFrame({"n": [1, 2], "text": ["first", "second"]})


@pytest.mark.parametrize("name", ["a.txt", "b.csv", "c.txt.gz", "d.parquet"])
def test_rows_and_fingerprint_are_those_of_the_file(tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        FRAME.to_parquet(path)
    elif name.endswith("csv"):
        FRAME.to_csv(path, index=False)
    else:
        data = "\n".join(LINES).encode()
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    here, there = ic.open_corpus(path), ic.open_corpus(path.as_uri())
    assert list(here.rows()) == list(there.rows())
    assert (here.name, here.kind, here.column) == (there.name, there.kind, there.column)
    assert here.fingerprint == there.fingerprint


def test_a_long_file_is_read_in_parts(tmp_path, monkeypatch):
    path = tmp_path / "long.txt"
    path.write_text("".join(f"Line {number} of many.\n" for number in range(200_000)))
    asked, real = [], address.Address.asked
    monkeypatch.setattr(
        address.Address,
        "asked",
        lambda self, what, *given: asked.append(given) or real(self, what, *given),
    )
    corpus = ic.open_corpus(path.as_uri())
    asked.clear()
    assert len(list(corpus.rows(10))) == 10
    sizes = [given[0] for given in asked if len(given) == 1]
    assert sum(sizes) <= 2 * address.PART < path.stat().st_size


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("file:///no/such/file.txt", "cannot be read from file"),
        ("memory://nothing.txt", "cannot be read from memory"),
        ("s3://bucket/texts.csv", "pip install s3fs|cannot be read from s3"),
        ("gs://bucket/texts.csv", "pip install gcsfs|cannot be read from gs"),
        ("ftp://host/file.txt", "kind 'ftp' are not opened"),
        ("reference://x", "kind 'reference' are not opened"),
        ("file://a.txt::memory://b", "are not opened"),
    ],
)
def test_what_cannot_be_opened_is_said(url, word):
    with pytest.raises(ic.BadInput, match=word):
        ic.open_corpus(url)


def test_an_error_in_the_middle_ends_the_pass_in_words(tmp_path, monkeypatch):
    path = tmp_path / "long.txt"
    path.write_text("A line that is read.\n" * 200_000)
    corpus = ic.open_corpus(path.as_uri())
    rows = corpus.rows()
    next(rows)

    def broken(*given):
        raise TimeoutError("the service is away")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileOpener.read", broken, raising=False)
    with pytest.raises(ic.BadInput, match="TimeoutError the service is away"):
        list(rows)

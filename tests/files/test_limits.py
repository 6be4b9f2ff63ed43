"""What is read of a file, and which formats are refused by their name."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile

import pytest

import interp_core as ic
from interp_core.files import limits
from tests.files.reading import named, opened


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 50)
    return file.getvalue()


OTHERS = {
    "Excel": (zipped("[Content_Types].xml", "xl/workbook.xml"), "a.csv", "is an Excel workbook"),
    "Excel by its name": (b"PK\x03\x04" + b"\0" * 60, "a.xlsx", "is an Excel workbook"),
    "Excel or a zip": (b"PK\x03\x04" + b"\0" * 60, "a.csv", "an Excel workbook .xlsx is one"),
    "OpenDocument": (
        zipped("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
        "a.csv",
        "OpenDocument",
    ),
    "Word": (zipped("word/document.xml"), "a.txt", "a Word document"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60, "a.csv", "old Excel"),
    "ARFF": (
        b"% a\n% comment\n\n@RELATION x\n\n@DATA\n",
        "a.arff",
        "ARFF file of Weka. Save it as CSV",
    ),
    "Feather": (b"ARROW1\0\0" + b"\0" * 60, "a.csv", "Arrow .Feather. file. Write it as Parquet"),
    "old Feather": (b"FEA1" + b"\0" * 60, "a.csv", "Feather"),
    "ORC": (b"ORC" + b"\0" * 60, "a.csv", "an ORC file"),
    "Avro": (b"Obj\x01" + b"\0" * 60, "a.csv", "an Avro file"),
    "HDF5": (b"\x89HDF\r\n" + b"\0" * 60, "a.csv", "an HDF5 file"),
    "SQLite": (b"SQLite format 3\0" + b"\0" * 60, "a.csv", "an SQLite database"),
    "PDF": (b"%PDF-1.7\n" + b"x" * 60, "a.txt", "a PDF document"),
    "RTF": (b"{\\rtf1 text}", "a.txt", "an RTF document"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "a.csv", "is a picture"),
    "a web page": (b"\n<!DOCTYPE html>\n<html>log in, please</html>", "a.csv", "need a login"),
    "XML": (b'\xef\xbb\xbf<?xml version="1.0"?><a/>', "a.csv", "a web page or XML"),
    "a pickle": (b"\x80\x04\x95" + b"\0" * 60, "a.csv", "a Python pickle"),
    "xz": (b"\xfd7zXZ\x00" + b"\0" * 60, "a.csv", "compressed with xz"),
    "zstd": (b"\x28\xb5\x2f\xfd" + b"\0" * 60, "a.csv", "compressed with zstd"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid x\n", "a.csv", "git lfs pull"),
}


@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("reader", [ic.open_table, ic.open_corpus, ic.read_vectors])
def test_another_format_is_refused_by_its_name_by_every_reader(case, reader):
    data, name, said = OTHERS[case]
    with pytest.raises(ic.BadInput, match=said):
        reader(named(data, name))


@pytest.fixture(scope="module")
def bomb():
    """A gzip file of two parts: twenty megabytes in a few kilobytes."""
    return gzip.compress(b"a,b\n" + b"0,1\n" * 2**20, mtime=0) + gzip.compress(b"0,1\n" * 2**22)


@pytest.mark.parametrize("reader", [ic.open_table, ic.read_vectors])
def test_a_gzip_file_that_unpacks_to_too_much_is_refused(reader, bomb, monkeypatch):
    monkeypatch.setattr(limits, "EASY", 2**20)
    tracemalloc.start()
    with pytest.raises(ic.BadInput, match="unpacks to more than"):
        reader(named(bomb, "a.csv.gz"))
    assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    tracemalloc.stop()


def test_a_corpus_in_gzip_is_unpacked_as_it_is_read_and_stops_at_the_bound(bomb, monkeypatch):
    from interp_core.files import corpus

    monkeypatch.setattr(corpus, "EASY", 2**20)
    with pytest.raises(ic.BadInput, match="unpacks to more than 1 MB"):
        list(ic.open_corpus(bomb, name="a.csv.gz").rows())


def test_a_gzip_file_within_the_bounds_is_read_by_both_and_from_disk(tmp_path):
    data = gzip.compress(b"text,label\n" + b"a good film,1\n" * 2_000)
    table, corpus = opened(data, "a.csv.gz")
    assert len(table.frame) == len(list(corpus.rows())) == 2_000
    (tmp_path / "a.csv.gz").write_bytes(data)
    assert len(list(ic.open_corpus(tmp_path / "a.csv.gz").rows())) == 2_000
    assert ic.open_corpus(tmp_path / "a.csv.gz").fingerprint == corpus.fingerprint
    assert ic.read_vectors(named(gzip.compress(b"1\t2\n3\t4\n"), "a.tsv.gz")).values.shape == (2, 2)


@pytest.mark.parametrize("cut", [5, 25, -1, -9])
def test_a_damaged_gzip_file_is_called_so(cut):
    data = gzip.compress(b"text,label\n" + b"a good film,1\n" * 200)[:cut]
    for reader in (ic.open_table, lambda file: list(ic.open_corpus(file).rows())):
        with pytest.raises(ic.BadInput, match="damaged gzip"):
            reader(named(data, "a.csv.gz"))

"""Open a corpus: text lines, CSV, TSV, JSON or Parquet, by path or as bytes, also packed by gzip.

Files are read as they are needed, so their size does not matter; what cannot be read is a skipped
row, not an end.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from interp_core.errors import BadInput
from interp_core.files import parquet
from interp_core.files.address import Address, is_address
from interp_core.files.columns import LOOKED_AT, choose_column
from interp_core.files.form import JSONL, PARQUET, TEXT, FileOptions, Form, find_form
from interp_core.files.limits import (
    EASY,
    FOLD,
    GZIP,
    UnpackedStream,
    called,
    check_columns,
    gunzip,
)
from interp_core.files.rows import Row, Skipped, SkippedRows, text_row
from interp_core.validation import renamed

DATA = Path(__file__).resolve().parents[1] / "data"
EDGE = 2**20  # bytes at either end that tell one file from another
READER = b"2"  # changes when other rows are read from the same file


@dataclass(frozen=True)
class Corpus:
    """A file of texts: `kind` is "text", "csv", "tsv", "jsonl" or "parquet".

    `columns` are those to choose from and `column` the chosen one; both empty for text lines.
    `notes` say what was assumed about the file.
    """

    name: str
    kind: str
    source: Path | bytes | Address
    columns: tuple[str, ...] = ()
    column: str = ""
    notes: tuple[str, ...] = ()
    form: Form = field(default=Form(TEXT), repr=False)

    @renamed(most="limit")
    def rows(self, limit: int | None = None) -> Iterator[Row | Skipped]:
        """The first `limit` rows (None: all) in order, as texts or as skipped with the reason."""
        return islice(self._rows(), limit)

    def _rows(self) -> Iterator[Row | Skipped]:
        if self.kind == PARQUET:
            with _seekable(self.source, self.name) as file:
                yield from parquet.text_rows(file, self.column)
            return
        place = None if self.kind == JSONL else self.form.names.index(self.column or "text")
        with _raw(self.source) as file:
            for number, cells in self.form.rows(_unpacked(self.name, file)):
                if isinstance(cells, Skipped):
                    yield cells
                else:
                    value = cells.get(self.column) if place is None else cells[place]
                    yield text_row(number, value)

    @property
    def fingerprint(self) -> str:
        """Changes with the size, the first and last megabyte, the column and how it is read."""
        read = (self.form.encoding, self.form.dialect, self.form.first)
        with _raw(self.source) as file:
            size = file.seek(0, io.SEEK_END)
            parts = [READER, str(size).encode(), self.kind.encode(), self.column.encode()]
            parts.append(repr(read).encode())
            for place in (0, max(0, size - EDGE)):
                file.seek(place)
                parts.append(file.read(EDGE))
        return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def open_corpus(
    source: Any,
    *,
    column: str | None = None,
    name: str = "",
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    quotes: bool | None = None,
) -> Corpus:
    """The corpus in a path, in bytes, or in something with `read()` and a `name`.

    An address such as "s3://bucket/texts.csv" is read in parts by the library fsspec.

    The kind is known by the name's ending, else by the content; `encoding`, `delimiter`, `header`
    and `quotes` as in `open_table`. Without `column` one with a usual name ("text", "sentence", …)
    is taken, else the one with the longest strings. Raises `BadInput` for missing, empty and
    binary files, for other formats by their name, and for a column that is not there.
    """
    if hasattr(source, "read"):
        name, source = name or str(getattr(source, "name", "")), source.read()
    if isinstance(source, bytes | bytearray | memoryview):
        source = bytes(source)
    else:
        source = Address(source) if is_address(source) else Path(source)
    name = Path(name).name or ("" if isinstance(source, bytes) else source.name)
    asked = FileOptions(encoding, delimiter, header, quotes)

    def opener() -> Any:
        return _unpacked(name, _raw(source))

    form = find_form(name, opener, asked)
    chosen, columns = _columns(source, name, form)
    shown = called(name)
    if form.kind == TEXT:
        return Corpus(shown, TEXT, source, notes=form.notes, form=form)
    if column is not None and column not in columns:
        raise BadInput(f"{shown} has no column {column!r}. Columns: {', '.join(columns)}.")
    return Corpus(shown, form.kind, source, columns, column or chosen, form.notes, form)


@renamed(most="limit")
def first_texts(corpus: Corpus, limit: int) -> list[str]:
    """The texts that hold something among the first `limit` rows of a corpus."""
    rows = (row for row in corpus.rows(limit) if isinstance(row, Row))
    return [str(row.text) for row in rows if str(row.text).strip()]


def left_out(corpus: Corpus, limit: int) -> str:
    """Which of the first `limit` rows were left out, as a sentence; empty when none was."""
    skipped = SkippedRows()
    for row in corpus.rows(limit):
        if isinstance(row, Skipped):
            skipped.add(row)
    return skipped.note()


def sample_corpus() -> Corpus:
    """The built-in corpus of 1,200 sentences."""
    return open_corpus(DATA / "sentences.txt")


def _raw(source: Path | bytes | Address) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if isinstance(source, Address):
        return source.open()
    try:
        return source.expanduser().open("rb")
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"The file {source.name!r} cannot be read: check its name.") from error


def _unpacked(name: str, file: BinaryIO) -> Any:
    """The file, or what is in it when it is packed by gzip: as much as such files hold."""
    start = file.read(len(GZIP))
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return UnpackedStream(name, file, max(EASY, FOLD * size)) if start == GZIP else file


def _seekable(source: Path | bytes | Address, name: str) -> BinaryIO:
    file = _raw(source)
    if file.read(len(GZIP)) != GZIP:
        file.seek(0)
        return file
    with file:
        file.seek(0)
        return io.BytesIO(gunzip(name, file.read()))


def _columns(source: Path | bytes | Address, name: str, form: Form) -> tuple[str, tuple[str, ...]]:
    """The chosen column and all. Raises `BadInput` where no row has a text."""
    if form.kind == PARQUET:
        with _seekable(source, name) as file:
            names = parquet.text_names(file)
        check_columns(len(names))
        return choose_column([dict.fromkeys(names, "")]) or names[0], tuple(names)
    rows, skipped = [], SkippedRows()
    with _raw(source) as file:
        for _, cells in form.rows(_unpacked(name, file)):
            if isinstance(cells, Skipped):
                skipped.add(cells)
            else:
                rows.append(cells if form.kind == JSONL else dict(zip(form.names, cells)))
            if len(rows) == LOOKED_AT or skipped.total > 50 * LOOKED_AT:
                break
    chosen = choose_column(rows)
    if chosen is None:
        raise BadInput(f"{called(name)} has no column of texts. {skipped.note()}".strip())
    names = form.names or tuple(dict.fromkeys(str(each) for row in rows for each in row))
    check_columns(len(names))
    return chosen, names

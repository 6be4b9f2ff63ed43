"""Open a corpus: text lines, CSV, TSV, JSON Lines or Parquet, by path or as bytes.

Files are read as they are needed, so their size does not matter; what cannot be read is a skipped
row, not an end.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from interp_core.analysis.corpus_lines import MARK
from interp_core.analysis.corpus_parquet import parquet_columns, parquet_rows
from interp_core.analysis.corpus_rows import Row, Skipped
from interp_core.analysis.corpus_tables import (
    LOOKED_AT,
    choose_column,
    csv_cells,
    json_cells,
    lines_of_text,
    pick,
)
from interp_core.analysis.file_bytes import ARCHIVES, check_columns
from interp_core.analysis.samples import DATA
from interp_core.errors import BadInput

TEXT, CSV, TSV, JSONL, PARQUET = "text", "csv", "tsv", "jsonl", "parquet"
ENDINGS = {
    ".csv": CSV, ".tsv": TSV, ".jsonl": JSONL, ".ndjson": JSONL, ".json": JSONL,
    ".parquet": PARQUET, ".pq": PARQUET,
}  # fmt: skip
CELLS = {
    CSV: csv_cells,
    TSV: lambda file: csv_cells(file, tabs=True),
    JSONL: json_cells,
}
START = 2**16  # bytes by which binary data are told from text
FEW = 0.05  # share of control characters above which a file is no text
EDGE = 2**20  # bytes at either end that tell one file from another


@dataclass(frozen=True)
class Corpus:
    """A file of texts: `kind` is "text", "csv", "tsv", "jsonl" or "parquet".

    `columns` are those to choose from and `column` the chosen one; both empty for text lines.
    """

    name: str
    kind: str
    source: Path | bytes
    columns: tuple[str, ...] = ()
    column: str = ""

    def rows(self, most: int | None = None) -> Iterator[Row | Skipped]:
        """The first `most` rows (None: all) in order, as texts or as skipped with the reason."""
        return islice(self._rows(), most)

    def _rows(self) -> Iterator[Row | Skipped]:
        with _open(self.source) as file:
            if self.kind == TEXT:
                yield from lines_of_text(file)
            elif self.kind == PARQUET:
                yield from parquet_rows(file, self.column)
            else:
                yield from pick(CELLS[self.kind](file), self.column)

    @property
    def fingerprint(self) -> str:
        """Changes with the size, the first and last megabyte, and the column."""
        with _open(self.source) as file:
            size = file.seek(0, io.SEEK_END)
            parts = [str(size).encode(), self.kind.encode(), self.column.encode()]
            for place in (0, max(0, size - EDGE)):
                file.seek(place)
                parts.append(file.read(EDGE))
        return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def open_corpus(source: Any, *, column: str | None = None, name: str = "") -> Corpus:
    """The corpus in a path, in bytes, or in something with `read()` and a `name`.

    The kind is known by the name's ending, else by the content. Without `column` one with a usual
    name ("text", "sentence", …) is taken, else the one with the longest strings. Raises `BadInput`
    for missing, empty, packed and binary files, and for a column that is not there.
    """
    if hasattr(source, "read"):
        name, source = name or str(getattr(source, "name", "")), source.read()
    source = bytes(source) if isinstance(source, bytes | bytearray | memoryview) else Path(source)
    name = Path(name).name or (source.name if isinstance(source, Path) else "The file")
    with _open(source) as file:
        start = file.read(START)
    kind = _kind(name, start)
    _check_start(name, kind, start)
    columns = () if kind == TEXT else _columns(source, kind)
    if kind == TEXT:
        return Corpus(name, kind, source)
    known = columns[1:]
    if column is not None and column not in known:
        raise BadInput(f"{name} has no column {column!r}. Columns: {', '.join(known)}.")
    return Corpus(name, kind, source, known, column or columns[0])


def sample_corpus() -> Corpus:
    """The built-in corpus of 1,200 sentences."""
    return open_corpus(DATA / "sentences.txt")


def _open(source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.expanduser().open("rb")
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"The file {source.name!r} cannot be read: check its name.") from error


def _kind(name: str, start: bytes) -> str:
    ending = Path(name).suffix.lower()
    if start.startswith(b"PAR1"):
        return PARQUET
    if ending in ENDINGS:
        return ENDINGS[ending]
    return JSONL if start.removeprefix(MARK).lstrip().startswith(b'{"') else TEXT


def _check_start(name: str, kind: str, start: bytes) -> None:
    if not start:
        raise BadInput(f"{name} is empty.")
    for mark, what in ARCHIVES.items():
        if start.startswith(mark):
            raise BadInput(f"{name} is {what}. Nothing is unpacked here: give the file inside.")
    if kind == PARQUET:
        return
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(f"{name} is UTF-16 text. Save it as UTF-8.")
    odd = sum(start.count(code) for code in (*range(9), *range(14, 27), *range(28, 32)))
    if odd > FEW * len(start):
        raise BadInput(
            f"{name} holds binary data. Give text lines, CSV, TSV, JSON Lines or Parquet."
        )
    if kind == JSONL and start.lstrip().startswith(b"["):
        raise BadInput(f"{name} is one JSON list. Save it as JSON Lines: one object a line.")


def _columns(source: Path | bytes, kind: str) -> tuple[str, ...]:
    """The chosen column, then all. Raises `BadInput` where no row has a text."""
    with _open(source) as file:
        if kind == PARQUET:
            names = parquet_columns(file)
            check_columns(len(names))
            return choose_column([dict.fromkeys(names, "")]) or names[0], *names
        cells = (row for _, row in CELLS[kind](file) if not isinstance(row, Skipped))
        rows = list(islice(cells, LOOKED_AT))
    chosen = choose_column(rows)
    if chosen is None:
        raise BadInput("No row of the file has a column of text. Is it what its name says?")
    names = dict.fromkeys(str(name) for row in rows for name in row)
    check_columns(len(names))
    return chosen, *names

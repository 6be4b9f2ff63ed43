"""Rows of CSV, TSV and JSON Lines files: one column of texts, read as it is needed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from interp_core.analysis.corpus_lines import Lines, decode
from interp_core.analysis.corpus_rows import EMPTY, NOT_TEXT, TOO_LONG, Row, Skipped
from interp_core.errors import BadInput

Cells = dict[str, Any] | Skipped
PREFERRED = ("text", "sentence", "content", "review", "document", "body", "message", "question")
LOOKED_AT = 20  # rows by which a column is chosen
DELIMITERS = (",", ";", "\t", "|")


def lines_of_text(file: BinaryIO) -> Iterator[Row | Skipped]:
    """Each line a text."""
    for number, line in Lines(file):
        if line is None:
            yield _too_long(number)
        elif (text := decode(line)) is None:
            yield Skipped(number, NOT_TEXT, "The line is not UTF-8 text.")
        else:
            yield Row(number, text)


def csv_cells(file: BinaryIO, *, tabs: bool = False) -> Iterator[tuple[int, Cells]]:
    """Number of the first line and named cells of each row after the header.

    Files with tabs have no quoting. A row of another width than the header is skipped: a comma in
    its text was probably not quoted.
    """
    source = _CsvLines(file)
    names = source.header(tabs=tabs)
    rows = csv.reader(source, delimiter=source.delimiter, quoting=source.quoting)
    while True:
        begin = source.lines.number + 1
        try:
            row = next(rows)
        except StopIteration:
            yield from source.problems
            return
        except csv.Error:
            yield begin, Skipped(begin, TOO_LONG, "The row is too long; is a quote not closed?")
            continue
        yield from source.problems
        begin += len(source.problems)
        source.problems.clear()
        yield begin, _named(begin, names, row)


def _named(number: int, names: list[str], row: list[str]) -> Cells:
    if not any(row):
        return Skipped(number, EMPTY, "The row is empty.")
    if len(row) != len(names):
        return Skipped(number, NOT_TEXT, f"The row has {len(row)} columns, not {len(names)}.")
    return dict(zip(names, row))


class _CsvLines:
    """Decoded lines for the csv module; what cannot be decoded is told apart."""

    def __init__(self, file: BinaryIO) -> None:
        self.lines = Lines(file)
        self.source = iter(self.lines)
        self.problems: list[tuple[int, Skipped]] = []
        self.delimiter, self.quoting = ",", csv.QUOTE_MINIMAL

    def header(self, *, tabs: bool) -> list[str]:
        """The names of the columns. Raises `BadInput`."""
        _, line = next(self.source, (0, None))
        text = decode(line) if line is not None else None
        if not text or not text.strip():
            raise BadInput("The first line does not name the columns. Add a header line.")
        self.delimiter = "\t" if tabs else max(DELIMITERS, key=text.count)
        self.quoting = csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
        rows = csv.reader([text], delimiter=self.delimiter, quoting=self.quoting)
        return [name.strip() for name in next(rows)]

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        for number, line in self.source:
            if line is None:
                self.problems.append((number, _too_long(number)))
            elif (text := decode(line)) is None:
                skipped = Skipped(number, NOT_TEXT, "The line is not UTF-8 text.")
                self.problems.append((number, skipped))
            else:
                return text + "\n"
        raise StopIteration


def json_cells(file: BinaryIO) -> Iterator[tuple[int, Cells]]:
    """Line number and object of each line; a plain string is the cell `text`."""
    for number, line in Lines(file):
        yield number, _json_cells(number, line)


def _json_cells(number: int, line: bytes | None) -> Cells:
    if line is None:
        return _too_long(number)
    if not line.strip():
        return Skipped(number, EMPTY, "The line is empty.")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return Skipped(number, NOT_TEXT, "The line is no JSON.")
    if isinstance(found, str):
        return {"text": found}
    if isinstance(found, dict):
        return found
    return Skipped(number, NOT_TEXT, "The line is neither an object nor a string.")


def pick(cells: Iterator[tuple[int, Cells]], column: str) -> Iterator[Row | Skipped]:
    """One column of named cells."""
    for number, found in cells:
        yield found if isinstance(found, Skipped) else cell(number, found.get(column, None))


def cell(number: int, value: object) -> Row | Skipped:
    """The row that holds this value."""
    if value is None:
        return Skipped(number, EMPTY, "The row has no text in this column.")
    if not isinstance(value, str):
        return Skipped(number, NOT_TEXT, f"The row holds a {type(value).__name__}, not text.")
    return Row(number, value)


def choose_column(rows: list[dict[str, Any]]) -> str | None:
    """The column of texts: one with a usual name, else the one with the longest strings."""
    lengths: dict[str, int] = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, str):
                lengths[name] = lengths.get(name, 0) + len(value)
    usual = {name.casefold(): name for name in lengths}
    named = [usual[name] for name in PREFERRED if name in usual]
    return named[0] if named else max(lengths, key=lengths.get, default=None)


def _too_long(number: int) -> Skipped:
    return Skipped(number, TOO_LONG, "The line has more than a million bytes.")

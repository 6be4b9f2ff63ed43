"""Records of files whose fields are separated: quoted as in CSV, or as they stand."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from interp_core.files import rows as bounds
from interp_core.files.rows import MISFIT, Skipped

# The csv module's own bound (131,072 characters) would refuse long texts; ours is `MAX_LINE`.
csv.field_size_limit(max(csv.field_size_limit(), 2 * bounds.MAX_LINE))

MOST_REREAD = 2**24  # characters behind quotes without an end that are read a second time
NO_FIELDS = "\x1f"  # "separates" the fields of a file with one column


@dataclass(frozen=True)
class Dialect:
    """`delimiter` is "" for one column, `quote` is "" where quotes belong to the text.

    `spaced`: a space follows each delimiter and is no part of the field. `escaped`: a backslash
    stands before a quote inside quotes.
    """

    delimiter: str
    quote: str = '"'
    spaced: bool = False
    escaped: bool = False

    def split(self, line: str) -> list[str]:
        """The fields of a line whose quotes mean nothing."""
        line = line.rstrip("\r\n")
        fields = line.split(self.delimiter) if self.delimiter else [line]
        return [each.lstrip(" ") for each in fields] if self.spaced else fields

    def reader(self, lines: Iterator[str], *, strict: bool) -> Iterator[list[str]]:
        """The csv module's reader."""
        return csv.reader(lines, _rules(self, strict))


@cache
def _rules(dialect: Dialect, strict: bool) -> Any:
    """The same for the csv module, made once: a reader is made for every row with quotes."""
    return csv.reader(
        [],
        delimiter=dialect.delimiter or NO_FIELDS,
        quotechar=dialect.quote,
        strict=strict,
        skipinitialspace=dialect.spaced,
        escapechar="\\" if dialect.escaped else None,
    ).dialect


class Record(NamedTuple):
    """Numbers of the first and last line, and fields of a row.

    `literal`: its quotes break the rules of CSV. Such a row is one line, with them as they stand.
    `unclosed`: one of them is open until the lines end.
    """

    number: int
    end: int
    fields: list[str]
    literal: bool = False
    unclosed: bool = False


Line = tuple[int, "str | Skipped"]


def records(
    lines: Iterator[Line], dialect: Dialect, width: int | None = None
) -> Iterator[Record | Skipped]:
    """Each row; a quoted field may go over several lines.

    A quote that does not follow the rules of CSV (closed before a delimiter, doubled inside)
    belongs to the text, and never swallows the rows behind it. `width` is how many fields a row
    should have: it decides where a row can be read in two ways.
    """
    source = _Source(lines)
    reread = 0
    while (line := source.take()) is not None:
        number, text = line
        if isinstance(text, Skipped):
            yield text
        elif not dialect.quote or dialect.quote not in text:
            yield _plain(number, text, source, dialect, width)
        else:
            fields, used, unclosed = _quoted(text, source, dialect)
            if fields is not None:
                yield Record(number, used[-1][0] if used else number, fields)
                continue
            plain = _literal(text, dialect, width)
            yield Record(number, number, plain, literal=True, unclosed=unclosed)
            reread += sum(len(line) for _, line in used if isinstance(line, str))
            if reread <= MOST_REREAD:
                source.put_back(used)
            else:
                yield from (_passed_over(each) for each in used)


class _Source:
    """Lines that can be put back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.lines, self.waiting = iter(lines), deque[Line]()

    def take(self) -> Line | None:
        return self.waiting.popleft() if self.waiting else next(self.lines, None)

    def put_back(self, lines: list[Line]) -> None:
        self.waiting.extendleft(reversed(lines))


def _plain(number: int, text: str, source: _Source, dialect: Dialect, width: int | None) -> Record:
    """A row without quotes; a lone carriage return inside a field is no end of the row."""
    fields = dialect.split(text)
    if width is None or len(fields) >= width or not text.endswith("\r"):
        return Record(number, number, fields)
    following = source.take()
    if following is not None:
        rest = dialect.split(following[1]) if isinstance(following[1], str) else []
        if rest and len(fields) + len(rest) - 1 == width:
            joined = [*fields[:-1], f"{fields[-1]}\r{rest[0]}", *rest[1:]]
            return Record(number, following[0], joined)
        source.put_back([following])
    return Record(number, number, fields)


def _quoted(
    text: str, source: _Source, dialect: Dialect
) -> tuple[list[str] | None, list[Line], bool]:
    """The fields of a row, None where its quotes break the rules; the further lines taken; and
    whether a quote is open at their end."""
    used: list[Line] = []

    def feed() -> Iterator[str]:
        yield text
        size = len(text)
        while size <= bounds.MAX_LINE and (line := source.take()) is not None:
            used.append(line)
            if isinstance(line[1], Skipped):
                return
            size += len(line[1])
            yield line[1]

    try:
        return next(dialect.reader(feed(), strict=True)), used, False
    except (csv.Error, StopIteration) as error:
        return None, used, "end of data" in str(error)


def _literal(text: str, dialect: Dialect, width: int | None) -> list[str]:
    plain = dialect.split(text)
    if width is None or len(plain) == width:
        return plain
    try:
        lenient = next(dialect.reader(iter([text.rstrip("\r\n")]), strict=False))
    except (csv.Error, StopIteration):
        return plain
    return lenient if len(lenient) == width else plain


def _passed_over(line: Line) -> Skipped:
    number, text = line
    if isinstance(text, Skipped):
        return text
    return Skipped(number, MISFIT, "It follows a quote that is not closed.")

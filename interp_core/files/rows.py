"""Rows of a file, and its lines, one at a time, none longer than a fixed number of bytes.

A row is a text with its number, or what cannot be read, with the reason.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from interp_core.errors import ClearheadError, InputTooLong

EMPTY, TOO_LONG, NOT_TEXT, MISFIT = "empty", "too long", "not text", "other width"
MAX_TOLD = 1000  # skipped rows that are reported one by one; all are counted
SHOWN = 3  # of them in a note


@dataclass(frozen=True)
class Row:
    """A text and the number of its line or row, from 1."""

    number: int
    text: object


@dataclass(frozen=True)
class Skipped:
    """A row that was left out: `reason` is "empty", "too long", "not text" or "other width"."""

    number: int
    reason: str
    message: str


@dataclass
class SkippedRows:
    """How many rows were left out for each reason, and the first thousand of them."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[Skipped] = field(default_factory=list)

    def add(self, row: Skipped) -> None:
        """Count one more."""
        self.counts[row.reason] += 1
        if len(self.rows) < MAX_TOLD:
            self.rows.append(row)

    @property
    def total(self) -> int:
        """How many were left out."""
        return self.counts.total()

    def copy(self) -> SkippedRows:
        """A record of its own."""
        return SkippedRows(Counter(self.counts), list(self.rows))

    def merge(self, other: SkippedRows) -> SkippedRows:
        """Those of both, in the order of their numbers."""
        rows = sorted([*self.rows, *other.rows], key=lambda row: row.number)
        return SkippedRows(self.counts + other.counts, rows[:MAX_TOLD])

    def note(self) -> str:
        """What was left out, as a sentence with the first of them; without blank lines."""
        told = [row for row in self.rows if row.reason != EMPTY]
        count = self.total - self.counts[EMPTY]
        if not count:
            return ""
        shown = " ".join(f"Line {row.number:,}: {row.message}" for row in told[:SHOWN])
        rows = "1 row was" if count == 1 else f"{count:,} rows were"
        return f"{rows} left out. {shown}"


def refuse(row: Row, error: ClearheadError) -> Skipped:
    """The row as skipped, for what the tokenizer said about it."""
    if isinstance(error, InputTooLong):
        reason = TOO_LONG
    else:
        blank = isinstance(row.text, str) and not row.text.strip()
        reason = EMPTY if blank else NOT_TEXT
    return Skipped(row.number, reason, str(error))


def as_rows(texts: Iterable[str | Row | Skipped]) -> Iterator[Row | Skipped]:
    """Plain texts numbered from 1; rows as they are."""
    for number, text in enumerate(texts, 1):
        yield text if isinstance(text, Row | Skipped) else Row(number, text)


def text_row(number: int, value: object) -> Row | Skipped:
    """The row that holds this value of the column of texts."""
    if value is None:
        return Skipped(number, EMPTY, "The row has no text in this column.")
    if not isinstance(value, str):
        return Skipped(number, NOT_TEXT, f"The row holds a {type(value).__name__}, not text.")
    return Row(number, value)


MAX_LINE = 1_000_000  # bytes; a longer line is reported and never held in memory
CHUNK = 2**16
WIDE = ("utf-16", "utf-32")  # encodings in which a line end is not one byte


class Readable(Protocol):
    """An object whose `read` returns bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


def text_lines(file: Readable, encoding: str) -> Iterator[tuple[int, str | Skipped]]:
    """Number from 1 and text of each line, with its line end (LF, CR or both).

    Lines that are too long, or that are no text in this encoding, come as `Skipped`.
    """
    if encoding.startswith(WIDE):
        file, encoding = _Narrowed(file, encoding), "utf-8"
    for number, line in enumerate(_byte_lines(file), 1):
        if line is None:
            yield number, Skipped(number, TOO_LONG, "The line has more than a million bytes.")
            continue
        text = _decoded(line, encoding)
        if text is None:
            yield number, Skipped(number, NOT_TEXT, f"The line is not {encoding.upper()} text.")
        elif "\0" in text:
            yield number, Skipped(number, NOT_TEXT, "The line holds zero bytes.")
        else:
            yield number, text.removeprefix("\ufeff") if number == 1 else text


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _byte_lines(file: Readable) -> Iterator[bytes | None]:
    """Lines with their ends; None stands for a longer one."""
    rest, too_long = b"", False
    while chunk := file.read(CHUNK):
        pieces = (rest + chunk).splitlines(keepends=True)
        # What does not end with a line feed may go on, or its feed may follow.
        rest = b"" if pieces[-1].endswith(b"\n") else pieces.pop()
        for piece in pieces:
            yield None if too_long or len(piece.rstrip(b"\r\n")) > MAX_LINE else piece
            too_long = False
        if len(rest) > MAX_LINE + 2:
            rest, too_long = rest[-1:] if rest.endswith(b"\r") else b"", True
    if rest or too_long:
        yield None if too_long or len(rest.rstrip(b"\r\n")) > MAX_LINE else rest


class _Narrowed:
    """A file in UTF-16 or UTF-32 as UTF-8."""

    def __init__(self, file: Readable, encoding: str) -> None:
        self.file = file
        self.decoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def read(self, size: int = -1) -> bytes:
        """The next part; none at the end."""
        while chunk := self.file.read(size):
            text = self.decoder.decode(chunk)
            if text:
                return text.encode("utf-8", "replace")
        return self.decoder.decode(b"", final=True).encode("utf-8", "replace")

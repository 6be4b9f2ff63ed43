"""Rows of a file: texts with their number, and those that cannot be read, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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

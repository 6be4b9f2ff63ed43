"""Rows of a corpus: texts with their number, and those that cannot be read, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interp_core.errors import ClearheadError, InputTooLong

if TYPE_CHECKING:
    from interp_core.analysis.corpus_files import Corpus

EMPTY, TOO_LONG, NOT_TEXT = "empty", "too long", "not text"
MAX_TOLD = 1000  # skipped rows that are told one by one; all are counted


@dataclass(frozen=True)
class Row:
    """A text and the number of its line or row, from 1."""

    number: int
    text: object


@dataclass(frozen=True)
class Skipped:
    """A row that was left out: `reason` is "empty", "too long" or "not text"."""

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


def first_texts(corpus: Corpus, most: int) -> list[str]:
    """The texts that hold something among the first `most` rows of a corpus."""
    rows = (row for row in corpus.rows(most) if isinstance(row, Row))
    return [str(row.text) for row in rows if str(row.text).strip()]

"""How far a pass over a corpus is, with the statistics of all texts so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interp_core.files.rows import SkippedRows

if TYPE_CHECKING:
    from interp_core.analysis.head_record import HeadStatistics


@dataclass(frozen=True)
class CorpusState:
    """How far a pass over a corpus is.

    `statistics` are those of all texts so far (None before the first batch). `rows` counts the rows
    read, `skipped` tells of those left out. `computed` counts tokens with padding. `settled` is
    true where every row read has been counted: only then a pass can be continued from `rows`.
    """

    statistics: HeadStatistics | None = None
    rows: int = 0
    computed: int = 0
    seconds: float = 0.0
    skipped: SkippedRows = field(default_factory=SkippedRows)
    settled: bool = True

    @property
    def texts(self) -> int:
        """Texts that are in the statistics."""
        return self.statistics.texts if self.statistics else 0

    @property
    def tokens(self) -> int:
        """Tokens that are in the statistics, without padding."""
        return self.statistics.tokens if self.statistics else 0

    @property
    def texts_per_second(self) -> float:
        """Over the whole pass."""
        return self.texts / self.seconds if self.seconds else 0.0

    @property
    def padding(self) -> float:
        """Share of the computed tokens that was padding."""
        return 1 - self.tokens / self.computed if self.computed else 0.0

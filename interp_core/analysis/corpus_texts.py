"""A corpus as a list of rows: its statistics, and the texts of it that a model can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from interp_core.analysis.head_statistics import stream_statistics
from interp_core.analysis.head_texts import Tokens, tokenize
from interp_core.errors import BadInput
from interp_core.files.rows import Row, Skipped, as_rows

if TYPE_CHECKING:
    from interp_core.analysis.head_record import HeadStatistics
    from interp_core.models.record import LoadedModel


def corpus_statistics(
    model: LoadedModel, rows: Iterable[str | Row | Skipped], *, until: int | None = None
) -> HeadStatistics:
    """The statistics of all rows that can be read; those that cannot are left out.

    `until` ends the pass as soon as so many texts are counted: what was known when a pass was
    stopped there. Raises `BadInput` where no row can be read, and `UnsupportedModel`.
    """
    found = None
    for state in stream_statistics(model, rows):
        found = state.statistics
        if until is not None and state.texts >= until:
            break
    if found is None:
        raise BadInput("None of the rows can be read. Give at least one text.")
    return found


def readable_texts(model: LoadedModel, rows: Iterable[str | Row | Skipped], most: int) -> list[str]:
    """The first `most` texts that the model can read whole."""
    texts: list[str] = []
    for row in as_rows(rows):
        if len(texts) == most:
            break
        if isinstance(row, Row) and isinstance(tokenize(model, [row.text])[0], Tokens):
            texts.append(row.text)
    return texts

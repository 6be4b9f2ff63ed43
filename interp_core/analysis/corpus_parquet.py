"""Rows of a Parquet file: one column of texts, a thousand rows at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from interp_core.analysis.corpus_lines import MAX_LINE
from interp_core.analysis.corpus_rows import TOO_LONG, Row, Skipped
from interp_core.analysis.corpus_tables import cell
from interp_core.analysis.parquet_sizes import check_sum
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

ROWS = 1024


def open_parquet(file: BinaryIO, **options: Any) -> ParquetFile:
    """The file. Raises `BadInput`."""
    from pyarrow import ArrowException, parquet

    try:
        return parquet.ParquetFile(file, **options)
    except (ArrowException, OSError) as error:
        raise BadInput("This is no Parquet file that can be read.") from error


def parquet_columns(file: BinaryIO) -> list[str]:
    """Names of the columns that hold text. Raises `BadInput` when there is none."""
    from pyarrow import types

    schema = open_parquet(file).schema_arrow
    names = [field.name for field in schema
             if types.is_string(field.type) or types.is_large_string(field.type)]  # fmt: skip
    if not names:
        raise BadInput(f"No column of the Parquet file holds text: {', '.join(schema.names)}.")
    return names


def parquet_rows(file: BinaryIO, column: str) -> Iterator[Row | Skipped]:
    """Each row of one column, numbered from 1. Raises `BadInput` for a damaged file."""
    from pyarrow import ArrowException

    number, told = 0, 0
    size = file.seek(0, io.SEEK_END)
    try:
        # Repeated texts stay one text in memory, however often they come.
        opened = open_parquet(file, read_dictionary=[column])
        for batch in opened.iter_batches(ROWS, columns=[column], use_threads=False):
            values = batch.column(0)
            known = values.dictionary.to_pylist()
            for place in values.indices.to_pylist():
                number += 1
                text = None if place is None else known[place]
                told += len(text or "")
                check_sum(told, size)
                yield _row(number, text)
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The Parquet file is damaged after row {number:,}.") from error


def _row(number: int, text: str | None) -> Row | Skipped:
    if text is not None and len(text) > MAX_LINE:
        return Skipped(number, TOO_LONG, "The text has more than a million characters.")
    return cell(number, text)

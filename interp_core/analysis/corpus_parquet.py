"""Rows of a Parquet file: one column of texts, a thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from interp_core.analysis.corpus_rows import Row, Skipped
from interp_core.analysis.corpus_tables import cell
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

ROWS = 1024


def open_parquet(file: BinaryIO) -> ParquetFile:
    """The file. Raises `BadInput`."""
    from pyarrow import ArrowException, parquet

    try:
        return parquet.ParquetFile(file)
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

    number = 0
    try:
        for batch in open_parquet(file).iter_batches(ROWS, columns=[column], use_threads=False):
            for value in batch.column(0).to_pylist():
                number += 1
                yield cell(number, value)
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The Parquet file is damaged after row {number:,}.") from error

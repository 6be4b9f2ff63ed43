"""Parquet: tables, texts by row, and vectors (a column of lists, or one for each dimension).

A few bytes may stand for gigabytes: a value that comes again and again is written once, and its
repetitions are counted. What a file unpacks to is checked before it is unpacked.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.files import rows
from interp_core.files.json_shapes import CHATS
from interp_core.files.limits import check_columns, check_table_size, most_bytes
from interp_core.files.rows import TOO_LONG, Row, Skipped, text_row

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

COLUMN = "vector"
PREFERRED = (COLUMN, "vectors", "embedding", "embeddings", "values")
NUMBERED = re.compile(r"(.*?)(\d+)")
BROKEN = "The file cannot be read as Parquet: it is damaged or has another format. Export it again."
WIDEST = 8  # bytes of a number
CHAT_CURE = (
    " Conversations are read from JSON Lines: "
    '`frame.to_json("chats.jsonl", orient="records", lines=True)`.'
)
ROWS = 1024  # that are read at a time


def read_parquet(data: bytes, limit: int) -> tuple[np.ndarray, pd.DataFrame, list[str]]:
    """(n, dim), the frame of the other columns, and what was assumed.

    What the file would unpack to is checked before it is read. Raises `BadInput`.
    """
    table = open_parquet(data, limit)
    name = _list_column(table)
    if name is not None:
        return _from_lists(table[name], limit), _rest(table.drop_columns([name])), []
    names = _numbered_columns(table)
    check_table_size(table.num_rows, len(names), limit)
    columns = [table[each] for each in names]
    if any(column.null_count for column in columns):
        raise BadInput("Some numbers are missing. Remove or repair these rows.")
    values = np.stack([column.to_numpy() for column in columns], axis=1)
    others = [each for each in table.column_names if each not in names]
    notes = [f"the numbers of the columns {names[0]} to {names[-1]} were read"] if others else []
    return values, _rest(table.drop_columns(names)), notes


def open_parquet(data: bytes, limit: int, what: str = "vectors") -> Any:
    """The table of a Parquet file, when its rows (`what`) and its unpacked size are within bounds.

    Columns that are neither texts, numbers nor lists of numbers are left out.
    """
    from pyarrow import ArrowException, parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        _check_rows(file, limit, what)
        check_claims(file.metadata, len(data))
        fields = [field for field in file.schema_arrow if _is_told(field.type)]
        texts = texts_of(fields)
        check_columns(len(texts))
        # Texts stay the list of different ones that the file holds until their sum is known.
        file = parquet.ParquetFile(io.BytesIO(data), read_dictionary=texts)
        table = file.read([field.name for field in fields], use_threads=False)
        check_texts(table, len(data))
        return _with_texts(table, {*texts})
    except (ArrowException, OSError) as error:
        raise BadInput(BROKEN) from error


def _check_rows(file: Any, limit: int, what: str) -> None:
    names = [field.name for field in file.schema_arrow]
    if not file.metadata.num_rows and names:
        shown = ", ".join(names[:6])
        raise BadInput(f"The Parquet file has columns ({shown}) and no rows.")
    check_table_size(file.metadata.num_rows, max(file.metadata.num_columns, 1), limit, what)


def plain_frame(table: Any) -> pd.DataFrame:
    """The columns of texts and numbers; categories as what they stand for. Raises `BadInput`."""
    from pyarrow import types

    kept = [field.name for field in table.schema if not types.is_nested(field.type)]
    if not kept:
        raise BadInput("The Parquet file has no columns of texts or numbers.")
    check_columns(len(kept))
    frame = table.select(kept).to_pandas(ignore_metadata=True)
    return frame.apply(_plain)


def _plain(column: pd.Series) -> pd.Series:
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    return column.astype(column.cat.categories.dtype)


def _is_told(kind: Any) -> bool:
    from pyarrow import types

    packed = types.is_binary(kind) or types.is_large_binary(kind)
    packed = packed or types.is_fixed_size_binary(kind) or types.is_binary_view(kind)
    return _holds_numbers(kind) or not (packed or types.is_nested(kind))


def _with_texts(table: Any, names: set[str]) -> Any:
    """The columns that were read as lists of different texts as plain texts again.

    The file's notes for pandas are left behind: they may say anything.
    """
    from pyarrow import schema

    kinds = [
        (field.name, field.type.value_type if field.name in names else field.type)
        for field in table.schema
    ]
    return table.cast(schema(kinds))


def write_parquet(values: np.ndarray, frame: pd.DataFrame) -> bytes:
    """The frame's columns, then `vector` as lists of float32 of a fixed size."""
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    flat = pyarrow.array(np.ascontiguousarray(values).ravel())
    lists = pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1])
    if COLUMN in table.column_names:
        table = table.drop_columns([COLUMN])
    target = io.BytesIO()
    parquet.write_table(table.append_column(COLUMN, lists), target)
    return target.getvalue()


def _list_column(table: Any) -> str | None:
    found = [field.name for field in table.schema if _holds_numbers(field.type)]
    named = [name for name in PREFERRED if name in found]
    if named or len(found) < 2:
        return (named or found or [None])[0]
    raise BadInput(f"Several columns hold lists of numbers ({', '.join(found)}). Keep one.")


def _holds_numbers(kind: Any) -> bool:
    """Whether it is a list of numbers."""
    from pyarrow import types

    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return lists and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type))


def _from_lists(column: Any, limit: int) -> np.ndarray:
    from pyarrow import compute

    joined = column.combine_chunks()
    joined = joined if hasattr(joined, "flatten") else joined.chunk(0)
    if joined.null_count:
        raise BadInput(f"{joined.null_count:,} rows have no vector. Remove them.")
    sizes = compute.list_value_length(joined).to_numpy(zero_copy_only=False)
    check_table_size(len(sizes), int(sizes[0]) if len(sizes) else 0, limit)
    ragged = np.flatnonzero(sizes != sizes[0])
    if len(ragged):
        raise BadInput(
            f"Row {ragged[0] + 1:,} has {sizes[ragged[0]]} numbers, the first has {sizes[0]}. "
            "Give each vector as many."
        )
    flat = joined.flatten()
    if flat.null_count:
        raise BadInput(f"{flat.null_count:,} numbers are missing. Remove or repair these rows.")
    return flat.to_numpy(zero_copy_only=False).reshape(len(sizes), -1)


def _numbered_columns(table: Any) -> list[str]:
    """Columns such as 0, 1, 2 or dim_0, dim_1: the largest family of numeric ones, in order.

    Families with fractions come before those of whole numbers, which may be years or counts.
    """
    from pyarrow import types

    families: dict[str, list[tuple[int, str]]] = {}
    fractions: dict[str, bool] = {}
    for field in table.schema:
        match = NUMBERED.fullmatch(field.name)
        numeric = types.is_floating(field.type) or types.is_integer(field.type)
        if match and numeric:
            families.setdefault(match[1], []).append((int(match[2]), field.name))
            fractions[match[1]] = fractions.get(match[1], False) or types.is_floating(field.type)
    if not families:
        raise BadInput(
            "The Parquet file has no vectors: it needs a column of lists of numbers, "
            f"such as {COLUMN!r}, or one column for each dimension (dim_0, dim_1, …)."
        )
    best = max(families, key=lambda each: (fractions[each], len(families[each])))
    return [name for _, name in sorted(families[best])]


def _rest(table: Any) -> pd.DataFrame:
    check_columns(table.num_columns)
    if not table.num_columns:
        return pd.DataFrame(index=range(table.num_rows))
    return table.to_pandas()


def text_names(file: BinaryIO) -> list[str]:
    """Names of the columns that hold text. Raises `BadInput` when there is none, or no row."""
    opened = _open(file)
    names = texts_of(list(opened.schema_arrow))
    if not names:
        held = ", ".join(opened.schema_arrow.names[:6])
        cure = CHAT_CURE if set(CHATS) & set(opened.schema_arrow.names) else ""
        raise BadInput(f"No column of the Parquet file holds text. Its columns: {held}.{cure}")
    _check_rows(opened, max(opened.metadata.num_rows, 1), "rows")
    return names


def text_rows(file: BinaryIO, column: str) -> Iterator[Row | Skipped]:
    """Each row of one column, numbered from 1. Raises `BadInput` for a damaged file."""
    from pyarrow import ArrowException

    number, told = 0, 0
    size = file.seek(0, io.SEEK_END)
    try:
        # Repeated texts stay one text in memory, however often they come.
        opened = _open(file, read_dictionary=[column])
        for batch in opened.iter_batches(ROWS, columns=[column], use_threads=False):
            values = batch.column(0)
            known = values.dictionary.to_pylist()
            for place in values.indices.to_pylist():
                number += 1
                text = None if place is None else known[place]
                told += len(text or "")
                _check_sum(told, size)
                yield _row(number, text)
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The Parquet file is damaged after row {number:,}.") from error


def _open(file: BinaryIO, **options: Any) -> ParquetFile:
    from pyarrow import ArrowException, parquet

    try:
        return parquet.ParquetFile(file, **options)
    except (ArrowException, OSError) as error:
        raise BadInput(BROKEN) from error


def _row(number: int, text: str | None) -> Row | Skipped:
    if text is not None and len(text) > rows.MAX_LINE:
        return Skipped(number, TOO_LONG, "The text has more than a million characters.")
    return text_row(number, text)


def check_claims(metadata: Any, size: int) -> None:
    """Refuse a file that says itself that it unpacks to too much. Raises `BadInput`."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    parts = [group.column(place) for group in groups for place in range(group.num_columns)]
    numbers = sum(part.num_values for part in parts if part.physical_type != "BYTE_ARRAY")
    packed = sum(part.total_uncompressed_size for part in parts)
    _check_sum(max(packed, WIDEST * numbers), size)


def check_texts(table: Any, size: int) -> None:
    """Refuse columns of repeated texts that are too long as plain texts. Raises `BadInput`."""
    from pyarrow import types

    columns = [column for column in table.columns if types.is_dictionary(column.type)]
    _check_sum(sum(_plain_bytes(part) for column in columns for part in column.chunks), size)


def _plain_bytes(part: Any) -> int:
    """Bytes of an array of repeated texts, each of them written out."""
    from pyarrow import compute

    kind = part.type.value_type
    if not _is_text(kind):
        return WIDEST * len(part)
    lengths = compute.cast(compute.binary_length(part.dictionary), "int64")
    return compute.sum(compute.take(lengths, part.indices)).as_py() or 0


def _check_sum(unpacked: int, size: int) -> None:
    """Raises `BadInput` for more than a file of this size may unpack to."""
    if unpacked > most_bytes(size):
        raise BadInput(
            f"The Parquet file unpacks to more than {most_bytes(size) / 2**30:.2g} GB. Save a part "
            "of it, or its vectors as NPY."
        )


def texts_of(fields: list) -> list[str]:
    """Names of the fields that hold texts, repeated ones (categories) as well."""
    from pyarrow import types

    def value(kind: Any) -> Any:
        return kind.value_type if types.is_dictionary(kind) else kind

    return [each.name for each in fields if _is_text(value(each.type))]


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)

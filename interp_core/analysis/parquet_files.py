"""Vectors in Parquet: a column of lists, or one column for each dimension."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pandas as pd

from interp_core.analysis.file_bytes import check_columns, check_size
from interp_core.analysis.parquet_sizes import check_claims, check_texts, texts_of
from interp_core.errors import BadInput

COLUMN = "vector"
PREFERRED = (COLUMN, "vectors", "embedding", "embeddings", "values")
NUMBERED = re.compile(r"(.*?)(\d+)")


def read_parquet(data: bytes, limit: int) -> tuple[np.ndarray, pd.DataFrame]:
    """(n, dim) and the frame of the other columns.

    What the file would unpack to is checked before it is read. Raises `BadInput`.
    """
    table = open_parquet(data, limit)
    name = _list_column(table)
    if name is not None:
        return _from_lists(table[name], limit), _rest(table.drop_columns([name]))
    names = _numbered_columns(table)
    check_size(table.num_rows, len(names), limit)
    columns = [table[each] for each in names]
    if any(column.null_count for column in columns):
        raise BadInput("Some numbers are missing. Remove or repair these rows.")
    values = np.stack([column.to_numpy() for column in columns], axis=1)
    return values, _rest(table.drop_columns(names))


def open_parquet(data: bytes, limit: int) -> Any:
    """The table of a Parquet file, when its rows and its unpacked size are within bounds.

    Columns that are neither texts, numbers nor lists of numbers are left out.
    """
    from pyarrow import ArrowException, parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        check_size(file.metadata.num_rows, max(file.metadata.num_columns, 1), limit)
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
        raise BadInput("This is no Parquet file that can be read.") from error


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

    kinds = [(field.name, field.type.value_type if field.name in names else field.type)
             for field in table.schema]  # fmt: skip
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
    check_size(len(sizes), int(sizes[0]) if len(sizes) else 0, limit)
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
    """Columns such as 0, 1, 2 or dim_0, dim_1: the largest family of numeric ones, in order."""
    from pyarrow import types

    families: dict[str, list[tuple[int, str]]] = {}
    for field in table.schema:
        match = NUMBERED.fullmatch(field.name)
        numeric = types.is_floating(field.type) or types.is_integer(field.type)
        if match and numeric:
            families.setdefault(match[1], []).append((int(match[2]), field.name))
    if not families:
        raise BadInput(
            "The Parquet file has no vectors: it needs a column of lists of numbers, "
            f"such as {COLUMN!r}, or one column for each dimension (dim_0, dim_1, …)."
        )
    return [name for _, name in sorted(max(families.values(), key=len))]


def _rest(table: Any) -> pd.DataFrame:
    check_columns(table.num_columns)
    if not table.num_columns:
        return pd.DataFrame(index=range(table.num_rows))
    return table.to_pandas()

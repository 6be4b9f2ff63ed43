"""What a Parquet file unpacks to, before it is unpacked: a few bytes may stand for gigabytes.

A value that comes again and again is written once, and its repetitions are counted.
"""

from __future__ import annotations

from typing import Any

from interp_core.errors import BadInput

EASY = 2**26  # bytes that any file may unpack to
MOST = 2**30
FOLD = 32  # times its own size that a larger file may unpack to; texts seldom shrink by ten
WIDEST = 8  # bytes of a number


def most_bytes(size: int) -> int:
    """What a file of `size` bytes may unpack to."""
    return min(MOST, max(EASY, FOLD * size))


def check_claims(metadata: Any, size: int) -> None:
    """Refuse a file that says itself that it unpacks to too much. Raises `BadInput`."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    parts = [group.column(place) for group in groups for place in range(group.num_columns)]
    numbers = sum(part.num_values for part in parts if part.physical_type != "BYTE_ARRAY")
    packed = sum(part.total_uncompressed_size for part in parts)
    check_sum(max(packed, WIDEST * numbers), size)


def check_texts(table: Any, size: int) -> None:
    """Refuse columns of repeated texts that are too long as plain texts. Raises `BadInput`."""
    from pyarrow import types

    columns = [column for column in table.columns if types.is_dictionary(column.type)]
    check_sum(sum(plain_bytes(part) for column in columns for part in column.chunks), size)


def plain_bytes(part: Any) -> int:
    """Bytes of an array of repeated texts, each of them written out."""
    from pyarrow import compute, types

    kind = part.type.value_type
    if not (types.is_string(kind) or types.is_large_string(kind)):
        return WIDEST * len(part)
    lengths = compute.cast(compute.binary_length(part.dictionary), "int64")
    return compute.sum(compute.take(lengths, part.indices)).as_py() or 0


def check_sum(unpacked: int, size: int) -> None:
    """Raises `BadInput` for more than a file of this size may unpack to."""
    if unpacked > most_bytes(size):
        raise BadInput(
            f"The Parquet file unpacks to more than {most_bytes(size) / 2**30:.2g} GB. Save a part "
            "of it, or its vectors as NPY."
        )


def texts_of(fields: list) -> list[str]:
    """Names of the fields that hold texts."""
    from pyarrow import types

    return [each.name for each in fields
            if types.is_string(each.type) or types.is_large_string(each.type)]  # fmt: skip

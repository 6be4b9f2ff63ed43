"""Vectors as the TSV pair of the TensorFlow Embedding Projector.

`vectors.tsv`: numbers separated by tabs, no header. `metadata.tsv`: one line for each vector; with
one column there is no header, with several the first line names them. The format has no quoting.
Where a field itself holds a tab, a line break or a carriage return, all fields are quoted as in
CSV ("" for ") and a header is written, which this reader recognises because the plain reading
does not fit then.
"""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pandas as pd

from interp_core.analysis.file_bytes import check_columns, check_size
from interp_core.errors import BadInput

MAX_COLUMNS = 4096
MAX_FIELD = 100_000
BREAKS = ("\t", "\n", "\r")
LONE_RETURN = re.compile(r"\r(?!\n)")


def read_numbers(data: bytes, limit: int) -> np.ndarray:
    """(n, dim) float32 of a `vectors.tsv`. Raises `BadInput` with the number of the line."""
    from pyarrow import ArrowInvalid, float32
    from pyarrow import csv as table

    lines = data.rstrip(b"\r\n").count(b"\n") + 1
    first = data.split(b"\n", 1)[0].rstrip(b"\r\n")
    columns = first.count(b"\t") + 1
    _check_first(first, columns)
    check_size(lines, columns, limit)
    names = [str(number) for number in range(columns)]
    try:
        found = table.read_csv(
            io.BytesIO(data),
            read_options=table.ReadOptions(column_names=names, use_threads=False),
            parse_options=table.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=table.ConvertOptions(column_types=dict.fromkeys(names, float32())),
        )
    except ArrowInvalid as error:
        raise BadInput(
            f"The vectors cannot be read as a table of numbers: {_why(error)}"
        ) from error
    empty = [column.null_count for column in found.columns]
    if any(empty):
        raise BadInput(f"{sum(empty):,} numbers are missing or NaN. Remove or repair these rows.")
    return np.stack([column.to_numpy() for column in found.columns], axis=1)


def _check_first(first: bytes, columns: int) -> None:
    try:
        [float(field) for field in first.decode("utf-8").split("\t")]
    except (UnicodeDecodeError, ValueError) as error:
        raise BadInput(
            "The first line of the vectors is not numbers separated by tabs. Remove a header, "
            "and put words into the metadata file."
        ) from error
    if columns > 16 * MAX_COLUMNS:
        raise BadInput(f"{columns:,} numbers in a line are too many. Are the lines separated?")


def _why(error: Exception) -> str:
    text = str(error).replace("CSV parse error: ", "")
    return text[:200].rstrip(".") + "."


def write_numbers(values: np.ndarray) -> bytes:
    """`vectors.tsv`, each number with the digits that bring it back exactly."""
    import pyarrow
    from pyarrow import csv as table

    columns = {str(n): pyarrow.array(values[:, n]) for n in range(values.shape[1])}
    target = io.BytesIO()
    options = table.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    table.write_csv(pyarrow.table(columns), target, options)
    return target.getvalue()


def read_metadata(data: bytes, rows: int) -> pd.DataFrame:
    """The frame of a `metadata.tsv` for so many vectors, all columns text.

    Raises `BadInput` when neither the plain nor the quoted reading gives one line a vector.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("The metadata are not UTF-8 text. Save them as UTF-8.") from error
    plain = [line.split("\t") for line in _lines(text)]
    problem = _misfit(plain, rows)
    if problem or LONE_RETURN.search(text):
        quoted = _quoted(text)
        if not _misfit(quoted, rows):
            plain = quoted
        elif problem:
            raise BadInput(problem)
    check_columns(len(plain[0]))
    if len(plain) == rows + 1:
        return pd.DataFrame(plain[1:], columns=_unique(plain[0]), dtype=object)
    return pd.DataFrame(plain, columns=["text"], dtype=object)


def write_metadata(frame: pd.DataFrame) -> bytes:
    """`metadata.tsv` of a frame; values become text, missing ones the empty text."""
    columns = [["" if pd.isna(v) else str(v) for v in frame[name]] for name in frame]
    rows = [list(map(str, frame.columns)), *map(list, zip(*columns))]
    if any(mark in field for row in rows for field in row for mark in BREAKS):
        target = io.StringIO()
        csv.writer(target, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
            rows
        )
        return target.getvalue().encode("utf-8")
    if list(frame.columns) == ["text"]:
        rows = rows[1:]
    return "".join("\t".join(row) + "\n" for row in rows).encode("utf-8")


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _quoted(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True))
    except csv.Error:
        return []


def _misfit(lines: list[list[str]], rows: int) -> str:
    """Why these lines cannot be the metadata of so many vectors; empty when they can."""
    if len(lines) not in (rows, rows + 1):
        return f"The metadata have {len(lines):,} lines for {rows:,} vectors. Each needs one."
    width = len(lines[0])
    ragged = next((n for n, line in enumerate(lines) if len(line) != width), None)
    if ragged is not None:
        return f"Line {ragged + 1} of the metadata has {len(lines[ragged])} columns, not {width}."
    if width > 1 and len(lines) == rows:
        return "Metadata of several columns need a first line with their names; it is missing."
    return ""


def _unique(names: list[str]) -> list[str]:
    """Column names without repetitions: a, a_2, …"""
    seen: dict[str, int] = {}
    found = []
    for name in (each.strip() or "column" for each in names):
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found

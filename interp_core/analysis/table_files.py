"""Tables of texts that somebody hands over: CSV, TSV, JSON lines, Parquet, or one text a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from interp_core.analysis.file_bytes import MOST_COLUMNS as MOST_COLUMNS
from interp_core.analysis.file_bytes import check_columns, take_bytes
from interp_core.analysis.parquet_files import open_parquet
from interp_core.analysis.vectors import MAX_POINTS
from interp_core.errors import BadInput

ENDINGS = {"ndjson": "jsonl", "json": "jsonl", "pq": "parquet", "tab": "tsv", "text": "txt"}
DELIMITERS = ",;\t|"
LARGEST = 2**63  # whole numbers from here on do not fit a column and stay texts


def read_table(source: Any, *, kind: str | None = None, limit: int = MAX_POINTS) -> pd.DataFrame:
    """The table of a path, of bytes, or of an upload with `read()` and a `name`.

    `kind` ("csv", "tsv", "jsonl", "parquet", "txt") is found from the name and the content
    otherwise. Texts stay texts; columns in which every cell is a number become numbers. A text
    file gives one row a line, in the column `text`, without empty lines.

    Raises `BadInput` for files that are no such table, are empty, or have more than `limit` rows.
    """
    name, data = take_bytes(source)
    frame = READERS[_kind(name, data, kind)](data, limit)
    if not len(frame) or not len(frame.columns):
        raise BadInput("The file holds no rows.")
    if len(frame) > limit:
        raise BadInput(
            f"The file holds more than {limit:,} rows, which is the most that is read. "
            "Save a part or a random sample of it."
        )
    frame.columns = [
        str(each).strip() or f"column {place}" for place, each in enumerate(frame.columns, 1)
    ]
    if frame.columns.duplicated().any():
        twice = frame.columns[frame.columns.duplicated()][0]
        raise BadInput(f"Two columns have the name {twice!r}. Rename one.")
    return frame.reset_index(drop=True)


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of words, those with the longest texts first."""
    words = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    lengths = {name: frame[name].astype(str).str.len().mean() for name in words}
    return sorted(words, key=lambda name: -lengths[name]) or list(frame.columns)


def _kind(name: str, data: bytes, asked: str | None) -> str:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = asked or ("parquet" if data.startswith(b"PAR1") else ENDINGS.get(ending, ending))
    if not kind:
        kind = "jsonl" if data.lstrip()[:1] == b"{" else "csv"
    if kind not in READERS:
        raise BadInput(f"{name!r} is no table known here. Give .csv, .tsv, .jsonl, .parquet, .txt.")
    return kind


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("The file is not UTF-8 text. Save it as UTF-8.") from error
    if "\0" in text:
        raise BadInput("The file is not text: it holds zero bytes.")
    return text


def _separated(delimiter: str | None) -> Callable[[bytes, int], pd.DataFrame]:
    def read(data: bytes, limit: int) -> pd.DataFrame:
        text = _decoded(data)
        by = delimiter or _delimiter(text)
        check_columns(_width(text, by))
        try:
            # Without a header of its own pandas refuses lines longer than the first.
            frame = pd.read_csv(
                io.StringIO(text),
                sep=by,
                header=None,
                dtype=str,
                keep_default_na=False,
                nrows=limit + 2,
            )
        except (ValueError, pd.errors.ParserError) as error:
            raise BadInput(f"The file is no table: {_why(error)}") from error
        names = frame.iloc[0].fillna("").tolist()
        return frame.iloc[1:].set_axis(names, axis=1).fillna("").pipe(_with_numbers)

    return read


def _width(text: str, by: str) -> int:
    """Columns of the first row as pandas finds it: after blank lines, perhaps over several."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=by)
    try:
        return len(next((row for row in rows if len(row) > 1 or "".join(row).strip()), []))
    except csv.Error as error:
        raise BadInput("The file is no table: its first row does not end.") from error


def _delimiter(text: str) -> str:
    """The one that the first line has most often; a comma where it has none."""
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)


def _why(error: Exception) -> str:
    said = str(error).replace("Error tokenizing data. C error: ", "").strip()
    return said[:200].rstrip(".") + "."


def _with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of numbers as numbers, where every cell is one or is empty."""
    columns = [_numeric(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return pd.concat(columns, axis=1)


def _numeric(column: pd.Series) -> pd.Series:
    if (column == "").all():
        return column
    try:
        numbers = pd.to_numeric(column)
    except (ValueError, TypeError, OverflowError):
        return column
    return numbers if pd.api.types.is_numeric_dtype(numbers) else column


def _json_lines(data: bytes, limit: int) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    names: set[str] = set()
    for number, line in enumerate(_decoded(data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"Line {number:,} is not JSON. Give one object a line.") from error
        if not isinstance(row, dict):
            raise BadInput(f"Line {number:,} is JSON, but not an object with named fields.")
        rows.append({_whole(key): _cell(value) for key, value in row.items()})
        names |= rows[-1].keys()
        check_columns(len(names))
        if len(rows) > limit:
            break
    return pd.DataFrame(rows)


def _cell(value: Any) -> Any:
    """Nested values as the JSON they came as, and numbers that no column holds as texts."""
    if isinstance(value, list | dict):
        return _whole(json.dumps(value, ensure_ascii=False))
    if isinstance(value, str):
        return _whole(value)
    large = isinstance(value, int) and not -LARGEST <= value < LARGEST
    return str(value) if large else value


def _whole(text: str) -> str:
    """The text without halves of characters, which JSON can write and nothing else can."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _parquet(data: bytes, limit: int) -> pd.DataFrame:
    from pyarrow import types

    table = open_parquet(data, limit)
    kept = [field.name for field in table.schema if not types.is_nested(field.type)]
    if not kept:
        raise BadInput("The Parquet file has no columns of texts or numbers.")
    check_columns(len(kept))
    frame = table.select(kept).to_pandas(ignore_metadata=True)
    return frame.apply(_plain) if len(frame) else frame


def _plain(column: pd.Series) -> pd.Series:
    """Categories as what they stand for."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    return column.astype(column.cat.categories.dtype)


def _lines(data: bytes, limit: int) -> pd.DataFrame:
    rows = [line.strip() for line in _decoded(data).split("\n") if line.strip()]
    return pd.DataFrame({"text": rows[: limit + 1]})


READERS: dict[str, Callable[[bytes, int], pd.DataFrame]] = {
    "csv": _separated(None),
    "tsv": _separated("\t"),
    "jsonl": _json_lines,
    "parquet": _parquet,
    "txt": _lines,
}

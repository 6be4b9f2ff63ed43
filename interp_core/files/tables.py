"""Tables of texts in files of users: CSV, TSV, JSON, Parquet, or one text a line."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp_core.errors import BadInput
from interp_core.files.columns import EXACT, LOOKED_AT, choose_column, is_prose, labels, to_columns
from interp_core.files.form import CSV, JSONL, PARQUET, TEXT, TSV, FileOptions, Form, find_form
from interp_core.files.json_shapes import Parser
from interp_core.files.limits import (
    MAX_POINTS,
    called,
    check_columns,
    read_bounded,
)
from interp_core.files.parquet import open_parquet, plain_frame
from interp_core.files.rows import Skipped, SkippedRows

EASY_CELLS = 2_000_000  # cells that any table may have
SPARSE = 20  # cells for each value in a file, up to which larger ones are made
HOPELESS = 1_000  # lines that are no JSON at the beginning, after which none is expected
KINDS = (CSV, TSV, JSONL, PARQUET, TEXT)
SAME = {"txt": TEXT, "json": JSONL, "ndjson": JSONL}


@dataclass(frozen=True)
class Table:
    """A table that was read: `frame`, what was assumed about the file (`notes`, sentences), and
    the rows that were left out."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    skipped: SkippedRows | None = None


def read_table(source: Any, **options: Any) -> pd.DataFrame:
    """The frame of `open_table`; what was assumed stands in `frame.attrs["notes"]`."""
    found = open_table(source, **options)
    found.frame.attrs["notes"] = list(found.notes)
    return found.frame


def open_table(
    source: Any,
    *,
    kind: str | None = None,
    limit: int = MAX_POINTS,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    quotes: bool | None = None,
    numbers: Sequence[str] = (),
) -> Table:
    """The table of a path, of bytes, or of an upload with `read()` and a `name`.

    `kind` ("csv", "tsv", "jsonl", "parquet", "text") is found from the name and the content
    otherwise, and so are `encoding`, `delimiter`, `header` (whether the first row names the
    columns) and `quotes` (False: they belong to the text). Empty cells are missing. A column in
    which every cell is written as a number becomes numbers; those that may be identifiers (007,
    1e5, 19 digits) stay text unless they are in `numbers`. A text file gives one row a line, in
    the column `text`, without empty lines.

    Raises `BadInput` for files that are no such table, are empty, or have more than `limit` rows.
    """
    name, data = read_bounded(source)
    kind = SAME.get(kind, kind)
    if kind is not None and kind not in KINDS:
        raise BadInput(f"Unknown table format {kind!r}. Choose one of: {', '.join(KINDS)}.")
    asked = FileOptions(encoding, delimiter, header, quotes)
    other = "" if "." in name else CSV
    form = find_form(name, lambda: io.BytesIO(data), asked, kind=kind, other=other)
    if form.kind == PARQUET:
        return Table(_named(plain_frame(open_parquet(data, limit, "rows"))))
    skipped = SkippedRows()
    reader = _objects if form.kind == JSONL else _cells
    frame, notes = reader(form, data, limit, skipped, numbers)
    if not len(frame):
        raise BadInput(f"{called(name)} holds no rows of a table. {skipped.note()}".strip())
    notes = [*form.notes, *notes, *filter(None, [skipped.note()])]
    return Table(frame, tuple(notes), skipped)


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of words, those with the longest texts first."""
    words = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    lengths = {name: frame[name].astype(str).str.len().mean() for name in words}
    return sorted(words, key=lambda name: -lengths[name]) or list(frame.columns)


def _cells(
    form: Form, data: bytes, limit: int, skipped: SkippedRows, numbers: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of a separated file."""
    rows: list[list[str]] = []
    for _, row in form.rows(io.BytesIO(data)):
        if isinstance(row, Skipped):
            skipped.add(row)
        else:
            rows.append(row)
            _check_rows(len(rows), limit)
    delimiter = form.dialect.delimiter
    columns, notes = to_columns(form.names, rows, delimiter=delimiter, numbers=numbers)
    return pd.DataFrame(columns), notes


def _objects(
    form: Form, data: bytes, limit: int, skipped: SkippedRows, numbers: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of JSON."""
    rows: list[dict[str, Any]] = []
    names: set[str] = set()
    filled, parse = 0, Parser()
    for _, row in form.rows(io.BytesIO(data), parse):
        if isinstance(row, Skipped):
            skipped.add(row)
            if not rows and skipped.total > HOPELESS:
                break
            continue
        rows.append({_whole(str(key)): _cell(value) for key, value in row.items()})
        names |= rows[-1].keys()
        check_columns(len(names))
        _check_rows(len(rows), limit)
        filled += len(rows[-1])
        _check_filled(len(rows) * len(names), filled)
    long = {name for row in rows for name, value in row.items() if _is_long(value)}
    for row in rows:
        row.update({n: str(row[n]) for n in long & row.keys() if _is_int(row[n])})
    more = _labels(rows, names)
    frame = _named(pd.DataFrame(rows))
    notes = [
        f"“{name}” was kept as text: its numbers are too long to be exact."
        for name in frame
        if name in long
    ]
    for name in set(numbers) & set(frame):
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    return frame, [*notes, *more, *filter(None, [parse.note()])]


def _labels(rows: list[dict[str, Any]], names: set[str]) -> list[str]:
    """Labels stripped and NaN, None and the like missing, as in separated files; what was done."""
    texts, notes = choose_column(rows[:LOOKED_AT]), []
    for name in sorted(names - {texts}):
        held = [row for row in rows if isinstance(row.get(name), str)]
        cells = [row[name] for row in held]
        if not is_prose(cells):
            kept, more = labels(name, cells)
            notes += more
            for row, value in zip(held, kept):
                row[name] = value
    return notes


def _check_rows(count: int, limit: int) -> None:
    if count > limit:
        raise BadInput(
            f"The file holds more than {limit:,} rows, which is the most that is read. "
            "Save a part or a random sample of it."
        )


def _check_filled(cells: int, filled: int) -> None:
    if cells > EASY_CELLS and cells > SPARSE * filled:
        raise BadInput(
            "The rows have different keys: as a table nearly all of its cells would be empty. "
            "Keep the keys that most rows have."
        )


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """With names that are texts, none empty."""
    names = [str(each).strip() for each in frame.columns]
    frame.columns = [each or f"column {place}" for place, each in enumerate(names, 1)]
    if frame.columns.duplicated().any():
        twice = frame.columns[frame.columns.duplicated()][0]
        raise BadInput(f"Two columns have the name {twice!r}. Rename one.")
    return frame.reset_index(drop=True)


def _cell(value: Any) -> Any:
    """Nested values as the JSON they came as."""
    if isinstance(value, list | dict):
        return _whole(json.dumps(value, ensure_ascii=False))
    return _whole(value) if isinstance(value, str) else value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_long(value: Any) -> bool:
    return _is_int(value) and abs(value) >= EXACT


def _whole(text: str) -> str:
    """The text without halves of characters, which JSON can write and nothing else can."""
    return text.encode("utf-8", "replace").decode("utf-8")

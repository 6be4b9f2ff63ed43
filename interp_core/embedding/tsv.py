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

from interp_core.errors import BadInput
from interp_core.files.encoding import find_encoding
from interp_core.files.form import unique_names
from interp_core.files.limits import check_columns, check_table_size

MAX_COLUMNS = 4096
BREAKS = ("\t", "\n", "\r")
LONE_RETURN = re.compile(r"\r(?!\n)")
DELIMITERS = {"tsv": "\t ", "csv": ";\t,"}  # those looked for, first those of decimal commas
USUAL = {"tsv": "\t", "csv": ","}
NAMES = {"\t": "tabs", " ": "spaces", ",": "commas", ";": "semicolons"}
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
FEWEST = 3  # numbers 0, 1, 2, … in the first line from which they are a header


def read_numbers(
    data: bytes, limit: int, kind: str = "tsv", encoding: str | None = None
) -> tuple[np.ndarray, list[str]]:
    """(n, dim) float32 of a `vectors.tsv`, and what was assumed about it.

    Raises `BadInput` with the number of the line.
    """
    from pyarrow import ArrowInvalid, float32
    from pyarrow import csv as table

    text, notes = _plain_text(data, encoding)
    first = text.split("\n", 1)[0]
    delimiter = next((each for each in DELIMITERS[kind] if each in first), USUAL[kind])
    decimal = "," if delimiter != "," and _has_decimal_commas(first, delimiter) else "."
    text, more = _without_edges(text, delimiter)
    names = _check_first(text.split("\n", 1)[0], delimiter, decimal)
    check_table_size(text.rstrip("\n").count("\n") + 1, len(names), limit)
    try:
        found = table.read_csv(
            io.BytesIO(text.encode("utf-8")),
            read_options=table.ReadOptions(column_names=names, use_threads=False),
            parse_options=table.ParseOptions(delimiter=delimiter, quote_char=False),
            convert_options=table.ConvertOptions(
                column_types=dict.fromkeys(names, float32()), decimal_point=decimal
            ),
        )
    except ArrowInvalid as error:
        raise BadInput(
            f"The vectors cannot be read as a table of numbers: {_why(error)}"
        ) from error
    empty = [column.null_count for column in found.columns]
    if any(empty):
        raise BadInput(f"{sum(empty):,} numbers are missing or NaN. Remove or repair these rows.")
    values = np.stack([column.to_numpy() for column in found.columns], axis=1)
    if delimiter != USUAL[kind]:
        more.append(f"the numbers are separated by {NAMES[delimiter]}")
    if decimal == ",":
        more.append("the numbers have decimal commas")
    return values, notes + more + _about_identifiers(values)


def _plain_text(data: bytes, requested: str | None) -> tuple[str, list[str]]:
    """The text with line feeds at the ends of its lines."""
    encoding = find_encoding("", io.BytesIO(data), requested)
    try:
        text = data.decode(encoding.name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The file is not {encoding.name.upper()} text. Save it as UTF-8."
        ) from error
    text = text.replace("\r\n", "\n")
    text = text if "\n" in text else text.replace("\r", "\n")
    return text, [encoding.note.rstrip(".")] if encoding.note else []


def _has_decimal_commas(first: str, delimiter: str) -> bool:
    fields = [each for each in first.split(delimiter) if each]
    return len(fields) > 1 and all(map(DECIMAL_COMMA.fullmatch, fields))


def _without_edges(text: str, delimiter: str) -> tuple[str, list[str]]:
    """Without what stands around the numbers: delimiters at the ends of lines, numbered columns."""
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    notes = []
    if filled and all(line.endswith(delimiter) for line in filled):
        filled = [line[: -len(delimiter)] for line in filled]
        text, notes = "\n".join(filled), ["a delimiter at the end of every line is not a number"]
    first, second = [*filled[:2], "", ""][:2]
    fields = first.split(delimiter)
    index = not fields[0].strip()
    numbers = [str(each) for each in range(len(fields) - index)]
    if len(numbers) < FEWEST or fields[index:] != numbers or "." not in second.replace(",", "."):
        return text, notes
    rest = filled[1:]
    if index:
        rest = [line.split(delimiter, 1)[-1] for line in rest]
    more = " and the first column with the numbers of the rows" if index else ""
    return "\n".join(rest), [
        *notes,
        f"the first line with the numbers of the columns{more} is not a vector",
    ]


def _check_first(first: str, delimiter: str, decimal: str) -> list[str]:
    """Names for the columns of numbers. Raises `BadInput` where the first line holds others."""
    fields = first.split(delimiter)
    try:
        [float(field.replace(decimal, ".")) for field in fields]
    except ValueError as error:
        raise BadInput(
            "The first line of the vectors is not numbers separated by tabs. Remove a header, "
            "and put words into the metadata file."
        ) from error
    if len(fields) > 16 * MAX_COLUMNS:
        raise BadInput(f"{len(fields):,} numbers in a line are too many. Are the lines separated?")
    return [str(number) for number in range(len(fields))]


def _about_identifiers(values: np.ndarray) -> list[str]:
    """A first column of whole numbers among fractions may be meant as names."""
    first, rest = values[:, 0], values[:, 1:]
    whole = len(first) > 2 and np.array_equal(first, np.round(first)) and np.abs(first).max() > 1
    if not whole or len(np.unique(first)) < len(first) or not rest.size:
        return []
    if np.array_equal(rest, np.round(rest)):
        return []
    return [
        "the first column holds whole numbers, all different: if they are identifiers, move "
        "them into the metadata file"
    ]


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


def read_metadata(
    data: bytes, rows: int, encoding: str | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """The frame of a `metadata.tsv` for so many vectors, all columns text; and what was assumed.

    As the Embedding Projector has it: one column has no header, several have one. Empty lines at
    the end are no rows where there is one more than vectors; empty lines inside are labels.
    Raises `BadInput` when neither the plain nor the quoted reading gives one line a vector.
    """
    found = find_encoding("The metadata file", io.BytesIO(data), encoding)
    try:
        text = data.decode(found.name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BadInput("The metadata are not UTF-8 text. Save them as UTF-8.") from error
    notes = [found.note.rstrip(".")] if found.note else []
    plain = _fitted([line.split("\t") for line in _lines(text)], rows)
    problem = _misfit(plain, rows)
    if problem or LONE_RETURN.search(text):
        quoted = _fitted(_quoted(text), rows)
        if not _misfit(quoted, rows, titled=text.startswith('"')):
            plain = quoted
        elif problem:
            raise BadInput(problem)
    check_columns(len(plain[0]))
    if len(plain) == rows + 1:
        names, more = unique_names([name.strip() or "column" for name in plain[0]])
        notes += [each.rstrip(".") for each in more]
        return pd.DataFrame(plain[1:], columns=list(names), dtype=object), notes
    return pd.DataFrame(plain, columns=["text"], dtype=object), notes


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
    if len(rows[0]) == 1:  # the projector reads no header above a single column
        rows = rows[1:]
    return "".join("\t".join(row) + "\n" for row in rows).encode("utf-8")


def _lines(text: str) -> list[str]:
    text = text.replace("\r\n", "\n")
    text = text if "\n" in text else text.replace("\r", "\n")
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _fitted(lines: list[list[str]], rows: int) -> list[list[str]]:
    """Without empty lines at the end that are more than there are vectors."""
    most = rows + (len(lines) > 0 and len(lines[0]) > 1)
    while len(lines) > most and not any(map(str.strip, lines[-1])):
        lines = lines[:-1]
    return lines


def _quoted(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True))
    except csv.Error:
        return []


def _misfit(lines: list[list[str]], rows: int, *, titled: bool = False) -> str:
    """Why these lines cannot be the metadata of so many vectors; empty when they can.

    `titled`: a header stands above a single column as well, as above quoted ones.
    """
    if not lines:
        return f"The metadata have no lines for {rows:,} vectors. Each needs one."
    width = len(lines[0])
    if width == 1 and len(lines) != rows + titled:
        return _misfit_one(lines, rows)
    ragged = next((n for n, line in enumerate(lines) if len(line) != width), None)
    if ragged is not None:
        return f"Line {ragged + 1} of the metadata has {len(lines[ragged])} columns, not {width}."
    if width > 1 and len(lines) != rows + 1:
        shown = ", ".join(lines[0])[:60]
        return (
            f"The metadata have {len(lines):,} lines of several columns for {rows:,} vectors: a "
            f"first line with their names, which is missing or “{shown}”, and one line a vector."
        )
    return ""


def _misfit_one(lines: list[list[str]], rows: int) -> str:
    said = f"The metadata have {len(lines):,} lines for {rows:,} vectors. Each needs one"
    first = lines[0][0]
    if len(lines) == rows + 1:
        if "," in first or ";" in first:
            return f"{said}. Line 1 (“{first[:60]}”) holds no tabs: separate the columns by tabs."
        return (
            f"{said}: a single column has no header. If line 1 (“{first[:60]}”) is one, remove it."
        )
    if len(lines) < rows:
        return f"{said}; the last is line {len(lines):,} (“{lines[-1][0][:60]}”)."
    return f"{said}; line {rows + 1:,} (“{lines[rows][0][:60]}”) has no vector."

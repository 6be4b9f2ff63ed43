"""How a file is to be read, found once at its beginning, for tables and corpora alike."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from interp_core.errors import BadInput
from interp_core.files import dialect, json_shapes
from interp_core.files.encoding import find_encoding
from interp_core.files.header import Head, find_head, names_known
from interp_core.files.json_shapes import MAX_JSON, Parser
from interp_core.files.limits import START, called, check_columns, check_start, without_gz
from interp_core.files.rows import EMPTY, MAX_LINE, MISFIT, Skipped, text_lines
from interp_core.files.separated import Dialect, Line, Record, records

TEXT, CSV, TSV, JSONL, PARQUET = "text", "csv", "tsv", "jsonl", "parquet"
ENDINGS = {
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    ".json": JSONL,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".txt": TEXT,
    ".text": TEXT,
}
SAMPLE_LINES = 1_000
FEW_LINES = 50  # in the first bytes of a file, below which more of it is looked at
SHOWN = 60  # characters of a line in a message
RULE = re.compile(r"[\s:+-]*--[\s:+-]*")  # below the header of a table in Markdown
SIGNS = re.compile(r"[,;|\t]")  # what separates names of columns

Opener = Callable[[], Any]  # opens the file at its beginning, unpacked
Cells = list[str] | dict[str, Any]


@dataclass(frozen=True)
class FileOptions:
    """What a person chose about a file; None where it is to be found.

    `header`: whether the first row names the columns. `quotes`: whether quotes are those of CSV
    (False: they belong to the text).
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    quotes: bool | None = None

    def chosen(self) -> dict[str, Any]:
        """The same as arguments of a call."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Form:
    """How a file is read: `kind` is "text", "csv", "tsv", "jsonl" or "parquet".

    Separated files have a `dialect`, the `names` of their columns, the number of the `first` line
    that is data, and `cut` empty fields at the end of each row. `whole`: one JSON document.
    """

    kind: str
    encoding: str = "utf-8"
    dialect: Dialect | None = None
    names: tuple[str, ...] = ()
    first: int = 1
    cut: int = 0
    whole: bool = False
    notes: tuple[str, ...] = ()

    def rows(self, file: Any, parse: Parser | None = None) -> Iterator[tuple[int, Cells | Skipped]]:
        """Number and cells of each row: a list in the order of `names`, or an object of JSON."""
        if self.kind != JSONL:
            yield from self._separated(file)
        elif self.whole:
            yield from json_shapes.document_rows(file, self.encoding, parse or Parser())[0]
        else:
            yield from json_shapes.line_rows(text_lines(file, self.encoding), parse or Parser())

    def _separated(self, file: Any) -> Iterator[tuple[int, Cells | Skipped]]:
        width = len(self.names)
        lines = text_lines(file, self.encoding)
        later = (line for line in lines if line[0] >= self.first)
        for row in records(later, self.dialect, width + self.cut):
            yield row.number, self._fitted(row, width)

    def _fitted(self, row: Record | Skipped, width: int) -> list[str] | Skipped:
        if isinstance(row, Skipped):
            return row
        fields = row.fields
        if not any(each.strip() for each in fields):
            return Skipped(row.number, EMPTY, "The row is empty.")
        fields = _without(fields, width, self.cut)
        if width > 1 and tuple(each.strip() for each in fields) == self.names:
            return Skipped(row.number, MISFIT, "The row repeats the names of the columns.")
        if width > 1 and RULE.fullmatch("".join(fields)):
            return Skipped(row.number, MISFIT, "The row is a ruled line.")
        if len(fields) != width:
            shown = (self.dialect.delimiter or "").join(fields).strip()
            if len(shown) > SHOWN:
                shown = f"{shown[:SHOWN]}…"
            cells = "1 cell" if len(fields) == 1 else f"{len(fields)} cells"
            return Skipped(row.number, MISFIT, f"The row has {cells}, not {width}: “{shown}”.")
        return [fields[0].strip()] if self.kind == TEXT else fields


def find_form(
    name: str, opener: Opener, options: FileOptions, *, kind: str | None = None, other: str = TEXT
) -> Form:
    """The form of a file. `kind` is what a person says it is; `other` is taken for names that tell
    nothing. Raises `BadInput` for empty and binary files, and for other formats, by their name.
    """
    start, is_cut = _start(opener)
    name = without_gz(name)
    if not start:
        raise BadInput(f"{called(name)} is empty.")
    check_start(name, start)
    said, kind = kind, kind or _kind(name, start, other)
    if not kind:
        raise BadInput(
            f"{called(name)} has an unsupported file type. Use .csv, .tsv, .json, .jsonl, "
            ".parquet or .txt, also compressed with gzip."
        )
    if kind == PARQUET:
        return Form(PARQUET)
    with closing(_Open(opener)) as file:
        encoding = find_encoding(name, file, options.encoding)
    form = Form(kind, encoding.name, notes=(encoding.note,) if encoding.note else ())
    if (
        kind != JSONL
        and not said
        and options.delimiter is None
        and json_shapes.is_json(start, encoding.name)
    ):
        kind, form = JSONL, replace(form, kind=JSONL, notes=(*form.notes, "The file is JSON."))
    if kind == JSONL:
        return _json(name, opener, form)
    lines = list(islice(text_lines(io.BytesIO(start), encoding.name), SAMPLE_LINES + 1))
    if len(lines) > 1 and (len(lines) > SAMPLE_LINES or is_cut):
        lines.pop()  # the sample may end within it
    return _separated(name, lines, options, form)


def _start(opener: Opener) -> tuple[bytes, bool]:
    """The first bytes of a file, more of them where its lines are long; and whether it goes on."""
    with closing(_Open(opener)) as file:
        start = _exactly(file, START)
        if len(start) == START and start.count(b"\n") + start.count(b"\r") < FEW_LINES:
            start += _exactly(file, 4 * MAX_LINE)
        return start, bool(file.read(1))


def _exactly(file: Any, size: int) -> bytes:
    """So many bytes, or all there are: a packed file gives fewer at a time."""
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _kind(name: str, start: bytes, other: str) -> str:
    if start.startswith(b"PAR1"):
        return PARQUET
    ending = Path(name).suffix.lower()
    if ending in ENDINGS:
        return ENDINGS[ending]
    begin = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return JSONL if begin.startswith((b'{"', b"[{", b'["')) else other


class _Open:
    """A file that is closed whatever it is."""

    def __init__(self, opener: Opener) -> None:
        self.file = opener()
        self.read = self.file.read

    def close(self) -> None:
        close = getattr(self.file, "close", None)
        if close is not None:
            close()


# ----------------------------------------------------------------------------- separated fields


def _separated(name: str, lines: list[Line], options: FileOptions, form: Form) -> Form:
    filled = [line for line in lines if isinstance(line[1], Skipped) or line[1].strip()]
    if not filled:
        raise BadInput(f"{called(name)} holds only blank lines.")
    notes, asked, above = list(form.notes), options.delimiter, 0
    first = filled[0][1]
    named = dialect.named_delimiter(first) if isinstance(first, str) else None
    if named and form.kind != TEXT:
        asked, above = asked or named, filled[0][0]
        notes.append(f"The first line says that {_told(named)} separate the fields.")
        lines = [line for line in lines if line[0] > above]
    if form.kind == TEXT and asked is None and not _is_tabular(filled):
        return _one_text_a_line(options, form, filled)
    prefer = "\t" if form.kind == TSV else ("" if form.kind == CSV else "\t")
    found = dialect.find_dialect(lines, prefer=prefer, asked=asked, quotes=options.quotes)
    if not found.rows:
        raise BadInput(f"{called(name)} has no row that can be read as text.")
    if len(found.rows) == 1 and found.literal:
        raise BadInput(f"{called(name)} cannot be read as a table: its first row does not end.")
    kind = TSV if found.dialect.delimiter == "\t" else CSV
    form = replace(form, kind=kind, dialect=found.dialect)
    notes += _about(found, named, prefer)
    form = replace(form, notes=tuple(notes))
    begin = next((text for number, text in filled if number > above), "")
    blank = isinstance(begin, str) and not begin.replace(found.dialect.delimiter, "").strip(
        ' "\r\n'
    )
    return _with_names(name, found, options, form, above, blank)


def _told(delimiter: str) -> str:
    return dialect.TITLES.get(delimiter, f"the characters {delimiter!r}")


def _is_tabular(filled: list[Line]) -> bool:
    """Whether a text file is a table: a spreadsheet's "Text (Tab)", or one that R wrote."""
    counts = {0 if isinstance(text, Skipped) else text.count("\t") for _, text in filled}
    tabs = len(filled) > 1 and len(counts) == 1 and counts != {0}
    return tabs or _is_named_table(filled) or dialect.quoted_spaces(filled) is not None


def _is_named_table(filled: list[Line]) -> bool:
    """Whether the first line holds two usual names of columns, and all rows have its fields."""
    first = filled[0][1]
    if isinstance(first, Skipped) or sum(names_known([each]) for each in SIGNS.split(first)) < 2:
        return False
    found = dialect.find_dialect(filled, prefer="\t")
    return found.width > 1 and found.share == 1 and len(found.rows) > 1 and not found.begin


def _one_text_a_line(options: FileOptions, form: Form, filled: list[Line]) -> Form:
    begin = filled[0][0] + 1 if options.header else 1
    return replace(form, dialect=Dialect("", ""), names=("text",), first=begin)


def _about(found: dialect.Reading, named: str | None, prefer: str) -> list[str]:
    """What was assumed about delimiter and quotes."""
    notes, used = [], found.dialect
    usual = prefer or ","
    if used.delimiter not in ("", usual) and not named:
        notes.append(f"The fields are separated by {_told(used.delimiter)}.")
    if used.spaced:
        notes.append("The space after each delimiter is not part of the field.")
    if used.escaped:
        notes.append("A backslash before a quote is not part of the text.")
    if used.quote == "'":
        notes.append("Fields are quoted with single quotes.")
    if used.delimiter == "\t" and any('"' in each for row in found.rows for each in row.fields):
        notes.append("Quotes are read as in CSV." if used.quote else "Quotes belong to the text.")
    elif used.delimiter == "\t" and used.quote:
        notes.append("Quotes are read as in CSV.")
    elif found.literal:
        notes.append(
            f"In {found.literal:,} of the first rows quotes do not follow the rules of CSV: "
            "they were kept as part of the text."
        )
    return notes


def _with_names(
    name: str,
    found: dialect.Reading,
    options: FileOptions,
    form: Form,
    above: int,
    blank: bool,
) -> Form:
    """The form with the columns' names and the first line of data, behind the lines `above`.

    `blank`: the first line has delimiters and nothing else.
    """
    width, cut = _trimmed(found)
    rows = [row._replace(fields=_without(row.fields, width, cut)) for row in found.rows]
    head = find_head(rows, width, options.header)
    if blank and head.begin == 1 and options.header is None and not head.sure:
        head = Head(0, None)  # the line of delimiters alone would be the header
    if head.names is None:
        names = [""] * width
        check_columns(width)
    else:
        names = list(head.names)
        while len(names) > max(width, 1) and not names[-1]:
            names.pop()
        check_columns(len(names))
        if len(names) == width - 1:  # as R writes row names
            names.insert(0, "")
            form = replace(form, notes=(*form.notes, "The first column has no name."))
        names += [""] * (width - len(names))
    if head.names is not None and head.begin >= len(found.rows):
        shown = ", ".join(each for each in names[:6] if each)
        raise BadInput(
            f"{called(name)} has a header ({shown}) and no rows. If the first line is a row, "
            "say that the file has no header."
        )
    first = found.rows[head.begin - 1].end + 1 if head.begin else above + 1
    unique, notes = unique_names(names, headless=head.names is None)
    notes = [*_about_head(head, unique), *notes]
    return replace(form, names=unique, first=first, cut=cut, notes=(*form.notes, *notes))


def _trimmed(found: dialect.Reading) -> tuple[int, int]:
    """Fields in a row, and how many at the end are empty everywhere: a trailing delimiter."""
    width, cut = found.width, 0
    rows = [row.fields for row in found.rows if len(row.fields) == width]
    while width > 1 and rows and not any(row[width - 1].strip() for row in rows):
        width, cut = width - 1, cut + 1
    return width, cut


def _without(fields: list[str], width: int, cut: int) -> list[str]:
    """The fields without the empty ones that a trailing delimiter makes."""
    while width < len(fields) <= width + cut and not fields[-1].strip():
        fields = fields[:-1]
    return fields


def _about_head(head: Head, names: tuple[str, ...]) -> list[str]:
    notes = []
    if head.above:
        shown = head.above[0] if len(head.above[0]) <= SHOWN else f"{head.above[0][:SHOWN]}…"
        more = f" and {len(head.above) - 1} more" if len(head.above) > 1 else ""
        notes.append(f"A line above the table was skipped: “{shown}”{more}.")
    if head.names is None:
        notes.append("The first line was read as a row: the file seems to have no header.")
    elif not head.sure:
        notes.append(f"The first line was taken as the header ({', '.join(names[:4])}).")
    return notes


def unique_names(names: list[str], *, headless: bool = False) -> tuple[tuple[str, ...], list[str]]:
    """Names without repetitions (a, a_2, …) and none empty, and what was changed."""
    if headless and len(names) == 1:
        return ("text",), []
    found: list[str] = []
    notes = []
    for place, given in enumerate(names, 1):
        name = given.strip() or f"column {place}"
        base, number = name, 2
        while name in found:
            name, number = f"{base}_{number}", number + 1
        if name != base:
            notes.append(f"Two columns have the name “{base}”: the second is called “{name}”.")
        elif given.strip() and name.casefold() in (each.casefold() for each in found):
            notes.append(
                f"Two columns have the name “{name}” in different capitals; both are kept."
            )
        found.append(name)
    return tuple(found), notes


# ------------------------------------------------------------------------------------------- JSON


def _json(name: str, opener: Opener, form: Form) -> Form:
    """Whether the file is JSON Lines or one document, and what is assumed about it."""
    parse = Parser()
    with closing(_Open(opener)) as file:
        lines = (line for _, line in text_lines(file, form.encoding))
        filled = (each for each in lines if isinstance(each, Skipped) or each.strip())
        first = list(islice(filled, 2))
    if not first:
        raise BadInput(f"{called(name)} holds only blank lines.")
    if json_shapes.is_lines(first, parse):
        note = json_shapes.chat_note(first, parse)
        return replace(form, notes=(*form.notes, *filter(None, [note])))
    with closing(_Open(opener)) as file:
        rows, note = json_shapes.document_rows(file, form.encoding, parse)
    if rows is None:
        raise BadInput(
            f"{called(name)} is one JSON document of more than {MAX_JSON // 2**20} MB. Save "
            "it as JSON Lines: one object per line."
        )
    if not rows:
        return form
    notes = [each for each in (note,) if each]
    return replace(form, whole=True, notes=(*form.notes, *notes))

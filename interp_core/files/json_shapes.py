"""JSON files: one document or JSON Lines, and the rows in them.

Rows are values one a line, a list, or one of the forms in which pandas writes a table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from interp_core.files.columns import PREFERRED
from interp_core.files.limits import check_columns
from interp_core.files.rows import EMPTY, NOT_TEXT, Skipped
from interp_core.files.separated import Line

MAX_JSON = 2**26  # bytes of a document that is one JSON value; JSON Lines have no such bound
FAULTS = (ValueError, RecursionError)
LISTS = ("data", "rows", "records", "examples", "items", "instances", "documents")
SPLITS = ("train", "training", "validation", "valid", "val", "dev", "eval", "test")
CHATS = ("messages", "conversations", "conversation")
CHAT = "Each conversation was read as one text: a line for each turn, with its role before it."
DEEP = 3  # objects within objects in which a list of rows is looked for
TEXT = "text"  # the column of plain strings

Cells = dict[str, Any]
Numbered = tuple[int, "Cells | Skipped"]


class Parser:
    """Reads JSON in which the first of two equal keys counts; `repeated` objects had some."""

    def __init__(self) -> None:
        self.repeated = 0

    def __call__(self, text: str) -> Any:
        """The value. Raises one of `FAULTS`."""
        return json.loads(text, object_pairs_hook=self._object)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self.repeated += 1
            found = dict(reversed(pairs))
        return found

    def note(self) -> str:
        """What was assumed; empty when nothing was."""
        if not self.repeated:
            return ""
        return f"In {self.repeated:,} objects a key occurs twice; the first value was used."


def line_rows(lines: Iterator[Line], parse: Parser) -> Iterator[Numbered]:
    """Line number and object of each line; a plain string is the cell `text`."""
    for number, line in lines:
        yield number, line if isinstance(line, Skipped) else _line(number, line, parse)


def _line(number: int, line: str, parse: Parser) -> Cells | Skipped:
    text = line.strip()
    if not text:
        return Skipped(number, EMPTY, "The line is empty.")
    try:
        found = parse(text.removesuffix(","))
    except FAULTS:
        return Skipped(number, NOT_TEXT, f"The line is not valid JSON: “{text[:40]}”.")
    return _cells(number, found)


def _cells(number: int, found: Any) -> Cells | Skipped:
    if isinstance(found, str):
        return {TEXT: found}
    if found == {}:
        return Skipped(number, EMPTY, "The object is empty.")
    if isinstance(found, dict):
        inner = next(iter(found.values()), None)
        # One object in each, as parallel corpora ("translation") and viewers ("row") have them.
        if len(found) == 1 and isinstance(inner, dict) and inner:
            return inner
        if _has_text(found):
            return found
        return _as_text(found) if is_chat(found) else _lifted(found)
    return Skipped(number, NOT_TEXT, "It is neither an object with named fields nor a string.")


def is_chat(found: Any) -> bool:
    """Whether an object is a conversation without another text: `messages` with role and content,
    or `conversations` with from and value."""
    return isinstance(found, dict) and not _has_text(found) and bool(_turns(found)[1])


def _turns(found: Cells) -> tuple[str, list[str]]:
    """The name of the list of turns, and each turn as a line; no turns where there is no list."""
    for name in CHATS:
        turns = found.get(name)
        if isinstance(turns, list) and turns and all(isinstance(each, dict) for each in turns):
            told = [_turn(each) for each in turns]
            if all(each is not None for each in told):
                return name, told
    return "", []


def _turn(turn: Cells) -> str | None:
    role, said = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    if isinstance(said, list):  # parts, of which those of text are read
        parts = [each.get("text") for each in said if isinstance(each, dict)]
        said = "\n".join(each for each in parts if isinstance(each, str))
    if not isinstance(role, str) or not (said is None or isinstance(said, str)):
        return None
    return f"{role}: {said or ''}".strip()


def _as_text(found: Cells) -> Cells:
    """A conversation as one text; what else the object holds stays."""
    name, turns = _turns(found)
    rest = {key: each for key, each in found.items() if key != name}
    return {TEXT: "\n".join(turns)} | rest


def _has_text(cells: Cells) -> bool:
    return any(isinstance(cells.get(name), str) for name in PREFERRED)


def _lifted(cells: Cells) -> Cells:
    """With what is inside the object that holds the text, as annotation tools write it ("data")."""
    name = next((n for n, each in cells.items() if isinstance(each, dict) and _has_text(each)), "")
    if not name:
        return cells
    inner = {f"{name}.{key}" if key in cells else key: each for key, each in cells[name].items()}
    return inner | {key: each for key, each in cells.items() if key != name}


def rows_of(document: Any) -> tuple[list[Numbered], str]:
    """The rows of a whole document, numbered from 1, and how it was understood; [] for none."""
    rows, note = _understood(document)
    if any(map(is_chat, rows[:2])):
        note = f"{note} {CHAT}".strip()
    return [(number, _cells(number, row)) for number, row in enumerate(rows, 1)], note


def _understood(document: Any) -> tuple[list[Any], str]:
    if isinstance(document, str):
        return [document], ""
    if isinstance(document, list):
        return _listed(document)
    if not isinstance(document, dict) or not document:
        return [], ""
    for shape in (_split, _inside, _columns, _nested):
        rows, note = shape(document)
        if rows:
            return rows, note
    return [document], "The file is one JSON object: one row."


def _listed(document: list) -> tuple[list[Any], str]:
    """A list of objects, of strings, or of rows (the first may name the columns)."""
    if document and all(isinstance(each, list) for each in document):
        first = document[0]
        named = first and all(isinstance(each, str) for each in first)
        plain = any(not isinstance(each, str) for row in document[1:] for each in row)
        if named and (plain or TEXT in first):
            return [_row(first, row) for row in document[1:]], "The first list names the columns."
        width = max(map(len, document))
        names = [f"column {place}" for place in range(1, width + 1)]
        return [_row(names, row) for row in document], "The lists are rows without names."
    return document, ""


def _row(names: list, row: list) -> Cells | list:
    return dict(zip(map(str, names), row)) if len(row) == len(names) else row


def _split(document: dict) -> tuple[list[Any], str]:
    """pandas' `orient="split"`, and "tight"."""
    names, data = document.get("columns"), document.get("data")
    if not isinstance(names, list) or not isinstance(data, list):
        return [], ""
    if not all(isinstance(row, list) for row in data):
        return [], ""
    check_columns(len(names))
    return [_row(names, row) for row in data], ""


def _inside(document: dict) -> tuple[list[Any], str]:
    """One list of objects in an object; pandas' `orient="table"` has it beside a schema."""
    lists = _lists(document)
    for _ in range(DEEP):
        inner = next(iter(document.values()), None)
        if lists or len(document) != 1 or not isinstance(inner, dict):
            break
        document, lists = inner, _lists(inner)
    name = next((each for each in LISTS if each in lists), None)
    if name is None and len(lists) == 1:
        name = next(iter(lists))
    if name is None:
        return _splits(lists)
    rows = lists[name]
    if all(isinstance(row.get("row"), dict) for row in rows):  # as a viewer of datasets writes
        rows = [row["row"] for row in rows]
    return rows, f"The rows are those of {name!r} in the file."


def _lists(document: dict) -> dict[str, list]:
    """The lists of objects in an object."""
    return {
        name: value
        for name, value in document.items()
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
    }


def _splits(lists: dict[str, list]) -> tuple[list[Any], str]:
    """The parts of a data set, one behind the other, with the part's name."""
    if not lists or not all(str(name).casefold() in SPLITS for name in lists):
        return [], ""
    rows = [{"split": name, **row} for name, part in lists.items() for row in part]
    return rows, f"The rows are those of {', '.join(map(repr, lists))}, told apart by “split”."


def _columns(document: dict) -> tuple[list[Any], str]:
    """A list for each column, all of one length."""
    lengths = {len(value) if isinstance(value, list) else -1 for value in document.values()}
    if len(lengths) != 1 or lengths & {-1, 0}:
        return [], ""
    check_columns(len(document))
    rows = [dict(zip(document, values)) for values in zip(*document.values())]
    return rows, "The file holds a list for each column."


def _nested(document: dict) -> tuple[list[Any], str]:
    """pandas' `orient="columns"` and `orient="index"`: objects in an object."""
    if not all(isinstance(each, dict) and each for each in document.values()):
        return [], ""
    inner = dict.fromkeys(key for each in document.values() for key in each)
    usual = TEXT in inner or "label" in inner or "sentence" in inner
    if (_are_places(document) and not _are_places(inner)) or (usual and not _are_places(inner)):
        return list(document.values()), "The file holds an object for each row."
    check_columns(len(document))
    rows = [{name: column.get(key) for name, column in document.items()} for key in inner]
    return rows, "The file holds an object for each column."


def _are_places(keys: dict) -> bool:
    return all(str(key).isdecimal() for key in keys)


def parsed(text: str, parse: Callable[[str], Any]) -> Any:
    """The value of a whole document; None where it is no JSON."""
    try:
        return parse(text)
    except FAULTS:
        return None


BEGINS = re.compile(r'\{\s*"|\[\s*[{["]')


def is_json(start: bytes, encoding: str) -> bool:
    """Whether the first line, or all that was looked at, is JSON with names or in lists of it."""
    text = start.decode(encoding, "replace").removeprefix("\ufeff").strip()
    if not BEGINS.match(text):
        return False
    parse = Parser()
    line = text.splitlines()[0].strip().removesuffix(",")
    return any(bool(parsed(each, parse)) for each in (line, text))


def is_lines(first: list[str | Skipped], parse: Parser) -> bool:
    """Whether the first two lines that hold something are values of their own."""
    if len(first) < 2 or (isinstance(first[0], str) and first[0].lstrip().startswith("[")):
        return False
    values = [_value(line, parse) for line in first]
    return isinstance(values[0], dict | str) or isinstance(values[1], dict)


def chat_note(first: list[str | Skipped], parse: Parser) -> str:
    """What is assumed of lines that hold conversations; empty for others."""
    return CHAT if any(is_chat(_value(line, parse)) for line in first) else ""


def _value(line: str | Skipped, parse: Parser) -> Any:
    if isinstance(line, Skipped):  # a document in one long line, or a text that is too long
        return None
    return parsed(line.strip().removesuffix(","), parse)


def document_rows(file: Any, encoding: str, parse: Parser) -> tuple[list | None, str]:
    """The rows of one JSON document; [] where it is none, None where it is too large."""
    parts: list[bytes] = []
    while sum(map(len, parts)) <= MAX_JSON and (chunk := file.read(2**20)):
        parts.append(chunk)
    if sum(map(len, parts)) > MAX_JSON:
        return None, ""
    try:
        text = b"".join(parts).decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return [], ""
    document = parsed(text, parse)
    if document is None:
        return [], ""
    return rows_of(document)

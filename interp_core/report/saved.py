"""A session as a file: the views that were looked at, and the report. Files come from anybody.

The format is JSON with a version. A reader takes known fields of known types and sizes only, so a
file can bring text, numbers and images, and nothing that runs by itself.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from interp_core.errors import BadInput
from interp_core.report import numbers
from interp_core.report.record import PNG, SVG, Figure, Report

FORMAT, VERSION = "clearhead-session", 1
MOST_FIGURES = 100
MOST_LETTERS = 100_000  # of one text in the file
MOST_VIEWS, MOST_PARAMETERS = 50, 100
_TEXTS = ("title", "alt", "script", "page", "link", "text", "made", "note")
_TABLES = ("options", "models", "versions")


@dataclass(frozen=True)
class Session:
    """The report, and for each page's file name the query string of the view last seen there."""

    report: Report = field(default_factory=Report)
    views: dict[str, str] = field(default_factory=dict)


def save(session: Session) -> bytes:
    """The file: JSON in UTF-8."""
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            # A view of a very long text would make a file that `load` refuses.
            "views": {p: query for p, query in session.views.items() if len(query) <= MOST_LETTERS},
            "title": session.report.title,
            "figures": [_written(figure) for figure in session.report.figures],
        },
        ensure_ascii=False,
    ).encode()


def load(content: bytes) -> Session:
    """The session of a file. Raises `BadInput` with the reason when it is not one of ours."""
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _wrong("it is not JSON") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise _wrong("its format has another name")
    if data.get("version") != VERSION:
        raise _wrong(f"its version is not {VERSION}; open it with the Clearhead that saved it")
    figures = data.get("figures")
    if not isinstance(figures, list) or len(figures) > MOST_FIGURES:
        raise _wrong(f"a report has at most {MOST_FIGURES} charts")
    read = tuple(_read(figure) for figure in figures)
    return Session(Report(_text(data, "title"), read), _views(data.get("views")))


def _written(figure: Figure) -> dict[str, Any]:
    rest = {name: getattr(figure, name) for name in (*_TEXTS, *_TABLES, "kind", "rows")}
    return {
        **rest,
        "picture": base64.b64encode(figure.picture).decode("ascii"),
        "numbers": numbers.written(figure.numbers),
    }


def _read(data: Any) -> Figure:
    if not isinstance(data, dict):
        raise _wrong("a chart in it is not a table of fields")
    kind, rows, table = data.get("kind"), data.get("rows"), data.get("numbers")
    if kind not in (SVG, PNG) or not isinstance(rows, int) or not isinstance(table, str):
        raise _wrong("a chart in it has fields of another type")
    try:
        picture = base64.b64decode(data.get("picture"), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise _wrong("a chart in it is damaged") from None
    frame = numbers.read(table)
    if len(frame) > min(rows, numbers.MOST_ROWS):
        raise _wrong("a table in it has more rows than stated")
    texts = {name: _text(data, name) for name in _TEXTS}
    tables = {name: _table(data, name) for name in _TABLES}
    return Figure(
        **texts,
        **tables,
        picture=picture,
        kind=kind,
        rows=rows,
        numbers=numbers.kept(frame),
        opened=True,
    )


def _text(data: dict, name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise _wrong(f"`{name}` is not a text of at most {MOST_LETTERS:,} letters")
    return value


def _table(data: dict, name: str) -> dict[str, str]:
    value = data.get(name)
    whole = isinstance(value, dict) and len(value) <= MOST_PARAMETERS
    if not whole or not all(isinstance(each, str) for each in value.values()):
        raise _wrong(f"`{name}` is not a table of texts")
    if sum(map(len, (*value, *value.values()))) > MOST_LETTERS:
        raise _wrong(f"`{name}` has more than {MOST_LETTERS:,} letters")
    return dict(value)


def _views(data: Any) -> dict[str, str]:
    if not isinstance(data, dict) or len(data) > MOST_VIEWS:
        raise _wrong("its list of views is damaged")
    for query in data.values():
        if not isinstance(query, str) or len(query) > MOST_LETTERS:
            raise _wrong("an address in it is damaged")
    return {page: urlencode(parameters(query)) for page, query in data.items()}


def parameters(query: str) -> list[tuple[str, str]]:
    """The names and values of a query string. Raises `BadInput` for too many."""
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise _wrong("an address in it has too many parts") from None


def _wrong(why: str) -> BadInput:
    return BadInput(
        f"This file is not a valid session file: {why}. Choose a file exported with “Session "
        "(JSON)”."
    )

"""A file that is one JSON document, or JSON Lines, or JSON under another name."""

from __future__ import annotations

import re
from typing import Any

from interp_core.files import json_shapes
from interp_core.files.json_shapes import MAX_JSON, Parser
from interp_core.files.rows import Skipped

BEGINS = re.compile(r'\{\s*"|\[\s*[{["]')


def is_json(start: bytes, encoding: str) -> bool:
    """Whether the first line, or all that was looked at, is JSON with names or in lists of it."""
    text = start.decode(encoding, "replace").removeprefix("\ufeff").strip()
    if not BEGINS.match(text):
        return False
    parse = Parser()
    line = text.splitlines()[0].strip().removesuffix(",")
    return any(bool(json_shapes.parsed(each, parse)) for each in (line, text))


def is_lines(first: list[str | Skipped], parse: Parser) -> bool:
    """Whether the first two lines that hold something are values of their own."""
    if len(first) < 2 or (isinstance(first[0], str) and first[0].lstrip().startswith("[")):
        return False
    values = [_value(line, parse) for line in first]
    return isinstance(values[0], dict | str) or isinstance(values[1], dict)


def _value(line: str | Skipped, parse: Parser) -> Any:
    if isinstance(line, Skipped):  # a document in one long line, or a text that is too long
        return None
    return json_shapes.parsed(line.strip().removesuffix(","), parse)


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
    document = json_shapes.parsed(text, parse)
    if document is None:
        return [], ""
    return json_shapes.document_rows(document)

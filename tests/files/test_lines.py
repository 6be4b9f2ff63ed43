"""Lines of bytes, whatever ends them, none longer than the bound."""

from __future__ import annotations

import io
import random

import pytest

from interp_core.files import rows
from interp_core.files.rows import NOT_TEXT, TOO_LONG, Skipped
from tests.files.reading import opened


def read(data, encoding="utf-8"):
    found = rows.text_lines(io.BytesIO(data), encoding)
    return [line.reason if isinstance(line, Skipped) else line for _, line in found]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_lines_are_those_of_python_wherever_the_chunks_end(chunk, monkeypatch):
    monkeypatch.setattr(rows, "CHUNK", chunk)
    chance = random.Random(chunk)
    for _ in range(50):
        text = "".join(chance.choices(["a", "é", "\n", "\r", "\r\n", "bb"], k=20))
        expected = io.StringIO(text, newline="").read()
        for encoding in ("utf-8", "utf-16-le", "utf-32-be"):
            found = read(text.encode(encoding), encoding)
            assert "".join(found) == expected
            plain = io.StringIO(text, newline=None).read().split("\n")
            assert [each.rstrip("\r\n") for each in found] == plain[: len(found)]


def test_longer_lines_are_told_and_never_held(monkeypatch):
    monkeypatch.setattr(rows, "MAX_LINE", 10)
    monkeypatch.setattr(rows, "CHUNK", 4)
    data = b"short\r" + b"x" * 95 + b"\r\n0123456789\r\n01234567890\rend\n" + b"y" * 40
    assert read(data) == ["short\r", TOO_LONG, "0123456789\r\n", TOO_LONG, "end\n", TOO_LONG]


def test_what_is_no_text_is_told():
    assert read(b"a\n\xff\nb\0c\nd") == ["a\n", NOT_TEXT, NOT_TEXT, "d"]
    assert read(b"\x81\n", "cp1252") == [NOT_TEXT]


def test_text_files_end_their_lines_as_they_like():
    for data in (b"one\rtwo\rthree", b"one\ntwo\r\nthree\n", b"\xef\xbb\xbfone\n\r two \n\nthree"):
        table, corpus = opened(data, "a.txt")
        assert list(table.frame["text"]) == ["one", "two", "three"]
        texts = [row.text for row in corpus.rows() if not isinstance(row, Skipped)]
        assert texts == ["one", "two", "three"]

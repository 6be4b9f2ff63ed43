"""The lines of a file of any size, one at a time, none longer than a fixed number of bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Protocol

from interp_core.files.rows import NOT_TEXT, TOO_LONG, Skipped

MAX_LINE = 1_000_000  # bytes; a longer line is reported and never held in memory
CHUNK = 2**16
WIDE = ("utf-16", "utf-32")  # encodings in which a line end is not one byte


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


def text_lines(file: Readable, encoding: str) -> Iterator[tuple[int, str | Skipped]]:
    """Number from 1 and text of each line, with its line end (LF, CR or both).

    Lines that are too long, or that are no text in this encoding, come as `Skipped`.
    """
    if encoding.startswith(WIDE):
        file, encoding = _Narrowed(file, encoding), "utf-8"
    for number, line in enumerate(_byte_lines(file), 1):
        if line is None:
            yield number, Skipped(number, TOO_LONG, "The line has more than a million bytes.")
            continue
        text = _decoded(line, encoding)
        if text is None:
            yield number, Skipped(number, NOT_TEXT, f"The line is not {encoding.upper()} text.")
        elif "\0" in text:
            yield number, Skipped(number, NOT_TEXT, "The line holds zero bytes.")
        else:
            yield number, text.removeprefix("\ufeff") if number == 1 else text


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _byte_lines(file: Readable) -> Iterator[bytes | None]:
    """Lines with their ends; None stands for a longer one."""
    rest, too_long = b"", False
    while chunk := file.read(CHUNK):
        pieces = (rest + chunk).splitlines(keepends=True)
        # What does not end with a line feed may go on, or its feed may follow.
        rest = b"" if pieces[-1].endswith(b"\n") else pieces.pop()
        for piece in pieces:
            yield None if too_long or len(piece.rstrip(b"\r\n")) > MAX_LINE else piece
            too_long = False
        if len(rest) > MAX_LINE + 2:
            rest, too_long = rest[-1:] if rest.endswith(b"\r") else b"", True
    if rest or too_long:
        yield None if too_long or len(rest.rstrip(b"\r\n")) > MAX_LINE else rest


class _Narrowed:
    """A file in UTF-16 or UTF-32 as UTF-8."""

    def __init__(self, file: Readable, encoding: str) -> None:
        self.file = file
        self.decoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def read(self, size: int = -1) -> bytes:
        """The next part; none at the end."""
        while chunk := self.file.read(size):
            text = self.decoder.decode(chunk)
            if text:
                return text.encode("utf-8", "replace")
        return self.decoder.decode(b"", final=True).encode("utf-8", "replace")

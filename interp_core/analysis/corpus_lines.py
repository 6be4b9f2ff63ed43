"""The lines of a file of any size, one at a time, none longer than a fixed number of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

MAX_LINE = 1_000_000  # bytes; a longer line is reported and never held in memory
MARK = b"\xef\xbb\xbf"


class Lines:
    """Iterates over (number from 1, bytes without the line end); None stands for a longer line."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.number = file, 0

    def __iter__(self) -> Iterator[tuple[int, bytes | None]]:
        while line := self.file.readline(MAX_LINE + 1):
            self.number += 1
            whole = line.endswith(b"\n") or len(line) <= MAX_LINE
            if not whole:
                self._pass_by()
            if self.number == 1:
                line = line.removeprefix(MARK)
            yield self.number, line.rstrip(b"\r\n") if whole else None

    def _pass_by(self) -> None:
        while (rest := self.file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
            pass


def decode(line: bytes) -> str | None:
    """The text of a line, or None where it is no UTF-8 text."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text

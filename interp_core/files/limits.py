"""The bytes of somebody else's file: bounded, and recognised by their beginning."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path
from typing import Any

from interp_core.errors import BadInput

MAX_FILE_BYTES = 512 * 2**20
MAX_VALUES = 2**28  # numbers in a table (1 GiB as float32), whatever the file claims
MAX_POINTS = 50_000  # more than a picture shows, and what exact neighbours in seconds allow
MOST_COLUMNS = 1_000  # a short line may name many: what it asks for is rows × columns cells
EASY = 2**26  # bytes that any packed file may unpack to
MOST = 2**30
FOLD = 32  # times its own size that a larger file may unpack to; texts seldom shrink by ten
START = 2**18  # bytes by which encoding, delimiter and header are found

GZIP = b"\x1f\x8b"
EXCEL = "In Excel or another spreadsheet program, save it as “CSV UTF-8”."
INSIDE = "Give the file inside it, unpacked."
ZIPPED = {
    b"xl/": ("an Excel workbook", EXCEL),
    b"opendocument.spreadsheet": ("an OpenDocument spreadsheet", EXCEL),
    b"word/": ("a Word document", "Save its text as plain text (UTF-8)."),
}
ENDINGS = {
    ".xlsx": ("an Excel workbook", EXCEL),
    ".xlsm": ("an Excel workbook", EXCEL),
    ".ods": ("an OpenDocument spreadsheet", EXCEL),
    ".npz": ("a zip archive of arrays (.npz)", "Save one array with `numpy.save` as .npy."),
}
PARQUET = "Write it as Parquet, for example with `pandas.DataFrame.to_parquet`."
CSV = "Save the data as CSV or Parquet."
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95")  # by protocol
# Other formats by their first bytes: what it is, and what to do.
OTHERS = {
    b"BZh": ("compressed with bzip2", INSIDE),
    b"\xfd7zXZ\x00": ("compressed with xz", INSIDE),
    b"7z\xbc\xaf": ("a 7z archive", INSIDE),
    b"Rar!": ("a RAR archive", INSIDE),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", INSIDE),
    b"\x04\x22\x4d\x18": ("compressed with lz4", INSIDE),
    **dict.fromkeys(PICKLES, ("a Python pickle, which could run code", CSV)),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls) or another Office document", EXCEL),
    b"ARROW1": ("an Arrow (Feather) file", PARQUET),
    b"FEA1": ("an old Feather file", PARQUET),
    b"ORC": ("an ORC file", PARQUET),
    b"Obj\x01": ("an Avro file", PARQUET),
    b"\x89HDF": ("an HDF5 file", PARQUET),
    b"SQLite format 3": ("an SQLite database", "Export the table as CSV."),
    b"%PDF": ("a PDF document", "Save its text as plain text (UTF-8)."),
    b"{\\rtf": ("an RTF document", "Save its text as plain text (UTF-8)."),
    b"version https://git-lfs": (
        "a pointer of git-lfs, not the file itself",
        "Fetch it with `git lfs pull`.",
    ),
    b"\x89PNG": ("a picture", "Give a table or texts."),
    b"\xff\xd8\xff": ("a picture", "Give a table or texts."),
}
PICTURES = (b"\x89PNG", b"\xff\xd8\xff")
ARFF = re.compile(rb"(\xef\xbb\xbf)?(\s|%[^\n]*\n)*@relation\s", re.IGNORECASE)
ARFF_CURE = (
    "Save it as CSV in Weka. Or delete the lines that begin with “@” or “%”, write the names of "
    "the columns into the first line, and give the file a name that ends in .csv."
)
PAGES = (b"<!doctype html", b"<html", b"<?xml")


def read_bounded(source: Any, *, pictures: bool = False) -> tuple[str, bytes]:
    """The name and content of a path, of bytes, or of something with `read()` and a `name`.

    A gzip file is unpacked within bounds, and its name loses `.gz`. Without `pictures` these are
    refused, too. Raises `BadInput` for missing, empty and too large files, and for other formats,
    by their name.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = "", bytes(source[: MAX_FILE_BYTES + 1])
    elif hasattr(source, "read"):
        name, read = str(getattr(source, "name", "")), source.read(MAX_FILE_BYTES + 1)
        data = read.encode("utf-8") if isinstance(read, str) else bytes(read)
    else:
        name, data = str(source), _read(Path(str(source)).expanduser())
    name = Path(name).name
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"{called(name)} is larger than {MAX_FILE_BYTES // 2**20} MB.")
    if not data:
        raise BadInput(f"{called(name)} is empty.")
    if data.startswith(GZIP):
        name, data = without_gz(name), gunzip(name, data)
    if not (pictures and data.startswith(PICTURES)):
        check_start(name, data[:START])
    return name, data


def called(name: str) -> str:
    """How a message names a file."""
    return name or "The file"


def without_gz(name: str) -> str:
    """The name of what is inside a gzip file."""
    return name[:-3] if name.lower().endswith(".gz") else name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"The file {path.name!r} cannot be read: check its name.") from error


def check_start(name: str, start: bytes) -> None:
    """Refuse formats that are not read here, by their name. Raises `BadInput`."""
    found = _other(name, start)
    if found:
        what, cure = found
        raise BadInput(f"{called(name)} is {what}. {cure}")


def _other(name: str, start: bytes) -> tuple[str, str] | None:
    if start.startswith(b"PK\x03\x04"):
        for mark, found in ZIPPED.items():
            if mark in start:
                return found
        known = ENDINGS.get(Path(name).suffix.lower())
        return known or ("a zip archive (an Excel workbook .xlsx is one, too)", f"{INSIDE} {EXCEL}")
    if start.startswith(GZIP):
        return "compressed with gzip", INSIDE
    for mark, found in OTHERS.items():
        if start.startswith(mark):
            return found
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(PAGES):
        return "a web page or XML", "The download may need a login. Download the file itself."
    if ARFF.match(start):
        return "an ARFF file of Weka", ARFF_CURE
    return None


def most_bytes(size: int) -> int:
    """What a packed file of `size` bytes may unpack to."""
    return min(MOST, max(EASY, FOLD * size))


def gunzip(name: str, data: bytes) -> bytes:
    """The content of a gzip file. Raises `BadInput` where it is damaged or unpacks to too much."""
    return UnpackedStream(name, io.BytesIO(data), min(most_bytes(len(data)), MAX_FILE_BYTES)).read()


class UnpackedStream:
    """A gzip file as it is unpacked, at most `most` bytes of it; several members are joined."""

    def __init__(self, name: str, file: Any, limit: int) -> None:
        self.name, self.file, self.most = name, file, limit
        self.given, self.rest = 0, b""
        self.member: Any = None

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes or fewer, all for −1; none at the end."""
        if size >= 0:
            return self._next(size)
        return b"".join(iter(lambda: self._next(2**20), b""))

    def _next(self, size: int) -> bytes:
        try:
            found = self._unpacked(size)
        except zlib.error as error:
            raise BadInput(f"{called(self.name)} is a damaged gzip file. Copy it again.") from error
        self.given += len(found)
        if self.given > self.most:
            raise BadInput(
                f"{called(self.name)} unpacks to more than {self.most / 2**20:,.0f} MB, far "
                "more than its size suggests. Unpack it and upload a part."
            )
        return found

    def _unpacked(self, size: int) -> bytes:
        while True:
            self.rest = self.rest or self.file.read(2**16)
            if self.member is None:
                if not self.rest.strip(b"\0"):  # the end, or padding after the last member
                    return b""
                self.member = zlib.decompressobj(31)
            was_all = not self.rest
            found = self.member.decompress(self.rest, size)
            self.rest = self.member.unconsumed_tail
            if self.member.eof:
                self.rest, self.member = self.member.unused_data, None
            elif was_all and not found:
                raise zlib.error("it was cut")
            if found:
                return found


def check_table_size(rows: int, columns: int, limit: int, what: str = "vectors") -> None:
    """Refuse tables by what their header says, before anything is allocated."""
    if rows > limit:
        raise BadInput(
            f"The file holds {rows:,} {what}; at most {limit:,} are read. "
            "Save a part or a random sample of it."
        )
    if rows < 1 or columns < 1:
        raise BadInput(f"The file holds no {what}.")
    if rows * columns > MAX_VALUES:
        raise BadInput(f"{rows:,} × {columns:,} numbers are more than fit in memory. Save fewer.")


def check_columns(count: int) -> None:
    """Refuse a table, or metadata of vectors, with more than `MOST_COLUMNS` columns."""
    if count > MOST_COLUMNS:
        raise BadInput(
            f"The table has more than {MOST_COLUMNS:,} columns. Keep those you need; to load "
            "vectors, choose “Vectors from a file”."
        )

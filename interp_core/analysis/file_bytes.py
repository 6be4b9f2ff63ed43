"""The bytes of a file that somebody hands over: bounded, and known by their beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interp_core.errors import BadInput

MAX_FILE_BYTES = 512 * 2**20
MAX_VALUES = 2**28  # numbers in a table (1 GiB as float32), whatever the file claims
MOST_COLUMNS = 1_000  # a short line may name many: what it asks for is rows × columns cells

ARCHIVES = {
    b"PK\x03\x04": "a zip archive (.npz files are zip archives too)",
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\x00": "compressed with xz",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"\x80\x04\x95": "a Python pickle, which could run code",
    b"\x80\x02}": "a Python pickle, which could run code",
}


def take_bytes(source: Any) -> tuple[str, bytes]:
    """The name and content of a path, of bytes, or of something with `read()` and a `name`.

    Raises `BadInput` for missing, empty and too large files, and for archives: nothing is ever
    unpacked, so that a zip bomb stays a small file.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = "", bytes(source[: MAX_FILE_BYTES + 1])
    elif hasattr(source, "read"):
        name, data = str(getattr(source, "name", "")), source.read(MAX_FILE_BYTES + 1)
        data = data.encode("utf-8") if isinstance(data, str) else bytes(data)
    else:
        name, data = str(source), _read(Path(str(source)).expanduser())
    name = Path(name).name
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"{name or 'The file'} is larger than {MAX_FILE_BYTES // 2**20} MB.")
    if not data:
        raise BadInput(f"{name or 'The file'} is empty.")
    for start, what in ARCHIVES.items():
        if data.startswith(start):
            raise BadInput(
                f"{name or 'The file'} is {what}. Nothing is unpacked here: "
                "give the file inside as TSV, NPY, Parquet or safetensors."
            )
    return name, data


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"The file {path.name!r} cannot be read: check its name.") from error


def check_size(rows: int, columns: int, limit: int) -> None:
    """Refuse tables by what their header says, before anything is allocated."""
    if rows > limit:
        raise BadInput(
            f"The file holds {rows:,} vectors; at most {limit:,} are read. "
            "Save a part or a random sample of it."
        )
    if rows < 1 or columns < 1:
        raise BadInput("The file holds no vectors.")
    if rows * columns > MAX_VALUES:
        raise BadInput(f"{rows:,} × {columns:,} numbers are more than fit in memory. Save fewer.")


def check_columns(count: int) -> None:
    """Refuse a table, or what is told of vectors, with more columns than anybody reads."""
    if count > MOST_COLUMNS:
        raise BadInput(
            f"The table has more than {MOST_COLUMNS:,} columns. Keep those you need; ready vectors "
            "are read from “Vectors of a file”."
        )

"""The single files of a model's folder: bounded, readable, whole; or a sentence that says not."""

from __future__ import annotations

import json
import re
from pathlib import Path

from interp_core.errors import ModelNotFound, UnsafeModel, UnsupportedModel

MAX_CONFIG_BYTES = 4 * 2**20
MAX_INDEX_BYTES = 64 * 2**20  # of a list of tensors: mixtures of experts have many
POINTER = b"version https://git-lfs.github.com/spec/"
MAX_POINTER_BYTES = 1024
MAX_HEADER_BYTES = 10**8  # what the safetensors library itself accepts


def read_text(path: Path) -> str:
    """A text file from a model folder, with a bound on its size. Raises `UnsafeModel`."""
    most = MAX_INDEX_BYTES if path.name.endswith(".index.json") else MAX_CONFIG_BYTES
    with path.open("rb") as file:  # as much as is allowed, whatever the file's size is said to be
        data = file.read(most + 1)
    if len(data) > most:
        raise UnsafeModel(
            f"{path.name} is larger than {most // 2**20} MB; a configuration file should be much "
            "smaller. Save the model again."
        )
    return data.decode("utf-8")


def check_readable(path: Path) -> None:
    """Refuse a file that may not be read, is gone, or is a folder. Raises `ModelNotFound`."""
    if path.is_dir():
        raise ModelNotFound(
            f"{path.name} in {path.parent.name!r} is a folder, and a file is expected there. Save "
            "the model again."
        )
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> ModelNotFound:
    """The sentence for a file of a model that cannot be read."""
    named = f"{path.name} in {path.parent.name!r}"
    if isinstance(error, PermissionError):
        return ModelNotFound(
            f"{named} may not be read by the user who runs this. Allow it (`chmod -R u+rX` by the "
            "owner of the files), or copy the folder."
        )
    if isinstance(error, FileNotFoundError):
        return ModelNotFound(f"{named} is not there any more. Download or save the model again.")
    return ModelNotFound(
        f"{named} cannot be read ({error.strerror or type(error).__name__}). Copy the folder to "
        "another disk, or save the model again."
    )


def is_pointer(path: Path) -> bool:
    """Whether a file is the stand-in that git keeps where git-lfs keeps the content."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_POINTER_BYTES:
            return False
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False


def pointer_size(path: Path) -> str:
    """How large the file is for which a pointer stands, as part of a sentence."""
    found = re.search(
        r"^size (\d{1,15})$", path.read_text(encoding="utf-8", errors="replace"), re.M
    )
    return f" of {int(found[1]):,} bytes" if found else ""


def check_safetensors(path: Path) -> None:
    """Refuse a safetensors file that is empty, cut off or something else. `UnsupportedModel`."""
    check_readable(path)
    size = path.stat().st_size
    again = "Download it again, or save the model again."
    if size == 0:
        raise UnsupportedModel(f"transformers cannot load {path.name}: it is empty. {again}")
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        header = file.read(length) if length <= min(size, MAX_HEADER_BYTES) else b""
    if start[:1] == b"<":
        raise UnsupportedModel(
            f"transformers cannot load {path.name}: it is a web page, not weights. Download the "
            "file itself."
        )
    try:
        tensors = json.loads(header)
        ends = [each["data_offsets"][1] for name, each in tensors.items() if name != "__metadata__"]
        whole = 8 + length + max(ends, default=0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        cut = f"is cut off or damaged ({size:,} bytes)"
        raise UnsupportedModel(f"transformers cannot load {path.name}: it {cut}. {again}") from None
    if size != whole:
        raise UnsupportedModel(
            f"transformers cannot load {path.name}: it is "
            f"{'cut off' if size < whole else 'damaged'} ({size:,} of {whole:,} bytes). {again}"
        )

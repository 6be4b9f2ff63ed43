"""Read and write ready vectors, so that people can move between tools.

TSV pair (TensorFlow Embedding Projector), NPY, Parquet and safetensors. Everything is bounded and
nothing is executed or unpacked: no pickles, no archives, sizes checked by the header first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp_core.analysis import array_files, parquet_files, tsv_files
from interp_core.analysis.file_bytes import take_bytes
from interp_core.analysis.vectors import MAX_POINTS, Vectors, make_vectors
from interp_core.errors import BadInput

Found = tuple[np.ndarray, pd.DataFrame | None]
READERS: dict[str, Callable[[bytes, int], Found]] = {
    "tsv": lambda data, limit: (tsv_files.read_numbers(data, limit), None),
    "npy": lambda data, limit: (array_files.read_npy(data, limit), None),
    "parquet": parquet_files.read_parquet,
    "safetensors": array_files.read_safetensors,
}
BEGINNINGS = {b"\x93NUMPY": "npy", b"PAR1": "parquet"}
ENDINGS = {"txt": "tsv", "tab": "tsv", "pq": "parquet"}


def read_vectors(
    source: Any, *, metadata: Any = None, kind: str | None = None, limit: int = MAX_POINTS
) -> Vectors:
    """Vectors of a file: a path, bytes, or an upload with `read()` and a `name`.

    `metadata` is a second such file, a `metadata.tsv` with one line for each vector (with a header
    when it has several columns). `kind` ("tsv", "npy", "parquet", "safetensors") is found from the
    content and the name otherwise. The frame always has a column `text`.

    Raises `BadInput` with a sentence for everything that is not a table of at most `limit` finite
    vectors of one length.
    """
    name, data = take_bytes(source)
    values, frame = READERS[_kind(name, data, kind)](data, limit)
    if metadata is not None:
        frame = tsv_files.read_metadata(take_bytes(metadata)[1], len(values))
    if frame is not None and not len(frame.columns):
        frame = None
    return make_vectors(values, _with_text(frame))


def dump_vectors(vectors: Vectors, kind: str) -> dict[str, bytes]:
    """File names and their contents: two files for TSV and NPY (with `metadata.tsv`), else one.

    TSV keeps the columns as text; Parquet and safetensors keep numbers as numbers.
    """
    values, frame = vectors.values, vectors.frame
    if kind == "tsv":
        numbers = {"vectors.tsv": tsv_files.write_numbers(values)}
        return {**numbers, "metadata.tsv": tsv_files.write_metadata(frame)}
    if kind == "npy":
        numbers = {"vectors.npy": array_files.write_npy(values)}
        return {**numbers, "metadata.tsv": tsv_files.write_metadata(frame)}
    if kind == "parquet":
        return {"vectors.parquet": parquet_files.write_parquet(values, frame)}
    if kind == "safetensors":
        return {"vectors.safetensors": array_files.write_safetensors(values, frame)}
    raise BadInput(f"{kind!r} is no format here. Choose one of: {', '.join(READERS)}.")


def write_vectors(vectors: Vectors, folder: str | Path, kind: str) -> list[Path]:
    """Write the files of `dump_vectors` into a folder (made if missing) and return their paths."""
    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, data in dump_vectors(vectors, kind).items():
        (place / name).write_bytes(data)
        written.append(place / name)
    return written


def _kind(name: str, data: bytes, asked: str | None) -> str:
    if asked is not None:
        if asked not in READERS:
            raise BadInput(f"{asked!r} is no format here. Choose one of: {', '.join(READERS)}.")
        return asked
    for start, kind in BEGINNINGS.items():
        if data.startswith(start):
            return kind
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    ending = ENDINGS.get(ending, ending)
    if ending in READERS:
        return ending
    if data[8:9] == b"{":
        return "safetensors"
    if not ending:
        return "tsv"
    raise BadInput(
        f"{name!r} has no format that is known here. Give .tsv, .npy, .parquet or .safetensors."
    )


def _with_text(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    """The frame with a column `text`: the first column of words, when none has that name."""
    if frame is None or "text" in frame:
        return frame
    words = [n for n in frame if not pd.api.types.is_numeric_dtype(frame[n])]
    known = next((n for n in ("word", "token", "label", "name") if n in words), None)
    column = known or (words[0] if words else None)
    text = frame[column].astype(str) if column is not None else frame.index.astype(str)
    return frame.assign(text=text)

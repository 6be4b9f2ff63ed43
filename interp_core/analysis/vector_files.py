"""Read and write ready vectors, so that people can move between tools.

TSV pair (TensorFlow Embedding Projector), NPY, Parquet, safetensors, and text files of words.
Everything is bounded and nothing is executed: no pickles, no archives, sizes checked by the header
first.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp_core.analysis import array_files, tsv_files, word_vector_files
from interp_core.analysis.vectors import Vectors, make_vectors
from interp_core.errors import BadInput
from interp_core.files import parquet as parquet_files
from interp_core.files.limits import GZIP, MAX_POINTS, START, called, read_bounded

Found = tuple[np.ndarray, pd.DataFrame | None, list[str]]


def _words(data: bytes, limit: int) -> Found:
    dimension = word_vector_files.find_dimension(data[:START])
    if not dimension:
        raise BadInput("The lines are not words with their numbers, separated by spaces.")
    return word_vector_files.read_words(io.BytesIO(data), dimension, limit)


READERS: dict[str, Callable[[bytes, int, str | None], Found]] = {
    "tsv": lambda data, limit, encoding: _numbers(data, limit, "tsv", encoding),
    "csv": lambda data, limit, encoding: _numbers(data, limit, "csv", encoding),
    "npy": lambda data, limit, _: (array_files.read_npy(data, limit), None, []),
    "parquet": lambda data, limit, _: parquet_files.read_parquet(data, limit),
    "safetensors": lambda data, limit, _: (*array_files.read_safetensors(data, limit), []),
    "words": lambda data, limit, _: _words(data, limit),
}
WRITTEN = ("tsv", "npy", "parquet", "safetensors")
BEGINNINGS = {b"\x93NUMPY": "npy", b"PAR1": "parquet"}
ENDINGS = {"txt": "tsv", "tab": "tsv", "pq": "parquet", "vec": "tsv", "w2v": "tsv", "bin": "tsv"}


def _numbers(data: bytes, limit: int, kind: str, encoding: str | None) -> Found:
    values, notes = tsv_files.read_numbers(data, limit, kind, encoding)
    return values, None, notes


def read_vectors(
    source: Any,
    *,
    metadata: Any = None,
    kind: str | None = None,
    limit: int = MAX_POINTS,
    encoding: str | None = None,
) -> Vectors:
    """Vectors of a file: a path, bytes, or an upload with `read()` and a `name`.

    `metadata` is a second such file, a `metadata.tsv` with one line for each vector (with a header
    when it has several columns). `kind` ("tsv", "csv", "npy", "parquet", "safetensors", "words") is
    found from the content and the name otherwise; "words" are the text files of word2vec, fastText
    and GloVe, of which the first `limit` words are read. `encoding` is that of text files (None:
    found). The frame always has a column `text`.

    Raises `BadInput` with a sentence for everything that is not a table of at most `limit` finite
    vectors of one length.
    """
    words = _long_file(source) if kind in (None, "words") else None
    if words is not None:
        values, frame, notes = words(limit)
    else:
        name, data = read_bounded(source)
        values, frame, notes = READERS[_kind(name, data, kind)](data, limit, encoding)
    if metadata is not None:
        frame, more = tsv_files.read_metadata(read_bounded(metadata)[1], len(values), encoding)
        notes = [*notes, *more]
    if frame is not None and not len(frame.columns):
        frame = None
    return make_vectors(values, _with_text(frame), tuple(notes))


def _long_file(source: Any) -> Callable[[int], Found] | None:
    """A reader of the first words of a file on disk, which may be larger than others; or None."""
    if hasattr(source, "read") or not isinstance(source, str | Path):
        return None
    path = Path(source).expanduser()
    if path.suffix.lower() not in (".txt", ".vec", ".w2v"):
        return None
    try:
        with path.open("rb") as file:
            start = file.read(START)
    except (OSError, ValueError):
        return None
    dimension = 0 if start.startswith(GZIP) else word_vector_files.find_dimension(start)
    if not dimension:
        return None

    def read(limit: int) -> Found:
        with path.open("rb") as file:
            return word_vector_files.read_words(file, dimension, limit)

    return read


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
    raise BadInput(f"{kind!r} is no format here. Choose one of: {', '.join(WRITTEN)}.")


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
    if ending in ("tsv", ""):
        return _of_text(data, ending)
    if ending in READERS:
        return ending
    if data[8:9] == b"{":
        return "safetensors"
    raise BadInput(
        f"{called(name)} has no format that is known here. "
        "Give .tsv, .npy, .parquet, .safetensors, or the .txt or .vec of word2vec and GloVe."
    )


def _of_text(data: bytes, ending: str) -> str:
    """Which of the text formats it is; bytes without a name may be safetensors."""
    if not ending and data[8:9] == b"{":
        return "safetensors"
    word_vector_files.check_binary(data[:START])
    return "words" if word_vector_files.find_dimension(data[:START]) else "tsv"


def _with_text(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    """The frame with a column `text`: the first column of words, when none has that name."""
    if frame is None or "text" in frame:
        return frame
    words = [n for n in frame if not pd.api.types.is_numeric_dtype(frame[n])]
    known = next((n for n in ("word", "token", "label", "name") if n in words), None)
    column = known or (words[0] if words else None)
    text = frame[column].astype(str) if column is not None else frame.index.astype(str)
    return frame.assign(text=text)

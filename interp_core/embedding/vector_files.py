"""Read and write ready vectors, so that people can move between tools.

TSV pair (TensorFlow Embedding Projector), NPY, Parquet, safetensors, and text files of words.
Everything is bounded and nothing is executed: no pickles, no archives, sizes checked by the header
first.
"""

from __future__ import annotations

import io
import json
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp_core.embedding import tsv, word_vector_files
from interp_core.embedding.vectors import Vectors, make_vectors
from interp_core.errors import BadInput
from interp_core.files import parquet as parquet_files
from interp_core.files.limits import (
    GZIP,
    MAX_POINTS,
    START,
    called,
    check_columns,
    check_table_size,
    read_bounded,
)

Found = tuple[np.ndarray, pd.DataFrame | None, list[str]]


def _words(data: bytes, limit: int) -> Found:
    dimension = word_vector_files.find_dimension(data[:START])
    if not dimension:
        raise BadInput("The lines are not words with their numbers, separated by spaces.")
    return word_vector_files.read_words(io.BytesIO(data), dimension, limit)


READERS: dict[str, Callable[[bytes, int, str | None], Found]] = {
    "tsv": lambda data, limit, encoding: _numbers(data, limit, "tsv", encoding),
    "csv": lambda data, limit, encoding: _numbers(data, limit, "csv", encoding),
    "npy": lambda data, limit, _: (read_npy(data, limit), None, []),
    "parquet": lambda data, limit, _: parquet_files.read_parquet(data, limit),
    "safetensors": lambda data, limit, _: (*read_safetensors(data, limit), []),
    "words": lambda data, limit, _: _words(data, limit),
}
WRITTEN = ("tsv", "npy", "parquet", "safetensors")
BEGINNINGS = {b"\x93NUMPY": "npy", b"PAR1": "parquet"}
ENDINGS = {"txt": "tsv", "tab": "tsv", "pq": "parquet", "vec": "tsv", "w2v": "tsv", "bin": "tsv"}


def _numbers(data: bytes, limit: int, kind: str, encoding: str | None) -> Found:
    values, notes = tsv.read_numbers(data, limit, kind, encoding)
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
        frame, more = tsv.read_metadata(read_bounded(metadata)[1], len(values), encoding)
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
        numbers = {"vectors.tsv": tsv.write_numbers(values)}
        return {**numbers, "metadata.tsv": tsv.write_metadata(frame)}
    if kind == "npy":
        numbers = {"vectors.npy": write_npy(values)}
        return {**numbers, "metadata.tsv": tsv.write_metadata(frame)}
    if kind == "parquet":
        return {"vectors.parquet": parquet_files.write_parquet(values, frame)}
    if kind == "safetensors":
        return {"vectors.safetensors": write_safetensors(values, frame)}
    raise BadInput(f"Unknown format {kind!r}. Choose one of: {', '.join(WRITTEN)}.")


def write_vectors(vectors: Vectors, folder: str | Path, kind: str) -> list[Path]:
    """Write the files of `dump_vectors` into a folder (made if missing) and return their paths."""
    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, data in dump_vectors(vectors, kind).items():
        (place / name).write_bytes(data)
        written.append(place / name)
    return written


def _kind(name: str, data: bytes, requested: str | None) -> str:
    if requested is not None:
        if requested not in READERS:
            raise BadInput(f"Unknown format {requested!r}. Choose one of: {', '.join(READERS)}.")
        return requested
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
        f"{called(name)} has an unsupported format. Use .tsv, .npy, .parquet, .safetensors, "
        "or the .txt or .vec of word2vec and GloVe."
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


PREFERRED = ("vectors", "embeddings", "embedding", "weight")
# What Python's parser raises for a header that is no description of an array.
NO_HEADER = (
    ValueError,
    KeyError,
    EOFError,
    SyntaxError,
    TypeError,
    tokenize.TokenError,
    RecursionError,
    MemoryError,
)


def read_npy(data: bytes, limit: int) -> np.ndarray:
    """(n, dim) of an .npy file. Raises `BadInput`; pickled objects are refused."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = header(file)
    except NO_HEADER as error:
        raise BadInput("The file cannot be read as .npy. Save it with `np.save`.") from error
    if dtype.hasobject or dtype.kind not in "fiu":
        raise BadInput(f"The .npy file holds {dtype}, not numbers. Save floats.")
    _check_shape(shape, limit)
    need = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if len(data) - file.tell() < need:
        raise BadInput("The .npy file is incomplete. Copy it again.")
    return np.load(io.BytesIO(data), allow_pickle=False)


def write_npy(values: np.ndarray) -> bytes:
    """The content of an .npy file."""
    target = io.BytesIO()
    np.save(target, values, allow_pickle=False)
    return target.getvalue()


def read_safetensors(data: bytes, limit: int) -> tuple[np.ndarray, pd.DataFrame | None]:
    """The table of vectors in a .safetensors file, and its frame when we wrote one.

    The tensor named like `PREFERRED`, or the only table. Raises `BadInput`.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        shapes = {n: tuple(e["shape"]) for n, e in header.items() if n != "__metadata__"}
        name = _choose({n: shape for n, shape in shapes.items() if len(shape) == 2}, shapes)
        _check_shape(shapes[name], limit)
        values = load(data)[name]
    except (SafetensorError, *NO_HEADER, AttributeError) as error:
        raise BadInput(
            "The file cannot be read as .safetensors: it is damaged or has another format. "
            "Save it again."
        ) from error
    if not values.is_floating_point() and values.dtype.is_complex:
        raise BadInput("The tensor holds complex numbers.")
    kept = values if values.element_size() > 2 else values.float()  # numpy has no bfloat16
    return kept.numpy(), _frame(header.get("__metadata__"), len(values))


def write_safetensors(values: np.ndarray, frame: pd.DataFrame) -> bytes:
    """The tensor "vectors", with the frame as JSON in the file's metadata."""
    from safetensors.numpy import save

    columns = json.loads(frame.to_json(orient="split", index=False))
    text = json.dumps({"columns": columns["columns"], "data": columns["data"]}, ensure_ascii=False)
    return save({"vectors": np.ascontiguousarray(values)}, metadata={"frame": text})


def _choose(tables: dict[str, tuple], all_shapes: dict[str, tuple]) -> str:
    named = [name for name in PREFERRED if name in tables]
    if named or len(tables) == 1:
        return named[0] if named else next(iter(tables))
    held = ", ".join(f"{name} {list(shape)}" for name, shape in list(all_shapes.items())[:6])
    raise BadInput(
        "The .safetensors file needs one table of numbers, or one named "
        f"{PREFERRED[0]!r}. It holds: {held or 'nothing'}."
    )


def _frame(metadata: Any, rows: int) -> pd.DataFrame | None:
    """The frame written by us; None when there is none or it does not fit."""
    try:
        given = json.loads(metadata["frame"])
        names = [str(name) for name in given["columns"]]
        check_columns(len(names))
        frame = pd.DataFrame(given["data"], columns=names)
    except (TypeError, KeyError, ValueError, RecursionError):
        return None
    return frame if len(frame) == rows and frame.columns.is_unique else None


def _check_shape(shape: tuple, limit: int) -> None:
    if len(shape) != 2:
        raise BadInput(f"Vectors are a table (rows, numbers); this has the shape {list(shape)}.")
    check_table_size(*shape, limit)

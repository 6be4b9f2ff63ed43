"""Vectors as NPY and safetensors: read without ever running code, written so that all can read."""

from __future__ import annotations

import io
import json
import tokenize

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.files.limits import check_columns, check_table_size

PREFERRED = ("vectors", "embeddings", "embedding", "weight")
# What Python's parser raises for a header that is no description of an array.
NO_HEADER = (ValueError, KeyError, EOFError, SyntaxError, TypeError, tokenize.TokenError,
             RecursionError, MemoryError)  # fmt: skip


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
        raise BadInput("This is no .npy file that can be read. Save it with `np.save`.") from error
    if dtype.hasobject or dtype.kind not in "fiu":
        raise BadInput(f"The .npy file holds {dtype}, not numbers. Save floats.")
    _check_shape(shape, limit)
    need = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if len(data) - file.tell() < need:
        raise BadInput("The .npy file ends too early: it was cut. Copy it again.")
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
        raise BadInput("This is no .safetensors file that can be read.") from error
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


def _frame(metadata: object, rows: int) -> pd.DataFrame | None:
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

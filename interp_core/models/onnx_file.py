"""Weights and nodes of an ONNX file, without the packages that run one.

ONNX files are Protocol Buffers: fields of a number, a wire type and a value, some of which are
messages themselves. Of four messages the fields below are read; everything else is passed over.
The numbers are those of onnx.proto.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from interp_core.errors import UnsupportedModel

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5  # wire types
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER = 1, 5
NODE_INPUT, NODE_NAME, NODE_KIND = 1, 3, 4
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
FLOAT = 1  # the type of a tensor of float32
LONGEST_VARINT = 10  # bytes of 64 bits, seven in each
BROKEN = "The ONNX file is damaged: {}."
Value = int | memoryview


@dataclass(frozen=True)
class OnnxNode:
    """One operation: its `kind` ("MatMul"), its name, and the names of what it takes."""

    kind: str
    name: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class OnnxGraph:
    """The operations in order, and the constant float32 tensors by name, read-only."""

    nodes: tuple[OnnxNode, ...]
    tensors: dict[str, np.ndarray]


@contextmanager
def read_onnx(path: Path) -> Iterator[OnnxGraph]:
    """The graph of a file; its tensors are views of the file, which is closed afterwards.

    Raises `UnsupportedModel` for a file that is damaged, keeps its weights elsewhere, or holds
    tensors of another type than float32 among its weights.
    """
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise UnsupportedModel(BROKEN.format("it is empty"))
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # Closed when the last view of it is gone.
        yield graph(memoryview(data))


def graph(data: memoryview) -> OnnxGraph:
    """The graph of the bytes of a model. Raises `UnsupportedModel`."""
    nodes, tensors = [], {}
    for message in _messages(data, MODEL_GRAPH):
        nodes += [_node(each) for each in _messages(message, GRAPH_NODE)]
        for each in _messages(message, GRAPH_INITIALIZER):
            name, values = _tensor(each)
            if name in tensors:
                raise UnsupportedModel(BROKEN.format(f"it has two tensors {name[:50]!r}"))
            tensors[name] = values
    if not nodes:
        raise UnsupportedModel(BROKEN.format("it has no graph"))
    return OnnxGraph(tuple(nodes), tensors)


def _node(data: memoryview) -> OnnxNode:
    texts: dict[int, list[str]] = {NODE_INPUT: [], NODE_NAME: [], NODE_KIND: []}
    for number, value in _fields(data):
        if number in texts:
            texts[number].append(_text(value))
    name, kind = ("".join(texts[each][-1:]) for each in (NODE_NAME, NODE_KIND))
    return OnnxNode(kind, name, tuple(texts[NODE_INPUT]))


def _tensor(data: memoryview) -> tuple[str, np.ndarray]:
    shape, name, kind, raw = [], "", 0, memoryview(b"")
    for number, value in _fields(data):
        if number == TENSOR_DIMS:
            shape += [value] if isinstance(value, int) else _packed(value)
        elif number == TENSOR_TYPE:
            kind = value
        elif number == TENSOR_NAME:
            name = _text(value)
        elif number == TENSOR_RAW:
            raw = _bytes(value)
    if kind != FLOAT or math.prod(shape) * 4 != len(raw):
        raise UnsupportedModel(
            f"The tensor {name[:50]!r} of the ONNX file is not {shape} numbers of float32 in the "
            "file itself."
        )
    return name, np.frombuffer(raw, dtype="<f4").reshape(shape)


def _messages(data: memoryview, wanted: int) -> Iterator[memoryview]:
    for number, value in _fields(data):
        if number == wanted:
            yield _bytes(value)


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """Number and value of each field of a message: a whole number, or bytes as a view."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        size = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(kind)
        if kind == BYTES:
            size, place = _varint(data, place)
        if size is None or size > len(data) - place:
            raise UnsupportedModel(BROKEN.format("a field goes beyond its end"))
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """A whole number in groups of seven bits, lowest first, and the place behind it."""
    found = 0
    for shift, byte in enumerate(data[place : place + LONGEST_VARINT]):
        found |= (byte & 127) << (7 * shift)
        if byte < 128:
            return found, place + shift + 1
    raise UnsupportedModel(BROKEN.format("a number does not end"))


def _packed(data: memoryview) -> list[int]:
    found, place = [], 0
    while place < len(data):
        value, place = _varint(data, place)
        found.append(value)
    return found


def _bytes(value: Value) -> memoryview:
    if isinstance(value, int):
        raise UnsupportedModel(BROKEN.format("a number stands where bytes are expected"))
    return value


def _text(value: Value) -> str:
    try:
        return bytes(_bytes(value)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnsupportedModel(BROKEN.format("a name is not UTF-8")) from error

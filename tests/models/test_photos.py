"""The model of photographs: what the package's own network gives, out of a reader of our own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.datasets import PHOTOS
from interp_core.inputs.images import encode_image
from interp_core.models import onnx_file, photos
from tests.needs import needs_photos

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "photos.json"


@needs_photos
@pytest.mark.parametrize("name", PHOTOS)
def test_it_gives_what_the_packaged_network_gives(photo_model, name):
    """tools/photo_reference.py has run that with onnxruntime."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    sample, expected = recorded["sample"], recorded[name]
    pixels = encode_image(photo_model, ic.sample_photo(name)).inputs["pixel_values"]
    assert float(pixels.mean()) == pytest.approx(expected["pixels_mean"], abs=1e-5)
    with torch.inference_mode():
        states = photo_model.model(pixel_values=pixels).last_hidden_state[0].numpy()
    values = states[sample["tokens"], :: sample["every"]]
    assert np.allclose(values, expected["values"], rtol=0, atol=1e-3)
    assert np.allclose(np.linalg.norm(states, axis=1), expected["norms"], rtol=0, atol=1e-2)


def test_every_sample_photo_is_there_with_its_licence():
    sizes = {name: ic.sample_photo(name).size for name in PHOTOS}
    assert sizes["temple"] == sizes["mirrored temple"] == (640, 427)
    assert sizes["portrait"] == (512, 600)
    assert sizes["face"] == (340, 340)
    assert all(photo.licence for photo in PHOTOS.values())
    one, other = (np.asarray(ic.sample_photo(name)) for name in ("temple", "mirrored temple"))
    assert np.array_equal(one, other[:, ::-1])


# ---------------------------------------------------------------- the reader, on files made here


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def field(number: int, value: int | bytes | str) -> bytes:
    """A field of Protocol Buffers: a whole number, or bytes with their length before them."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name: str, values: np.ndarray, **changed: bytes) -> bytes:
    dims = changed.get("dims", b"".join(field(1, size) for size in values.shape))
    kind = changed.get("kind", field(2, 1))
    return field(5, dims + kind + field(8, name) + field(9, values.astype("<f4").tobytes()))


def node(kind: str, name: str, *inputs: str) -> bytes:
    return field(1, b"".join(field(1, each) for each in inputs) + field(3, name) + field(4, kind))


VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)
WHOLE = field(1, 7) + field(7, node("MatMul", "/a/MatMul", "x", "w") + tensor("w", VALUES))


def test_a_graph_is_read_as_it_was_written():
    # Fields of every wire type that are not asked for, among them four and eight bytes.
    rest = varint(90 << 3 | 5) + b"1234" + varint(91 << 3 | 1) + b"12345678" + field(300, 2**40)
    packed = tensor("p", VALUES, dims=field(1, varint(2) + varint(3)))
    graph = onnx_file.graph(memoryview(WHOLE + rest + field(7, packed)))
    assert graph.nodes == (onnx_file.OnnxNode("MatMul", "/a/MatMul", ("x", "w")),)
    assert np.array_equal(graph.tensors["w"], VALUES)
    assert np.array_equal(graph.tensors["p"], VALUES)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "has no graph"),
        (WHOLE[:-3], "goes beyond its end"),
        (b"\xff" * 30, "does not end"),
        (b"\x3a\x80", "does not end"),
        (b"\x3b", "goes beyond its end"),
        (field(7, 5), "a number stands where bytes"),
        (field(7, field(1, field(3, b"\xff\xfe"))), "not UTF-8"),
        (field(7, tensor("w", VALUES) * 2), "two tensors 'w'"),
        (field(7, tensor("w", VALUES, kind=field(2, 10))), "'w' of the ONNX file is not"),
        (field(7, tensor("w", VALUES, dims=field(1, 7))), "'w' of the ONNX file is not"),
        (field(7, tensor("w", VALUES, dims=field(1, 2**64 - 6))), "'w' of the ONNX file is not"),
    ],
    ids=[
        "empty",
        "cut off",
        "varint",
        "length",
        "group",
        "number",
        "name",
        "twice",
        "type",
        "shape",
        "negative",
    ],
)
def test_what_is_damaged_is_refused(data, says):
    with pytest.raises(ic.UnsupportedModel, match=says):
        onnx_file.graph(memoryview(data))


def test_a_file_of_another_network_is_refused(tmp_path):
    (tmp_path / "x.onnx").write_bytes(WHOLE)
    with pytest.raises(ic.UnsupportedModel, match="no Concat node"):
        photos.convert(tmp_path / "x.onnx", tmp_path)
    (tmp_path / "x.onnx").write_bytes(b"")
    with pytest.raises(ic.UnsupportedModel, match="it is empty"):
        photos.convert(tmp_path / "x.onnx", tmp_path)

"""Pictures that are handed over: large, turned, tiny, broken, and bombs."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import interp_core as ic


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims side × side pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_photo_of_twelve_million_pixels_is_read_and_made_smaller(kind):
    ramp = np.linspace(0, 255, 4000).astype(np.uint8)
    photo = Image.fromarray(np.broadcast_to(ramp[None, :, None], (3000, 4000, 3)).copy())
    found = ic.read_image(saved(photo, kind))
    assert found.size == (1024, 768)
    row = np.asarray(found)[300, :, 0].astype(int)
    assert (np.diff(row[::64]) > 0).all()


def test_a_single_pixel_is_a_picture():
    found = ic.read_image(saved(Image.new("RGB", (1, 1), (10, 20, 30)), "PNG"))
    assert found.size == (1, 1)
    assert found.getpixel((0, 0)) == (10, 20, 30)


def test_the_turn_in_the_exif_entry_is_made():
    picture = Image.new("RGB", (8, 4))
    picture.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90° to the right
    found = ic.read_image(saved(picture, "PNG", exif=exif))
    assert found.size == (4, 8)
    assert found.getpixel((3, 0)) == (255, 255, 255)


def test_transparent_parts_lie_on_white():
    found = ic.read_image(saved(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "PNG"))
    assert found.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK"])
def test_every_mode_becomes_grey_or_colour(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert ic.read_image(saved(Image.new(mode, (5, 5)), kind)).mode in ("L", "RGB")


def test_grey_levels_of_sixteen_bits_keep_their_order():
    levels = np.linspace(0, 65_535, 256).astype(np.uint16).reshape(16, 16)
    found = ic.read_image(saved(Image.fromarray(levels), "PNG"))
    assert found.mode == "L"
    assert np.abs(np.asarray(found).ravel().astype(int) - np.arange(256)).max() <= 1


def test_large_grey_levels_of_sixteen_bits_keep_them_when_made_smaller():
    ramp = np.linspace(0, 65_535, 1_500).astype(np.uint16)
    data = saved(Image.fromarray(np.broadcast_to(ramp, (30, 1_500)).copy()), "PNG")
    row = np.asarray(ic.read_image(data))[10].astype(int)
    assert len(row) == 1024
    assert np.abs(row - np.linspace(0, 255, 1024)).max() <= 2


@pytest.mark.parametrize(
    ("mode", "colour", "key"),
    [("L", 100, 100), ("RGB", (10, 20, 30), (10, 20, 30)), ("P", 1, 1), ("1", 0, 0)],
)
@pytest.mark.parametrize("side", [5, 1_500])
def test_the_colour_that_counts_as_transparent_becomes_white(mode, colour, key, side):
    picture = Image.new(mode, (side, 4), colour)
    if mode == "P":
        picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.paste({"L": 7, "RGB": (7, 7, 7), "P": 0, "1": 1}[mode], (0, 0, side // 2, 4))
    found = ic.read_image(saved(picture, "PNG", transparency=key))
    right = np.asarray(found.convert("RGB"))[:, -2:]
    assert (right == 255).all()
    left = np.asarray(found.convert("RGB"))[:, :2]
    assert ({"L": 7, "RGB": 7, "P": [255, 0, 0], "1": 255}[mode] == left).all()


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_a_bomb_is_refused_by_its_header(side):
    data = bomb(side)
    assert len(data) < 200
    with pytest.raises(ic.BadInput, match=r"pixels|cannot be opened"):
        ic.read_image(data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"these are words, not pixels\n" * 20, "cannot be opened as a PNG, JPEG or WebP"),
        (b"", "empty"),
        (saved(Image.effect_noise((64, 64), 80), "PNG")[:2000], "damaged"),
        (saved(Image.new("RGB", (64, 64)), "GIF"), "cannot be opened as a PNG, JPEG or WebP"),
        (b"PK\x03\x04" + b"0" * 50, "zip"),
    ],
)
def test_what_is_no_picture_is_said_in_a_sentence(data, sentence):
    with pytest.raises(ic.BadInput, match=sentence):
        ic.read_image(data)


def test_a_text_file_named_png_is_found_out(tmp_path):
    path = tmp_path / "cat.png"
    path.write_text("a cat")
    with pytest.raises(ic.BadInput, match=r"cat\.png cannot be opened as a PNG"):
        ic.read_image(path)

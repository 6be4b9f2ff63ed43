"""Pictures in files of users: checked by their header before a pixel is decoded."""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput
from interp_core.files.limits import read_bounded

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 25 * 2**20
MAX_PIXELS = 50_000_000  # a camera's picture has 12 to 48 million
LONGEST = 1024  # px that are kept: no model here reads more
_ONE = threading.Lock()  # a picture of the largest size takes 400 MB while it is decoded


def read_image(source: Any, *, longest: int = LONGEST) -> Image.Image:
    """The picture in a path, in bytes, or in an upload; upright, in RGB or grey.

    Turned as its EXIF entry says, the first of several frames, transparent parts on white, and
    made smaller than `longest` px. Raises `BadInput` for what is no PNG, JPEG or WebP, for
    damaged files, and for pictures too large to be decoded safely.
    """
    from PIL import Image, UnidentifiedImageError

    name, data = read_bounded(source, pictures=True)
    name = name or "The file"
    if len(data) > MAX_BYTES:
        raise BadInput(f"{name} is larger than {MAX_BYTES // 2**20} MB. Resize or compress it.")
    try:
        with _ONE, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decoded(name, data, longest)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadInput(f"{name} cannot be opened as a PNG, JPEG or WebP image.") from error
    except BadInput:
        raise
    except Exception as error:  # what a decoder stumbles over has a hundred names
        raise BadInput(f"{name} is damaged: it cannot be decoded.") from error


def _decoded(name: str, data: bytes, longest: int) -> Image.Image:
    from PIL import Image, ImageOps

    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    _check_size(name, picture.size)
    picture.draft("RGB", (longest, longest))  # JPEG: decodes small at once
    picture = ImageOps.exif_transpose(picture)
    picture.thumbnail((longest, longest))
    return _opaque(picture)


def _check_size(name: str, size: tuple[int, int]) -> None:
    wide, high = size
    if wide < 1 or high < 1:
        raise BadInput(f"{name} has no pixels.")
    if wide * high > MAX_PIXELS:
        raise BadInput(
            f"{name} has {wide:,} × {high:,} pixels; at most {MAX_PIXELS // 10**6} million "
            "are decoded. Resize or compress it."
        )


DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # grey levels of 16 bits, 0 to 65,535


def _opaque(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode in ("RGBA", "LA", "PA", "P"):
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(ground, picture).convert("RGB")
    if picture.mode in DEEP:  # `convert` would clip at 255
        picture = picture.point(lambda value: value / 257).convert("L")
    return picture.convert("L" if picture.mode in ("1", "L", "F") else "RGB")

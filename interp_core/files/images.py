"""Pictures in files of users: checked by their header before a pixel is decoded."""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput
from interp_core.files.limits import read_bounded
from interp_core.inputs.opaque import DEEP, KEY, opaque

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
    if picture.mode in (*DEEP, "P") or KEY in picture.info:  # resized, colours would be mixed
        picture = opaque(picture)
    picture.thumbnail((longest, longest))
    return opaque(picture)


def _check_size(name: str, size: tuple[int, int]) -> None:
    wide, high = size
    if wide < 1 or high < 1:
        raise BadInput(f"{name} has no pixels.")
    if wide * high > MAX_PIXELS:
        raise BadInput(
            f"{name} has {wide:,} × {high:,} pixels; at most {MAX_PIXELS // 10**6} million "
            "are decoded. Resize or compress it."
        )

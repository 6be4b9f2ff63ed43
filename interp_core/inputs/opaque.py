"""Pictures of any PIL mode as RGB or grey levels of 8 bits, without parts that let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # grey levels of 16 bits, 0 to 65,535
KEY = "transparency"  # of `info`: the colour that counts as transparent


def opaque(picture: Image) -> Image:
    """The picture in mode "L" or "RGB", transparent parts on white.

    Grey levels of 16 bits are divided by 257: what Pillow converts itself, it clips at 255.
    """
    from PIL import Image

    keyed = KEY in picture.info
    if picture.mode in DEEP:
        levels = np.asarray(picture).astype(np.int64)
        grey = np.rint(levels.clip(0, 65_535) / 257).astype(np.uint8)
        return Image.fromarray(np.where(levels == picture.info[KEY], 255, grey) if keyed else grey)
    if picture.mode in ("RGBA", "LA", "La", "RGBa", "PA", "P") or keyed:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(ground, picture).convert("RGB")
    if picture.mode in ("L", "RGB"):
        return picture
    return picture.convert("L" if picture.mode in ("1", "F") else "RGB")

"""Small pictures of attention maps as PNG data URLs: one byte a cell however long the text is."""

from __future__ import annotations

import base64
import io

import numpy as np

INK = (47, 111, 214)  # readable on white and on near-black; strength is told by opacity
STEPS = 256
SHARP = 128  # px a side that a picture gets at least


def shrink(weights: np.ndarray, size: int) -> np.ndarray:
    """Reduce a map to at most size × size by the maximum of each block, so that no line is lost."""
    rows, columns = (_edges(length, size) for length in weights.shape)
    reduced = np.maximum.reduceat(weights, rows, axis=0)
    return np.maximum.reduceat(reduced, columns, axis=1)


def _edges(length: int, size: int) -> np.ndarray:
    count = min(length, size)
    return np.arange(count) * length // count


def _repeats(cells: int) -> int:
    return max(1, SHARP // cells)


def picture_url(weights: np.ndarray, *, top: float = 1.0) -> str:
    """A PNG data URL whose opacity is √(weight / top), transparent at zero.

    The square root keeps faint lines visible; say so beside the picture.
    """
    from PIL import Image

    strength = np.sqrt(np.clip(weights / (top or 1.0), 0, 1))
    # Browsers blur small pictures when they enlarge them: repeat the cells instead.
    strength = strength.repeat(_repeats(strength.shape[0]), 0).repeat(
        _repeats(strength.shape[1]), 1
    )
    picture = Image.fromarray((strength * (STEPS - 1)).astype(np.uint8), mode="P")
    picture.putpalette(bytes(INK) * STEPS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes(range(STEPS)), compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

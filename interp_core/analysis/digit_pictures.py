"""The handwritten digits that scikit-learn brings along, as pictures: examples for image models.

1,797 pictures of 8 × 8 pixels (Alpaydin and Kaynak 1998, UCI; CC BY 4.0). The model `digits` never
saw the 360 that `held_out` names.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

HELD_OUT = 360
INK = 16  # the darkest grey of the table; 0 is paper
SEED = 0


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images, digits.target


def digit_labels() -> np.ndarray:
    """Which digit each picture shows, (1797,)."""
    return _table()[1]


def digit_picture(number: int) -> Image.Image:
    """Picture `number` of 0 to 1796: light ink on dark ground, 8 × 8."""
    from PIL import Image

    grey = np.round(_table()[0][number] * (255 / INK)).astype(np.uint8)
    return Image.fromarray(grey)


def held_out() -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the training pictures (1437,) and of those kept back (360,), both sorted."""
    return split(np.arange(len(digit_labels())), HELD_OUT, SEED)


def held_out_digits(count: int) -> list[Image.Image]:
    """The first `count` of the pictures kept back, of which there are 360."""
    return [digit_picture(int(number)) for number in held_out()[1][:count]]


def split(numbers: np.ndarray, kept_back: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two parts of `numbers` with the same share of each digit; the second has `kept_back`."""
    from sklearn.model_selection import train_test_split

    parts = train_test_split(
        numbers, test_size=kept_back, random_state=seed, stratify=digit_labels()[numbers]
    )
    return np.sort(parts[0]), np.sort(parts[1])

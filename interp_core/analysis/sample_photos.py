"""Two photographs that scikit-learn brings along (CC BY 2.0): examples for image models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from PIL import Image

PHOTOS = {"temple": "china.jpg", "flower": "flower.jpg"}


def sample_photo(name: str) -> Image.Image:
    """The photograph "temple" or "flower". Raises `BadInput` for any other name."""
    from PIL import Image
    from sklearn.datasets import load_sample_image

    if name not in PHOTOS:
        raise BadInput(f"There is no photograph {name!r}. Choose: {', '.join(PHOTOS)}.")
    return Image.fromarray(np.asarray(load_sample_image(PHOTOS[name])))

"""Turn an image into model inputs and name its patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.errors import BadInput
from interp_core.models.tokens import Encoded, TokenSequence

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def encode_image(model: LoadedModel, image: Any) -> Encoded:
    """Pixels and patch tokens of one PIL image or (height, width, channels) array.

    Tokens are the class token (and the extra ones of DeiT or DINOv2), then `row,column` of each
    patch. Raises `BadInput`.
    """
    from PIL import Image

    if isinstance(image, np.ndarray):
        try:
            image = Image.fromarray(image)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"An array of shape {image.shape} and type {image.dtype} is no picture: give "
                "(height, width, 3) of type uint8."
            ) from error
    if not isinstance(image, Image.Image):
        raise BadInput(f"{model.name!r} reads images: give a picture, not {type(image).__name__}.")
    if 0 in image.size:
        raise BadInput("The picture has no pixels.")
    mode = "L" if model.model.config.num_channels == 1 else "RGB"
    pixels = model.processor(images=image.convert(mode), return_tensors="pt")["pixel_values"]
    inputs = {"pixel_values": pixels.to(model.device, model.model.dtype)}
    return Encoded(inputs, _patches(model, pixels.shape[-2:]))


def _patches(model: LoadedModel, size: tuple[int, int]) -> TokenSequence:
    config = model.model.config
    patch = config.patch_size
    high, wide = patch if isinstance(patch, (tuple, list)) else (patch, patch)
    grid = [
        f"{row},{column}" for row in range(size[0] // high) for column in range(size[1] // wide)
    ]
    extra = ["[CLS]"] + ["[DIST]"] * (config.model_type == "deit")
    extra += [f"[REG{number}]" for number in range(getattr(config, "num_register_tokens", 0))]
    names = (*extra, *grid)
    nothing = (None,) * len(names)
    return TokenSequence(
        tokens=names,
        ids=np.arange(len(names)),
        special=np.arange(len(names)) < len(extra),
        word_ids=(*nothing[: len(extra)], *range(len(grid))),
        segments=nothing,
        offsets=nothing,
        texts=(),
    )

"""Turn an image into model inputs and name its patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.opaque import opaque
from interp_core.inputs.tokens import Encoded, TokenSequence

if TYPE_CHECKING:
    from PIL.Image import Image

    from interp_core.models.record import LoadedModel
    from interp_core.models.vision import PictureTokens


def encode_image(model: LoadedModel, image: Any) -> Encoded:
    """Pixels and patch tokens of one PIL image or (height, width, channels) array.

    Tokens are `row,column` for each patch, and before or after them what the model adds: the class
    token `[CLS]` where there is one, `[DIST]` (DeiT with a teacher), `[REG0]` … (registers). Raises
    `BadInput`, or `UnsupportedModel` for a size of picture that the model does not read.
    """
    told = model.layout.pictures
    if told is None:
        raise UnsupportedModel(f"{model.name!r} reads text, not images.")
    mode = "L" if told.channels == 1 else "RGB"
    given = _picture(model, image).convert(mode)
    pixels = model.processor(images=given, return_tensors="pt")["pixel_values"]
    _check_size(model, tuple(pixels.shape[-2:]))
    inputs = {"pixel_values": pixels.to(model.device, model.model.dtype)}
    return Encoded(inputs, _patches(told, told.grid(*pixels.shape[-2:])))


def _picture(model: LoadedModel, image: Any) -> Image:
    from PIL import Image

    if isinstance(image, np.ndarray):
        unfit = BadInput(
            f"An array of shape {image.shape} and type {image.dtype} is not an image. "
            "Give (height, width, 3) of type uint8."
        )
        if image.dtype not in (np.uint8, np.bool_):  # others would be clipped
            raise unfit
        try:
            image = Image.fromarray(image)
        except (TypeError, ValueError) as error:
            raise unfit from error
    if not isinstance(image, Image.Image):
        raise BadInput(f"{model.name!r} reads images. Give an image, not {type(image).__name__}.")
    if 0 in image.size:
        raise BadInput("The image has no pixels.")
    if image.mode in ("I", "F"):  # nobody knows what their white is
        raise BadInput(
            f"An image of PIL mode {image.mode!r} has no largest value. Convert it to 8 bits: "
            "levels from 0 to 255 in mode 'L'."
        )
    return opaque(image)


def _check_size(model: LoadedModel, size: tuple[int, int]) -> None:
    told = model.layout.pictures
    if 0 in told.grid(*size):
        raise BadInput(
            f"The image has {size[0]} × {size[1]} pixels for this model, and a patch takes "
            f"{told.patch[0]} × {told.patch[1]}. Use a larger image."
        )
    if size != told.size and not told.other_sizes:
        raise UnsupportedModel(
            f"The image processor makes images of {size[0]} × {size[1]} pixels, and "
            f"{model.name!r} reads {told.size[0]} × {told.size[1]} only. Save the processor "
            "that belongs to the model beside it."
        )


def _patches(tokens: PictureTokens, size: tuple[int, int]) -> TokenSequence:
    grid = [f"{row},{column}" for row in range(size[0]) for column in range(size[1])]
    names = (*tokens.before, *grid, *tokens.after)
    nothing = (None,) * len(names)
    special = np.ones(len(names), dtype=bool)
    special[len(tokens.before) : len(tokens.before) + len(grid)] = False
    words = (*nothing[: len(tokens.before)], *range(len(grid)), *nothing[: len(tokens.after)])
    return TokenSequence(
        tokens=names,
        ids=np.arange(len(names)),
        special=special,
        word_ids=words,
        segments=nothing,
        offsets=nothing,
        texts=(),
    )


def patch_grid(tokens: Sequence[str]) -> tuple[int, int]:
    """(rows, columns) of the patches that `encode_image` names `row,column`."""
    last = next(token for token in reversed(tokens) if not token.startswith("[")).split(",")
    return int(last[0]) + 1, int(last[1]) + 1


def image_batches(
    model: LoadedModel, images: Sequence[Any], limit: int
) -> Iterator[tuple[int, list[Encoded]]]:
    """Pictures in order, at most `limit` together and all of one size, with the first one's number.

    Processors that keep the shape of a picture make sizes that differ.
    """
    held: list[Encoded] = []
    for number, image in enumerate(images):
        encoded = encode_image(model, image)
        shapes = {each.inputs["pixel_values"].shape for each in (encoded, *held[:1])}
        if len(shapes) > 1 or len(held) == limit:
            yield number - len(held), held
            held = []
        held.append(encoded)
    if held:
        yield len(images) - len(held), held


def as_seen(model: LoadedModel, image: Any) -> Image:
    """The part of a picture that the model's patches cover, as its processor returns it.

    Processors crop, squeeze and scale: what is laid over patches must be this, not the original.
    """
    from PIL import Image

    told, processor = model.layout.pictures, model.processor
    pixels = encode_image(model, image).inputs["pixel_values"][0].float().cpu().numpy()
    if getattr(processor, "do_normalize", False):
        mean, std = (
            np.asarray(each, dtype=np.float32).reshape(-1, 1, 1)
            for each in (processor.image_mean, processor.image_std)
        )
        pixels = pixels * std + mean
    if getattr(processor, "do_rescale", True):
        pixels = pixels / getattr(processor, "rescale_factor", 1 / 255)
    rows, columns = told.grid(*pixels.shape[-2:])
    pixels = pixels[:, : rows * told.patch[0], : columns * told.patch[1]]
    values = np.rint(pixels).clip(0, 255).astype(np.uint8)
    return Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))

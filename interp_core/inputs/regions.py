"""Which part of a picture the patches of a model cover: where its processor crops and pads.

Nothing is taken from the settings of the processor: it is given pictures whose grey values tell the
place of each pixel, and what comes out says where it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.inputs.images import encode_image

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

PRESENT = 0.99  # of the full response: less is padding, or its edge
SHORTEST = 3  # pixels of the model to fit a line to
LEVELS = 255  # steps of a ramp of grey values


@dataclass(frozen=True)
class Region:
    """A rectangle in pixels of the original picture, from its upper left corner.

    What lies outside the picture (`left` below 0, `right` beyond its width) is padding.
    """

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """In pixels of the original."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """In pixels of the original."""
        return self.bottom - self.top

    def patch(self, row: int, column: int, grid: tuple[int, int]) -> Region:
        """The rectangle of one patch of `grid` (rows, columns)."""
        tall, broad = self.height / grid[0], self.width / grid[1]
        left, top = self.left + column * broad, self.top + row * tall
        return Region(left, top, left + broad, top + tall)


def seen_region(model: LoadedModel, image: Any) -> Region | None:
    """The part of a PIL image or (height, width, channels) array that the model's patches cover.

    Found by four pictures of the same size through the model's processor: black, white, and two
    ramps of grey values. None where the processor does more than to scale, crop and pad along the
    sides, so that there is no such rectangle. Raises what `encode_image` raises.
    """
    height, width = image.shape[:2] if isinstance(image, np.ndarray) else image.size[::-1]
    across = np.broadcast_to((np.arange(width) + 0.5) / width, (height, width))
    down = np.broadcast_to(((np.arange(height) + 0.5) / height)[:, None], (height, width))
    black = _response(model, np.zeros((height, width)))
    reach = _response(model, np.ones((height, width))) - black
    if not np.abs(reach).max() > 0:
        return None
    present = np.abs(reach) > PRESENT * np.abs(reach).max()
    rows, columns = present.any(1), present.any(0)
    if not present[np.ix_(rows, columns)].all():
        return None
    safe = np.where(present, reach, 1.0)
    sides = []
    for ramp, length, axis, kept, others in (
        (across, width, 1, columns, rows),
        (down, height, 0, rows, columns),
    ):
        found = (_response(model, ramp) - black) / safe
        lines = (found if axis == 1 else found.T)[np.ix_(others, kept)]
        patch, grid = _patches(model, black.shape, axis)
        ends = _ends(lines, np.flatnonzero(kept), length, patch * grid)
        if ends is None:
            return None
        sides.append(ends)
    (left, right), (top, bottom) = sides
    return Region(left, top, right, bottom)


def _patches(model: LoadedModel, size: tuple[int, int], axis: int) -> tuple[int, int]:
    """Pixels of a patch, and how many patches there are, along one axis."""
    told = model.layout.pictures
    return told.patch[axis], told.grid(*size)[axis]


def _response(model: LoadedModel, grey: np.ndarray) -> np.ndarray:
    """What a picture of these grey values (0 to 1) becomes, (height, width), as the model gets it.

    Colours are weighed alike, whatever mean and deviation the processor takes from them.
    """
    values = np.rint(grey * LEVELS).astype(np.uint8)
    picture = np.repeat(values[:, :, None], 3, axis=2)
    return encode_image(model, picture).inputs["pixel_values"][0].double().mean(0).cpu().numpy()


def _ends(
    lines: np.ndarray, places: np.ndarray, length: int, covered: int
) -> tuple[float, float] | None:
    """Where the first and the last pixel of the patches end, in pixels of the original.

    `lines` (lines across, places) are the places in the original as shares of its `length`; they
    must all say the same, and lie on a line that rises.
    """
    if lines.shape[1] < SHORTEST or not len(lines):
        return None
    told = lines.mean(0) * length
    # Where a picture ends, filters see less on one side: the line is fitted to the middle.
    span = max(told.max() - told.min(), 1.0)
    edge = min(max(2, round(2.5 * len(told) / span)), (len(told) - SHORTEST) // 2)
    middle = slice(edge, len(told) - edge)
    slope, start = np.polyfit(places[middle] + 0.5, told[middle], 1)
    fitted = slope * (places[middle] + 0.5) + start
    coarse = max(slope, 1.0, length / LEVELS)  # a pixel of the model, of the picture, a grey value
    apart = np.abs(lines[:, middle] * length - fitted).max()
    if slope <= 0 or apart > coarse:
        return None
    return tuple(_at_edge(end, length, slope) for end in (start, start + slope * covered))


def _at_edge(end: float, length: int, step: float) -> float:
    """The edge of the picture where it is less than half a pixel of the model away."""
    for edge in (0.0, float(length)):
        if abs(end - edge) < step / 2:
            return edge
    return float(end)

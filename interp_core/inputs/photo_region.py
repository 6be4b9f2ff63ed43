"""Which part of a picture the patches of a model cover: where its processor crops and pads.

Nothing is taken from the settings of the processor: it is given pictures whose grey values tell the
place of each pixel, and what comes out says where it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.inputs.images import encode_image

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

PRESENT = 0.99  # of the full response: less is padding, or its edge
SHORTEST = 3  # pixels of the model to fit a line to
LEVELS = 255  # steps of a ramp of grey values
BLURRED = 2.5  # pixels at the end of a picture where its filter sees less on one side
RAMPS = 4  # over a picture that is enlarged
FEW = 64  # grey values over what the model sees; with fewer the ramp is made steeper


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

    Found by pictures of the same size through the model's processor: black, white, and ramps of
    grey values. None where the processor does more than to scale, crop and pad along the sides, so
    that there is no such rectangle, and where it keeps so few pixels (fewer than about seven a
    side) that it cannot be told. Raises what `encode_image` raises.
    """
    height, width = image.shape[:2] if isinstance(image, np.ndarray) else image.size[::-1]
    black = _response(model, np.zeros((height, width)))
    reach = _response(model, np.ones((height, width))) - black
    if not np.abs(reach).max() > 0:
        return None
    present = np.abs(reach) > PRESENT * np.abs(reach).max()
    rows, columns = present.any(1), present.any(0)
    if not present[np.ix_(rows, columns)].all():
        return None
    safe = np.where(present, reach, 1.0)

    def along(axis: int) -> tuple[float, float] | None:
        length, kept, others = ((height, rows, columns), (width, columns, rows))[axis]

        def found(low: float, high: float) -> np.ndarray:
            """Where the pixels of the model lie in the original, (lines, pixels), by one ramp."""
            ramp = ((np.arange(length) + 0.5 - low) / (high - low)).clip(0, 1)
            grey = np.broadcast_to(ramp if axis else ramp[:, None], (height, width))
            shares = (_response(model, grey) - black) / safe
            lines = (shares if axis else shares.T)[np.ix_(others, kept)]
            return low + lines * (high - low)

        covered = int(np.prod(_patches(model, black.shape, axis)))
        return _ends(found, np.flatnonzero(kept), length, covered)

    across = along(1)
    down = along(0) if across else None
    if across is None or down is None:
        return None
    return Region(across[0], down[0], across[1], down[1])


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
    found: Callable[[float, float], np.ndarray], places: np.ndarray, length: int, covered: int
) -> tuple[float, float] | None:
    """Where the first and the last pixel of the patches end, in pixels of the original.

    `found` gives the places (lines across, pixels of the model) by a ramp between two ends. All
    lines must say the same, and lie on a line that rises.
    """
    if len(places) < SHORTEST:
        return None
    ends = _ramps(length, several=length < covered)
    lines, (low, high) = np.mean([found(*each) for each in ends], axis=0), ends[0]
    step = (high - low) / LEVELS
    if lines.max() - lines.min() < FEW * step:  # a small part of a long picture
        margin = 2 * step + 4 * BLURRED
        low, high = max(low, lines.min() - margin), min(high, lines.max() + margin)
        lines = found(low, high)
        step = (high - low) / LEVELS
    fitted = _line(places, lines, slice(None))
    if np.abs(lines - fitted(places)).max() > step:
        # Where a picture ends, filters see less on one side: the line is fitted to the middle.
        count, span = len(places), max(np.ptp(lines.mean(0)), 1e-9)
        edge = max(2, round(BLURRED * count / span))
        if count - 2 * edge < SHORTEST:
            return None
        middle = slice(edge, count - edge)
        fitted = _line(places, lines, middle)
        apart = np.abs(lines - fitted(places))[:, middle].max()
        # A pixel of the model, of the picture, a grey value.
        if apart > max(fitted(1) - fitted(0), 1.0, step):
            return None
    slope = fitted(1) - fitted(0)
    if slope * covered < 1:  # a pixel: less cannot be told from nothing
        return None
    return tuple(_at_edge(fitted(end - 0.5), length, slope) for end in (0, covered))


def _ramps(length: int, several: bool) -> list[tuple[float, float]]:
    """The ends of ramps over a picture, the steepest first.

    Where it can be, its pixels get whole grey values: in a small picture that is enlarged, rounding
    each of them would bend the line. What comes out is rounded, too; `several` ramps are rounded at
    other places each.
    """
    steepest = LEVELS // length
    if not steepest:
        return [(0.0, float(length))]
    rises = np.linspace(steepest, 0.6 * steepest, RAMPS if several else 1).round()
    found = []
    for rise in dict.fromkeys(int(max(each, 1)) for each in rises):
        low = 0.5 - (LEVELS - rise * (length - 1)) // 2 / rise
        found.append((low, low + LEVELS / rise))
    return found


def _line(places: np.ndarray, lines: np.ndarray, part: slice) -> Callable[[Any], Any]:
    """The straight line through the mean of the lines in a part of them."""
    return np.poly1d(np.polyfit(places[part], lines.mean(0)[part], 1))


def _at_edge(end: float, length: int, step: float) -> float:
    """The edge of the picture where it is less than half a pixel of the model away."""
    for edge in (0.0, float(length)):
        if abs(end - edge) < step / 2:
            return edge
    return float(end)

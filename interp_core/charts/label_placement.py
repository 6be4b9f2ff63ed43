"""Which points of a picture can bear their label without piling up, at each magnification.

Labels are set greedily, the most wanted first, in a window of a stated size; what was set stays
set when the window is magnified, and more find room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

MAGNIFICATIONS = (0.4, 1, 2, 4, 8, 16, 32, 64)  # label level 0 (a small window), 1, 2, …
IN_VIEW = 80  # labels in a window at once: more would hide the points
LETTER, LINE = 6.2, 14  # px of a letter (mean) and of a line at 11 px
RAISED = 9  # px by which a label stands above its point
CELL = 7  # px: labels are kept apart on a grid of half a line
FEW, RADIUS = 600, 4  # points up to which no label may cover another one; px of a point
NEVER = -1
NAME_LETTER, NAME_LINE = 7.6, 17  # px of a letter and of a line in bold at 13 px
TRIES = 12  # lines up or down that a name may move


def label_levels(
    coordinates: np.ndarray,
    texts: Sequence[str],
    *,
    order: np.ndarray | None = None,
    width: float = 900,
    height: float = 540,
    limit: int = 1_500,
) -> np.ndarray:
    """(n,) the level from which each label is shown; −1 for never.

    Level l is a magnification of `MAGNIFICATIONS[l]` of a window of `width` × `height` px.
    `coordinates` (n, 2); `order` lists the points from the most wanted (default: as they come); at
    most `limit` labels are set.
    """
    places = np.asarray(coordinates, dtype=np.float64)
    levels = np.full(len(places), NEVER)
    low = places.min(axis=0)
    size = np.maximum(places.max(axis=0) - low, 1e-12)
    pixels = (places - low) / size * (width, height)
    wanted = np.arange(len(places)) if order is None else np.asarray(order)
    wanted = wanted[: 4 * limit]
    for level, zoom in enumerate(MAGNIFICATIONS):
        taken: set[tuple[int, int]] = set()
        points = _points(pixels * zoom) if len(places) <= FEW else set()
        shown = [row for row in wanted if levels[row] >= 0]
        allowed = min(limit, IN_VIEW * zoom**2)
        for row in shown:
            taken.update(_cells(pixels[row] * zoom, len(texts[row])))
        for row in wanted:
            if len(shown) >= allowed:
                break
            if levels[row] >= 0:
                continue
            cells = list(_cells(pixels[row] * zoom, len(texts[row])))
            covered = points.intersection(cells)
            if covered and covered <= _points(pixels[row : row + 1] * zoom):
                covered.clear()  # its own point
            if taken.isdisjoint(cells) and not covered:
                taken.update(cells)
                levels[row] = level
                shown.append(row)
    return levels


def _points(places: np.ndarray) -> set[tuple[int, int]]:
    """The grid cells that these points cover."""
    ends = np.concatenate(
        [places + np.array([x, y]) for x in (-RADIUS, RADIUS) for y in (-RADIUS, RADIUS)]
    )
    return set(map(tuple, (ends // CELL).astype(int).tolist()))


def _cells(place: np.ndarray, letters: int) -> Iterator[tuple[int, int]]:
    """The grid cells that a label covers: centred, above its point."""
    half = max(letters, 2) * LETTER / 2
    left, right = int((place[0] - half) // CELL), int((place[0] + half) // CELL)
    middle = place[1] + RAISED
    low, high = int((middle - LINE / 2) // CELL), int((middle + LINE / 2) // CELL)
    for across in range(left, right + 1):
        for down in range(low, high + 1):
            yield across, down


def names_apart(
    places: np.ndarray,
    texts: Sequence[str],
    span: np.ndarray,
    *,
    size: tuple[int, int] = (600, 500),
) -> np.ndarray:
    """(n, 2) places of names, moved up or down by as few lines as it takes not to overlap.

    `span` (2,) is what the picture shows of each axis, drawn on `size` px.
    """
    scale = np.asarray(size) / np.maximum(span, 1e-12)
    set_down: list[tuple[float, float, float]] = []
    moved = np.array(places, dtype=np.float64)
    for row in np.argsort(-moved[:, 1], kind="stable"):
        x, y = moved[row] * scale
        half = len(texts[row]) * NAME_LETTER / 2
        lines = sorted(range(-TRIES, TRIES + 1), key=abs)
        free = (y + line * NAME_LINE for line in lines)
        y = next((at for at in free if not _covered(x, at, half, set_down)), y)
        set_down.append((x, y, half))
        moved[row, 1] = y / scale[1]
    return moved


def _covered(x: float, y: float, half: float, others: Sequence[tuple[float, float, float]]) -> bool:
    return any(
        abs(x - other_x) < half + other_half and abs(y - other_y) < NAME_LINE
        for other_x, other_y, other_half in others
    )

"""Axes that a user defines: from the mean of some words to the mean of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.reducers import Job
    from interp_core.analysis.vectors import Vectors

Ends = tuple[Iterable[str] | str, Iterable[str] | str]


def reduce_axis(job: Job, *, axes: Sequence[Ends] = (), by: str = "") -> np.ndarray:
    """(n, dimensions) along each axis: −½ at the mean of its first words, +½ at its second.

    `axes` holds (words, words) for each dimension: `[(["man"], ["woman"]), (["poor"], ["rich"])]`.
    Words are looked up in the column `by` of the frame (default: token, else text). The axes need
    not stand at right angles; the angle is noted.
    """
    if len(axes) != job.dimensions:
        raise BadInput(f"{job.dimensions} dimensions need {job.dimensions} axes, not {len(axes)}.")
    directions, middles = [], []
    for ends in axes:
        low, high = axis_ends(job.vectors, ends, by)
        directions.append(high - low)
        middles.append((high + low) / 2)
    for first in range(len(axes)):
        for second in range(first):
            job.notes.append(_angle(directions[second], directions[first], second, first))
    columns = [
        (job.values.astype(np.float64) - middle) @ direction / (direction @ direction)
        for direction, middle in zip(directions, middles)
    ]
    return np.stack(columns, axis=1)


def axis_ends(vectors: Vectors, ends: Ends, by: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The mean vectors (dim,) of both ends of an axis. Raises `BadInput`."""
    if isinstance(ends, str) or len(ends) != 2:
        raise BadInput("An axis has two ends: (words, words).")
    low, high = (_mean(vectors, words, by) for words in ends)
    if np.linalg.norm(high - low) <= 1e-6 * max(np.linalg.norm(high), np.linalg.norm(low)):
        raise BadInput("Both ends of the axis have the same mean. Choose other words.")
    return low, high


def _mean(vectors: Vectors, words: Iterable[str] | str, by: str) -> np.ndarray:
    words = [words] if isinstance(words, str) else list(words)
    if not words:
        raise BadInput("An end of the axis has no words. Name at least one.")
    column = _column(vectors, by)
    means = []
    for word in words:
        hits = (column == word.strip().casefold()).to_numpy()
        if not hits.any():
            raise BadInput(f"The word {word!r} is not among the points. Choose one that is.")
        means.append(vectors.values[hits].mean(axis=0, dtype=np.float64))
    return np.mean(means, axis=0)


def _column(vectors: Vectors, by: str) -> object:
    frame = vectors.frame
    if by and by not in frame:
        raise BadInput(f"The points have no column {by!r}. They have: {', '.join(frame)}.")
    if not by:
        by = "token" if "token" in frame and (frame["token"] != "").any() else "text"
    return frame[by].astype(str).str.strip(" ▁").str.casefold()


def _angle(one: np.ndarray, other: np.ndarray, first: int, second: int) -> str:
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return f"axes {first + 1} and {second + 1} stand at {degrees:.0f}° in the original space"

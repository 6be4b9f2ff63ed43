"""The record of vectors and of what each of them stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.files.limits import MAX_POINTS
from interp_core.models.finite import check_finite

UNUSED = "Leave those vectors out, or take another checkpoint: a model's notes name such weights."


@dataclass(frozen=True)
class Vectors(Charted):
    """`values` (n, dim) float32, all finite; `frame` has one row for each vector, in order.

    From a model the frame has the columns text, token, position and layer. `notes` say what was
    done to the vectors on the way (cut texts, numbers rounded to float32).
    """

    values: np.ndarray
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_finite(self.values, "numbers of the vectors", UNUSED)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dim(self) -> int:
        """Numbers in each vector."""
        return self.values.shape[1]

    def take(self, rows: np.ndarray | pd.Series) -> Vectors:
        """The vectors at these places, or where this mask of length n is true."""
        rows = np.asarray(rows)
        if rows.dtype == bool and len(rows) != len(self):
            raise BadInput(f"The mask has {len(rows):,} entries for {len(self):,} vectors.")
        frame = self.frame.loc[rows] if rows.dtype == bool else self.frame.iloc[rows]
        return Vectors(self.values[rows], frame.reset_index(drop=True), self.notes)

    def sample(self, count: int, *, seed: int = 0) -> Vectors:
        """At most `count` vectors drawn at random without repetition, in their order."""
        if count >= len(self):
            return self
        rows = np.random.default_rng(seed).choice(len(self), count, replace=False)
        drawn = self.take(np.sort(rows))
        note = f"a random sample of {count:,} of {len(self):,} vectors (seed {seed})"
        return Vectors(drawn.values, drawn.frame, (*self.notes, note))


def make_vectors(
    values: object, frame: pd.DataFrame | None = None, notes: tuple[str, ...] = ()
) -> Vectors:
    """Checked `Vectors` from anything that looks like a table of numbers (n, dim).

    Raises `BadInput` for no rows, no columns, missing or infinite numbers, numbers beyond float32,
    or a frame of another length.
    """
    given = _numbers(values)
    if given.ndim != 2 or 0 in given.shape:
        raise BadInput(
            f"Vectors are a table of numbers, one row each; this has the shape {given.shape}."
        )
    wide = given.dtype.kind in "iu" or given.dtype.itemsize > 4
    with np.errstate(over="ignore"):
        table = np.ascontiguousarray(given, dtype=np.float32)
    broken = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(broken):
        raise BadInput(
            f"{len(broken):,} of {len(table):,} rows hold NaN, infinite or too large numbers, "
            f"the first is row {broken[0] + 1:,}. Remove or repair them."
        )
    if frame is None:
        frame = pd.DataFrame({"text": [f"row {number + 1}" for number in range(len(table))]})
    if len(frame) != len(table):
        raise BadInput(
            f"There are {len(table):,} vectors but {len(frame):,} rows that describe them. "
            "Each vector needs exactly one row."
        )
    if wide and not np.array_equal(table, given):
        notes = (*notes, "numbers were rounded to 32 bits")
    return Vectors(table, frame.reset_index(drop=True), notes)


def _numbers(values: object) -> np.ndarray:
    try:
        given = np.asarray(values)
    except ValueError as error:
        raise BadInput("The rows differ in length. Give each vector as many numbers.") from error
    if given.dtype.kind not in "fiu":
        raise BadInput(f"Vectors must be numbers, not {given.dtype}.")
    return given


def check_points(count: int, least: int = 2) -> None:
    """Raise `BadInput` for fewer points than make sense, or more than can be handled."""
    if count < least:
        raise BadInput(f"{count} points are too few; at least {least} are needed. Add some.")
    if count > MAX_POINTS:
        raise BadInput(
            f"{count:,} points are more than the {MAX_POINTS:,} that can be searched exactly. "
            f"Take a sample: `vectors.sample({MAX_POINTS})`, or filter them."
        )


def unit(values: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, float32; rows of zeros stay zeros."""
    values = np.asarray(values, dtype=np.float32)
    scale = np.abs(values).max(axis=1, keepdims=True)  # squares of tiny numbers would vanish
    values = values / np.where(scale > 0, scale, 1)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(norms > 0, norms, 1)


def truncate(text: object, letters: int) -> str:
    """The text, cut with an ellipsis."""
    text = " ".join(str(text).split())
    return text if len(text) <= letters else text[: letters - 1] + "…"


def has_tokens(vectors: Vectors) -> bool:
    """Whether the points are tokens rather than whole texts."""
    return "token" in vectors.frame and bool((vectors.frame["token"] != "").any())


def name_of(vectors: Vectors, row: int) -> str:
    """What a point is called: the token with its text, or the text."""
    line = vectors.frame.iloc[row]
    token = str(line.get("token", "") or "")
    text = str(line["text"])
    return f"{token} · {text}" if token and token != text else text


def point_labels(vectors: Vectors, letters: int) -> list[str]:
    """What all points are called, cut."""
    frame = vectors.frame
    tokens = frame["token"] if "token" in frame else pd.Series("", index=frame.index)
    own = np.where((tokens != "") & (tokens != frame["text"]), tokens, "")
    return [
        truncate(f"{token} · {text}" if token else text, letters)
        for token, text in zip(own, frame["text"])
    ]


def label_names(column: pd.Series) -> pd.Series:
    """The labels of a column as texts; missing ones are empty, whole numbers have no point."""
    if column.dtype.kind == "f":
        column = column.map(lambda value: None if pd.isna(value) else f"{value:g}")
    return column.astype(object).where(column.notna(), "").astype(str)

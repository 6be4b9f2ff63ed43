"""The tables that the charts of the projector draw."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp_core.analysis.label_places import label_levels
from interp_core.analysis.neighbours import Neighbours
from interp_core.analysis.picture import Projection
from interp_core.analysis.vectors import Vectors

SHOWN_LETTERS = 120  # of a text on hover
LABEL_LETTERS = 26
NEAR_LINES = 10
MOST_DRAWN = 10_000  # what the chart moves fluently


def short(text: object, letters: int) -> str:
    """The text, cut with an ellipsis."""
    text = " ".join(str(text).split())
    return text if len(text) <= letters else text[: letters - 1] + "…"


def name_of(vectors: Vectors, row: int) -> str:
    """What a point is called: the token with its text, or the text."""
    line = vectors.frame.iloc[row]
    token = str(line.get("token", "") or "")
    text = str(line["text"])
    return f"{token} · {text}" if token and token != text else text


def names(vectors: Vectors, letters: int) -> list[str]:
    """What all points are called, cut."""
    frame = vectors.frame
    tokens = frame["token"] if "token" in frame else pd.Series("", index=frame.index)
    own = np.where((tokens != "") & (tokens != frame["text"]), tokens, "")
    return [
        short(f"{token} · {text}" if token else text, letters)
        for token, text in zip(own, frame["text"])
    ]


def found_rows(vectors: Vectors, part: str) -> np.ndarray:
    """(n,) which points' names contain what was typed."""
    part = part.strip().casefold()
    if not part:
        return np.zeros(len(vectors), dtype=bool)
    column = "token" if _has_tokens(vectors) else "text"
    hits = vectors.frame[column].astype(str).str.casefold().str.contains(part, regex=False)
    return hits.to_numpy(dtype=bool)


def _has_tokens(vectors: Vectors) -> bool:
    return "token" in vectors.frame and bool((vectors.frame["token"] != "").any())


def point_frame(
    vectors: Vectors, drawn: Projection, found: np.ndarray, rows: np.ndarray
) -> pd.DataFrame:
    """row, x, y (and z), text, found of the rows that are drawn."""
    axes = ["x", "y", "z"][: drawn.dimensions]
    frame = pd.DataFrame(drawn.coordinates[rows].astype(np.float32), columns=axes)
    frame.insert(0, "row", rows.astype(np.int32))
    called = names(vectors, SHOWN_LETTERS)
    frame["text"] = [called[row] for row in rows]
    frame["found"] = found[rows]
    return frame


def near_column(knn: Neighbours, rows: np.ndarray) -> list[str]:
    """The true neighbours of each row, separated by spaces."""
    few = knn.indices[rows, :NEAR_LINES]
    return [" ".join(map(str, line)) for line in few.tolist()]


def drawn_rows(count: int, found: np.ndarray, marked: int | None, everything: bool) -> np.ndarray:
    """All rows, or a random sample with what was searched for and the marked point in it."""
    if everything or count <= MOST_DRAWN:
        return np.arange(count)
    sample = np.random.default_rng(0).choice(count, MOST_DRAWN, replace=False)
    wanted = [sample, np.flatnonzero(found)[:500], [] if marked is None else [marked]]
    return np.unique(np.concatenate(wanted).astype(np.int64))


def point_labels(frame: pd.DataFrame, vectors: Vectors) -> pd.DataFrame:
    """x, y, label, level: texts beside points, as many as find room."""
    rows = frame["row"].to_numpy()
    tokens = vectors.frame["token" if _has_tokens(vectors) else "text"]
    texts = [short(tokens.iloc[row], LABEL_LETTERS) for row in rows]
    order = np.argsort(~frame["found"].to_numpy(), kind="stable")
    levels = label_levels(frame[["x", "y"]].to_numpy(), texts, order=order)
    labels = pd.DataFrame({"x": frame["x"], "y": frame["y"], "label": texts, "level": levels})
    return labels[labels["level"] >= 0]


def group_labels(frame: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """x, y, label, level −1: each group's name at the middle of its points."""
    middles = frame.groupby(groups.to_numpy())[["x", "y"]].median().reset_index(names="label")
    return middles.assign(level=-1)


NO_LABELS = pd.DataFrame({"x": [], "y": [], "label": [], "level": []})
EXTRA_TIPS = 4


def with_details(frame: pd.DataFrame, vectors: Vectors, columns: list[str]) -> pd.DataFrame:
    """The frame with the first columns of the table, for the tooltip."""
    told = vectors.frame.iloc[frame["row"]].reset_index(drop=True)
    kept = {name: told[name] for name in columns[:EXTRA_TIPS]}
    cut = {
        name: column
        if pd.api.types.is_numeric_dtype(column)
        else column.map(lambda t: short(t, 60))
        for name, column in kept.items()
    }
    taken = {name: f"{name} " if name in frame else name for name in cut}
    return frame.assign(**{taken[name]: column for name, column in cut.items()})

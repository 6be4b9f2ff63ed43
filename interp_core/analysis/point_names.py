"""What points are called, and what their labels are called."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp_core.analysis.vectors import Vectors


def short(text: object, letters: int) -> str:
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


def names(vectors: Vectors, letters: int) -> list[str]:
    """What all points are called, cut."""
    frame = vectors.frame
    tokens = frame["token"] if "token" in frame else pd.Series("", index=frame.index)
    own = np.where((tokens != "") & (tokens != frame["text"]), tokens, "")
    return [
        short(f"{token} · {text}" if token else text, letters)
        for token, text in zip(own, frame["text"])
    ]


def label_names(column: pd.Series) -> pd.Series:
    """The labels of a column as texts; missing ones are empty, whole numbers have no point."""
    if column.dtype.kind == "f":
        column = column.map(lambda value: None if pd.isna(value) else f"{value:g}")
    return column.astype(object).where(column.notna(), "").astype(str)

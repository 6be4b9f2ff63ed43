"""From a table of texts to vectors that carry its columns."""

from __future__ import annotations

import pandas as pd

from interp_core.analysis.vectors import Vectors
from interp_core.errors import BadInput

KINDS = ("words", "pieces", "all", "everything")


def line_table(text: str) -> pd.DataFrame:
    """One row for each line that is not empty: text, line (counted from 1).

    Raises `BadInput` for a text without any.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadInput("There is no text. Write one or more lines.")
    return pd.DataFrame({"text": lines, "line": range(1, len(lines) + 1)})


def text_rows(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that have a text in this column, which becomes `text`; the others follow it.

    Raises `BadInput` for an unknown column, or one without texts.
    """
    if column not in table:
        raise BadInput(f"There is no column {column!r}. The table has: {', '.join(table)}.")
    texts = table[column].fillna("").astype(str).str.strip()
    kept = texts != ""
    if not kept.any():
        raise BadInput(f"The column {column!r} holds no texts. Choose another one.")
    rest = table.drop(columns=column).rename(columns={"text": _apart("text")})
    return pd.concat([texts.rename("text"), rest], axis=1)[kept].reset_index(drop=True)


def with_columns(vectors: Vectors, table: pd.DataFrame) -> Vectors:
    """The vectors with the columns of the table whose texts they were read from.

    The column `row` of their frame says which row each belongs to. Columns that say what the frame
    says already are left out; others of the same name get another one.
    """
    frame = vectors.frame
    told = table.drop(columns="text").iloc[frame["row"]].reset_index(drop=True)
    twice = [name for name in told if name in frame]
    same = [name for name in twice if list(told[name].astype(str)) == list(frame[name].astype(str))]
    told = told.drop(columns=same).rename(columns={name: _apart(name) for name in twice})
    return Vectors(vectors.values, pd.concat([frame, told], axis=1), vectors.notes)


def vocabulary_part(
    vectors: Vectors, *, kind: str = "all", contains: str = "", ranks: tuple[int, int]
) -> Vectors:
    """The entries of `vocabulary_vectors` whose rank is in `ranks` (from, up to) and that fit.

    `kind`: "words" (whole ones, of letters), "pieces", "all" but special ones, or "everything".
    `contains` is a part of their text. Raises `BadInput` where none fits.
    """
    if kind not in KINDS:
        raise BadInput(f"{kind!r} is no kind of entries. Choose: {', '.join(KINDS)}.")
    frame = vectors.frame
    keep = (frame["rank"] >= ranks[0]) & (frame["rank"] < ranks[1])
    if kind == "words":
        keep &= frame["whole_word"] & frame["letters"]
    elif kind == "pieces":
        keep &= frame["kind"] == "piece"
    elif kind == "everything":
        keep |= frame["rank"] < 0
    part = contains.casefold()
    if part:
        keep &= frame["text"].str.casefold().str.contains(part, regex=False)
    if not keep.any():
        raise BadInput("No entry of the vocabulary fits. Loosen the filters.")
    return vectors.take(keep.to_numpy())


def _apart(name: str) -> str:
    return f"{name} (of the file)"

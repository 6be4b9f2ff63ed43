"""The input embedding table: one vector for each entry of the vocabulary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.embedding.vectors import Vectors
from interp_core.errors import BadInput, EmptyText, UnsupportedModel
from interp_core.inputs.vocabulary import BYTE_FALLBACK, SPACE, is_byte_level, readable

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


MAX_TABLE_BYTES = 2**30
UNUSED = re.compile(r"[\[<](?:unused|extra_id_|reserved|unk_)\D{0,20}_?\d+[\]>]")
CONTINUATION = "##"
BYTE_LEVEL_SPACE = "Ġ"


def vocabulary_vectors(model: LoadedModel, *, limit: int | None = None) -> Vectors:
    """Rows 0 to `limit` of the input embedding table (all of them without a limit).

    The frame has text and token (readable), position (-1), layer (-1: before the model), id, rank,
    kind ("word", "piece", "byte", "special", "unused"), special, unused, whole_word, letters (only
    letters), length (characters without markers) and norm. `rank` counts entries that are neither
    special nor unused in table order: most tokenizers list frequent pieces first, so it stands in
    for the frequency rank, roughly.

    Raises `UnsupportedModel` for models without a tokenizer, `BadInput` when the table is too
    large for memory.
    """
    if model.tokenizer is None:
        raise UnsupportedModel(f"{model.name!r} reads images, not text: it has no vocabulary.")
    table = model.model.get_input_embeddings().weight
    if limit is not None and (isinstance(limit, bool) or limit < 1):
        raise BadInput(f"A limit of {limit} leaves no entry. Give 1 or more.")
    count = table.shape[0] if limit is None else min(int(limit), table.shape[0])
    if count * table.shape[1] * 4 > MAX_TABLE_BYTES:
        most = MAX_TABLE_BYTES // (table.shape[1] * 4)
        raise BadInput(f"The table of {count:,} entries is too large; set limit={most:,}.")
    values = table[:count].detach().float().cpu().numpy().copy()
    return Vectors(values, _frame(model, count).assign(norm=np.linalg.norm(values, axis=1)))


def _frame(model: LoadedModel, count: int) -> pd.DataFrame:
    raw = [_raw(model, number) for number in range(count)]
    byte_level = is_byte_level(model.tokenizer)
    names = [
        f"unused entry {number}" if token is None else readable(token, byte_level=byte_level)
        for number, token in enumerate(raw)
    ]
    special = set(model.tokenizer.all_special_ids)
    marks = _marks(raw, byte_level)
    kinds = [_kind(token, number in special, marks) for number, token in enumerate(raw)]
    kind = np.array(kinds, dtype=object)
    bare = [name.replace(SPACE, "").removeprefix(CONTINUATION) for name in names]
    real = ~np.isin(kind, ("special", "unused"))
    return pd.DataFrame(
        {
            "text": names,
            "token": names,
            "position": -1,
            "layer": -1,
            "id": np.arange(count),
            "rank": np.where(real, np.cumsum(real) - 1, -1),
            "kind": kind,
            "special": kind == "special",
            "unused": kind == "unused",
            "whole_word": kind == "word",
            "letters": [text.isalpha() for text in bare],
            "length": [len(text) for text in bare],
        }
    )


def _raw(model: LoadedModel, number: int) -> str | None:
    try:
        token = model.tokenizer.convert_ids_to_tokens(number)
    except (IndexError, OverflowError):
        return None
    return None if token is None else str(token)


def _marks(raw: list[str | None], byte_level: bool) -> str:
    """How this vocabulary marks a word's start or inside: "##", "Ġ", "▁" or "" (not at all)."""
    if byte_level:
        return BYTE_LEVEL_SPACE
    known = [token for token in raw if token]
    for mark in (CONTINUATION, SPACE):
        if any(token.startswith(mark) and token != mark for token in known):
            return mark
    return ""


def _kind(token: str | None, special: bool, mark: str) -> str:
    if token is None or UNUSED.fullmatch(token):
        return "unused"
    if special:
        return "special"
    if BYTE_FALLBACK.fullmatch(token):
        return "byte"
    if mark == CONTINUATION:
        return "piece" if token.startswith(CONTINUATION) else "word"
    return "word" if not mark or (token.startswith(mark) and token != mark) else "piece"


KINDS = ("words", "pieces", "all", "everything")


def line_table(text: str) -> pd.DataFrame:
    """One row for each line that is not empty: text, line (counted from 1).

    Raises `BadInput` for a text without any.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise EmptyText("The text is empty. Enter one or more lines.")
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
        raise BadInput(f"The column {column!r} contains no text. Choose another column.")
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
        raise BadInput(f"Unknown kind of entries {kind!r}. Choose one of: {', '.join(KINDS)}.")
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
        raise BadInput("No vocabulary entries match. Relax the filters.")
    return vectors.take(keep.to_numpy())


def _apart(name: str) -> str:
    return f"{name} (of the file)"

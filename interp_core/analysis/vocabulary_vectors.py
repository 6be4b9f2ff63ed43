"""The input embedding table: one vector for each entry of the vocabulary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.analysis.vectors import Vectors
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.models.display import BYTE_FALLBACK, SPACE, is_byte_level, readable

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

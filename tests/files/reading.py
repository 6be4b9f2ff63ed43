"""What both readers make of the bytes of a file."""

from __future__ import annotations

import io

import interp_core as ic
from interp_core.files.corpus import Corpus


def named(data, name):
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    file.name = name
    return file


def opened(data, name="a.csv", **options) -> tuple[ic.Table, Corpus]:
    """The table and the corpus of a file."""
    data = data.encode() if isinstance(data, str) else data
    return ic.open_table(named(data, name), **options), ic.open_corpus(data, name=name, **options)


def both(data, name="a.csv", *, column="text", **options) -> list[str]:
    """The texts of a column, which must be the same in the table and in the corpus.

    So must be the columns, and what is assumed about the file.
    """
    table, corpus = opened(data, name, **options)
    if corpus.columns:
        assert list(table.frame) == list(corpus.columns)
        data = data.encode() if isinstance(data, str) else data
        corpus = ic.open_corpus(data, name=name, column=column, **options)
    assert table.notes[: len(corpus.notes)] == corpus.notes
    rows = list(corpus.rows())
    texts = [row.text for row in rows if isinstance(row, ic.Row)]
    assert ["" if each != each else each for each in table.frame[column]] == [
        each if each.strip() else "" for each in texts
    ]
    left = [row.number for row in rows if isinstance(row, ic.Skipped) and row.reason != "empty"]
    if table.skipped is not None:
        assert [row.number for row in table.skipped.rows if row.reason != "empty"] == left
    return texts


def notes(data, name="a.csv", **options) -> str:
    """What is told about the table."""
    return " ".join(opened(data, name, **options)[0].notes)

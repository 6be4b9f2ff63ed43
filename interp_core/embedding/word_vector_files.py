"""Vectors of words as word2vec, fastText and GloVe write them: a word and its numbers a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.files.limits import MAX_VALUES
from interp_core.files.rows import Skipped, SkippedRows, text_lines

HEADER = re.compile(r"\d+ \d+")
SAMPLE = 50  # lines by which the form is known
AGREEING = 0.8  # share of them that must have the same number of fields
FEWEST = 2  # numbers a word
UNREADABLE = "The line is not a word and {} numbers: “{}”."


def find_dimension(start: bytes) -> int:
    """Numbers a word, when these first bytes are of such a file; 0 otherwise."""
    text = start.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = [line for line in text.splitlines()[:SAMPLE] if line.strip()]
    if len(lines) > 1 and not start.endswith((b"\n", b"\r")):
        lines = lines[:-1]  # it may be cut
    if lines and HEADER.fullmatch(lines[0].strip()):
        dimension = int(lines[0].split()[1])
        rest = lines[1:]
        return dimension if rest and all(_split(line, dimension) for line in rest[:1]) else 0
    counts = Counter(len(_fields(line)) for line in lines)
    if not counts:
        return 0
    # Words that hold spaces are rare: most lines have one field more than there are numbers.
    fields, most = counts.most_common(1)[0]
    dimension = fields - 1
    if dimension < FEWEST or most < AGREEING * len(lines):
        return 0
    words = [_split(line, dimension) for line in lines]
    named = [each for each in words if each is not None]
    return dimension if len(named) >= AGREEING * len(lines) and not _all_numbers(named) else 0


def check_binary(start: bytes) -> None:
    """Refuse word2vec's binary form by its name. Raises `BadInput`."""
    first, _, rest = start.partition(b"\n")
    if re.fullmatch(rb"\d{1,12} \d{1,6}\s*", first) and rest and not _is_text(rest[:4096]):
        raise BadInput(
            "The file is in word2vec's binary form. Save it as text, for example with gensim: "
            "`KeyedVectors.load_word2vec_format(path, binary=True)` and then "
            "`save_word2vec_format('vectors.txt')`."
        )


def read_words(file: Any, dimension: int, limit: int) -> tuple[np.ndarray, pd.DataFrame, list[str]]:
    """(n, dim) float32 and the words of the first `limit` lines, and what was left out.

    Words may hold spaces: the last `dimension` fields are the numbers. Raises `BadInput`.
    """
    limit = min(limit, MAX_VALUES // dimension)
    words: list[str] = []
    rows: list[np.ndarray] = []
    skipped, promised = SkippedRows(), 0
    lines = _numbered(file)
    for number, line in lines:
        if number == 1 and HEADER.fullmatch(line.strip()):
            promised = int(line.split()[0])
            continue
        if len(words) == limit:
            break
        found = _split(line, dimension)
        if found is None:
            shown = UNREADABLE.format(dimension, line.strip()[:40])
            skipped.add(Skipped(number, "not text", shown))
            continue
        words.append(found[0])
        rows.append(found[1])
    more = len(words) == limit and next(lines, None) is not None
    if not words:
        raise BadInput(f"The file holds no words with their vectors. {skipped.note()}".strip())
    notes = []
    if more or promised > len(words) + skipped.total:
        of = f" of {promised:,}" if promised else ""
        notes.append(
            f"the first {len(words):,}{of} words were read"
            + ("" if more else ": the file has fewer lines than its first line states")
        )
    notes += [note.rstrip(".") for note in [skipped.note()] if note]
    return np.stack(rows), pd.DataFrame({"text": words}, dtype=object), notes


def _numbered(file: Any) -> Iterator[tuple[int, str]]:
    """Lines that hold something; those that are no UTF-8 text keep their number."""
    for number, line in text_lines(file, "utf-8"):
        if isinstance(line, Skipped):
            yield number, "(no UTF-8 text)"
        elif line.strip():
            yield number, line


def _fields(line: str) -> list[str]:
    line = line.strip("\r\n").rstrip(" \t")
    return line.split("\t") if "\t" in line else line.split(" ")


def _split(line: str, dimension: int) -> tuple[str, np.ndarray] | None:
    """The word and its numbers; None where there are not so many numbers."""
    fields = _fields(line)
    if len(fields) <= dimension:
        return None
    try:
        numbers = np.array(fields[-dimension:], dtype=np.float32)
    except ValueError:
        return None
    joint = "\t" if "\t" in line else " "
    return joint.join(fields[:-dimension]), numbers


def _all_numbers(rows: list[tuple[str, np.ndarray]]) -> bool:
    """Whether the words are numbers as well: then the lines are vectors without words."""
    return all(re.fullmatch(r"[+-]?[\d.,]+([eE][+-]?\d+)?|", word) for word, _ in rows)


def _is_text(data: bytes) -> bool:
    text = next(islice(_decodings(data), 1), None)
    return text is not None and sum(not each.isprintable() for each in text) < 0.1 * len(text)


def _decodings(data: bytes) -> Iterator[str]:
    """The text, whatever character the data end within."""
    for cut in range(4):
        try:
            yield data[: len(data) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue

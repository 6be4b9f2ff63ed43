"""Where the rows of a table begin: lines above it, and whether the first row names the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from interp_core.files.columns import PREFERRED
from interp_core.files.separated import Record

# Usual names of columns in tables of texts; one of them in the first row makes it a header.
_OTHERS = """
answer label labels class category categories target sentiment score scores stars rating polarity
id ids index idx key title headline summary description intent topic group split hypothesis
sentence2 text_b text2 question2 context query passage response completion word words token tokens
lemma tag
tags name date time year month author user source language lang url count n votes price zip code
value gold prediction entailment_judgment quality genre domain speaker turn
"""
NAMES = frozenset((*PREFERRED, *_OTHERS.split()))
TITLES = 30  # lines above a table that are looked at
ENDS = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
SHORT = 40  # characters of a name, at most
WORDS = 4  # words from which a cell with a full stop is a sentence


@dataclass(frozen=True)
class Head:
    """`begin` is the place of the first row of data among the rows of the sample.

    `names` are those of the header, None without one; `above` the lines that were passed over;
    `sure` is false where the header is a guess.
    """

    begin: int
    names: tuple[str, ...] | None
    above: tuple[str, ...] = ()
    sure: bool = True


def names_known(fields: Sequence[str]) -> bool:
    """Whether one of the fields is a usual name of a column."""
    return any(each.strip().strip("#\"'").casefold() in NAMES for each in fields)


def sentence_like(field: str) -> bool:
    """Whether it ends as a sentence does."""
    return bool(ENDS.search(field.strip()))


def find_head(rows: Sequence[Record], width: int, requested: bool | None) -> Head:
    """Titles, comments and the header of the rows of a sample, whose rows have `width` fields."""
    place = 0
    while place < min(len(rows) - 1, TITLES) and _is_above(rows, place, width):
        place += 1
    above = tuple(" ".join(each.strip() for each in row.fields if each) for row in rows[:place])
    first, rest = list(rows[place].fields), [row.fields for row in rows[place + 1 :]]
    if requested is None:
        header, sure = _is_header(first, [row for row in rest if len(row) == width])
    else:
        header, sure = requested, True
    if not header:
        return Head(place, None, above, sure)
    return Head(place + 1, tuple(each.strip() for each in first), above, sure)


def _is_above(rows: Sequence[Record], place: int, width: int) -> bool:
    """Whether the row is a title or a comment, and the table begins below it."""
    fields, following = rows[place].fields, rows[place + 1].fields
    filled = sum(bool(each.strip()) for each in fields)
    begin = fields[0].lstrip()
    if begin.startswith(("# ", "##", "%", "//")) or begin == "#":
        return True
    if begin.startswith("#") and (len(fields) != width or names_known(following)):
        return len(fields) != width or not names_known(fields)
    if width == 1 or names_known(fields):
        return False
    if len(following) == width and sum(names_known([each]) for each in following) > 1:
        return True
    if len(fields) == width:  # a title with its delimiters: only the first field holds something
        whole = len(following) == width and all(each.strip() for each in following)
        return filled == 1 and bool(begin) and whole
    if len(fields) == width - 1 and width > 2 and filled == len(fields):
        return False  # R's write.table: the names of all columns but the row names
    if len(fields) == width - 1 and numbered([row.fields for row in rows[place + 1 :]]):
        return False
    return len(fields) < width


def numbered(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the rows are numbered from 1 in their first field."""
    numbers = [row[0].strip() for row in rows[:50]]
    return numbers == [str(each) for each in range(1, len(numbers) + 1)]


def _is_header(first: list[str], rest: list[list[str]]) -> tuple[bool, bool]:
    """Whether the row names the columns, and whether that is sure."""
    if not rest:
        return names_known(first) or (len(first) > 1 and not any(map(_is_row, first))), False
    if first in rest and sum(names_known([each]) for each in first) > 1:
        return True, True  # files that were joined repeat it
    columns = [[row[place].strip() for row in rest] for place in range(min(map(len, rest)))]
    pairs = [(each.strip(), column) for each, column in zip(first, columns)]
    if len(first) == 1:
        return _names_one(*pairs[0])
    labels = [each for each, column in pairs if _repeats(each, column)]
    if names_known([each for each in first if each.strip() not in labels]):
        return True, True
    numbers = [each for each, _ in pairs if NUMBER.fullmatch(each)]
    if labels or (numbers and not _in_sequence(numbers)):
        return False, False
    if any(map(_is_row, first)):
        return False, False
    typed = any(each and all(map(_is_number, column)) for each, column in pairs)
    return True, typed or not first[0].strip()


def _names_one(first: str, column: list[str]) -> tuple[bool, bool]:
    """The same for a single column: a list of sentences seldom has a header."""
    if first.casefold() in NAMES:
        return True, True
    numbers = all(map(_is_number, column))
    if numbers:
        return not _is_number(first), True
    words = sum(len(each.split()) for each in column) / len(column)
    name = bool(re.fullmatch(r"[\w-]+", first)) and len(first) <= SHORT
    return name and words >= 2, False


def _repeats(first: str, column: list[str]) -> bool:
    """Whether the value comes again in its column, which holds few different ones: a label."""
    return bool(first) and first in column and len(set(column)) <= max(2, len(column) // 2)


def _is_row(field: str) -> bool:
    words = field.split()
    phrase = len(words) > WORDS and field[0].islower()
    return phrase or (len(words) >= WORDS and sentence_like(field)) or len(field) > 3 * SHORT


def _is_number(field: str) -> bool:
    return not field or bool(NUMBER.fullmatch(field))


def _in_sequence(numbers: list[str]) -> bool:
    """Names such as 2001, 2002 or 0, 1, 2: whole numbers in equal steps."""
    if len(numbers) < 2 or not all(each.isdecimal() for each in numbers):
        return False
    steps = {int(b) - int(a) for a, b in pairwise(numbers)}
    return len(steps) == 1 and steps != {0}

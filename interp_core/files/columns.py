"""From cells that are text to columns: numbers, labels, missing values; identifiers stay text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

_PREFERRED = """
text sentence content review document body message question comment comments tweet utterance
sentences texts reviews sentence1 text1 text_a question1 premise prompt
"""
PREFERRED = tuple(_PREFERRED.split())
LOOKED_AT = 20  # rows by which a column of texts is chosen
# What programs write where there is no value. Among texts such a word is a text.
MISSING = ("", "nan", "na", "n/a", "#n/a", "#nv", "null", "none", "<na>", "\\n")
EXACT = 2**53  # whole numbers from here on are not exact in a chart, so they are identifiers
PROSE = 3  # words a cell, on average, from which a column holds texts
WHOLE = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
DECIMAL = re.compile(r"[+-]?(0|[1-9]\d*)?\.\d+|[+-]?(0|[1-9]\d*)\.", re.ASCII)
POWER = re.compile(r"[+-]?(0|[1-9]\d*)?(\.\d*)?[eE][+-]?\d+", re.ASCII)
COMMA = re.compile(r"[+-]?(0|[1-9]\d{0,2}(\.\d{3})+|[1-9]\d*),\d+", re.ASCII)
GROUPED = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)
ANY_NUMBER = re.compile(r"[+-]?[\d.,]*\d\.?([eE][+-]?\d+)?", re.ASCII)
AMOUNT = re.compile(r"[€$£¥]?\s?[+\u2212-]?[\d.,\s]*\d\s?([%‰€$£¥]|[^\W\d_]{1,3})?")
MOST = 0.5  # share of numbers in a column of text from which the reason is reported
LINK = 0.25  # weight of letters without a space between: a link, or a key


def choose_column(rows: Iterable[dict]) -> str | None:
    """The column of texts: one with a usual name, else the one with the longest strings.

    Of names that differ by capitals alone the first counts. “Longest” is by letters.
    """
    lengths: dict[str, float] = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, str):
                lengths[name] = lengths.get(name, 0) + _letters(value)
    usual: dict[str, str] = {}
    for name in lengths:
        usual.setdefault(usual_name(name), name)
    named = [usual[name] for name in PREFERRED if name in usual]
    return named[0] if named else max(lengths, key=lengths.get, default=None)


def usual_name(name: str) -> str:
    """A column's name without capitals and ornaments."""
    return re.sub(r"^\W+|\W+$", "", name).casefold()


def _letters(value: str) -> float:
    """How much text it is: dates and numbers have few letters, links and keys no space."""
    letters = sum(map(str.isalpha, value))
    return letters * LINK if value.isascii() and " " not in value.strip() else letters


def to_columns(
    names: Sequence[str], rows: list[list[str]], *, delimiter: str, numbers: Sequence[str] = ()
) -> tuple[dict[str, pd.Series], list[str]]:
    """The columns of rows of cells, and what was assumed.

    Empty cells are missing; other columns than that of the texts are stripped, and NaN, NA, None
    and the like are missing there. A column becomes numbers where every cell is one, written as
    numbers are; `numbers` names columns that become numbers whatever they look like.
    """
    texts = choose_column(dict(zip(names, row)) for row in rows[:LOOKED_AT])
    found, notes = {}, []
    for place, name in enumerate(names):
        cells = [row[place] for row in rows]
        if name == texts or is_prose(cells):
            found[name] = pd.Series([each if each.strip() else None for each in cells], dtype="str")
            continue
        found[name], more = _column(name, cells, delimiter, name in numbers)
        notes += more
    return found, notes


def is_prose(cells: list[str]) -> bool:
    some = [each for each in cells[: 50 * LOOKED_AT] if each.strip()]
    return sum(len(each.split()) for each in some) >= PROSE * max(len(some), 1)


def labels(name: str, cells: Sequence[str]) -> tuple[list[str | None], list[str]]:
    """Short values without the spaces around them, None for missing ones; and what was assumed."""
    stripped = [each.strip() for each in cells]
    notes = []
    if stripped != list(cells):
        notes.append(f"Spaces around the values of “{name}” were removed.")
    kept = [None if each.casefold() in MISSING else each for each in stripped]
    missing = Counter(each for each, value in zip(stripped, kept) if value is None)
    if missing:
        notes.append(_about_missing(name, missing, len(cells)))
    return kept, notes


def _column(
    name: str, cells: list[str], delimiter: str, requested: bool
) -> tuple[pd.Series, list[str]]:
    kept, notes = labels(name, cells)
    values = [each for each in kept if each is not None]
    numbers, more = _numbers(name, values, delimiter, requested)
    if numbers is None:
        return pd.Series(kept, dtype="str"), notes + more
    places = iter(numbers)
    column = [None if each is None else next(places) for each in kept]
    return pd.Series(column, dtype=None if len(values) == len(kept) else "float64"), notes + more


def _about_missing(name: str, missing: Counter[str], rows: int) -> str:
    parts = ", ".join(f"{n:,} {f'“{word}”' if word else 'empty'}" for word, n in missing.items())
    return f"In “{name}” {missing.total():,} of {rows:,} values are missing ({parts})."


def _numbers(
    name: str, values: list[str], delimiter: str, requested: bool
) -> tuple[list[float] | list[int] | None, list[str]]:
    """The values as numbers, None where they are text; and what was assumed."""
    if not values or not all(map(ANY_NUMBER.fullmatch, values)):
        return None, _not_numbers(name, values, requested) if values else []
    if requested:
        return _asked(values), []
    if all(map(WHOLE.fullmatch, values)):
        whole = [int(each) for each in values if len(each) <= 17]
        if len(whole) == len(values) and all(abs(each) < EXACT for each in whole):
            return whole, []
        return None, [f"“{name}” was kept as text: its numbers are too long to be exact."]
    plain = [each for each in values if WHOLE.fullmatch(each) or DECIMAL.fullmatch(each)]
    powers = [each for each in values if POWER.fullmatch(each)]
    if len(plain) + len(powers) == len(values) and any(map(DECIMAL.fullmatch, values)):
        return [float(each) for each in values], []
    if delimiter != "," and _decimal_commas(values):
        shown = next(each for each in values if "," in each)
        return (
            [float(each.replace(".", "").replace(",", ".")) for each in values],
            [f"“{name}” was read as numbers with decimal commas ({shown})."],
        )
    shown = next(each for each in values if not WHOLE.fullmatch(each))
    return None, [f"“{name}” was kept as text: {shown} may be an identifier."]


def _decimal_commas(values: list[str]) -> bool:
    """Whether they are numbers with a decimal comma, beyond doubt (1,234 may be a thousand)."""
    if not all(COMMA.fullmatch(each) or WHOLE.fullmatch(each) for each in values):
        return False
    return not all(GROUPED.fullmatch(each) or WHOLE.fullmatch(each) for each in values)


def _asked(values: list[str]) -> list[float]:
    """Numbers, because the caller asks for them; commas are decimal unless they group thousands."""
    if any("," in each for each in values):
        if all(GROUPED.fullmatch(each) or "," not in each for each in values):
            values = [each.replace(",", "") for each in values]
        else:
            values = [each.replace(".", "").replace(",", ".") for each in values]
    try:
        return [int(each) if WHOLE.fullmatch(each) else float(each) for each in values]
    except ValueError:  # such as 1.2.3
        return [float("nan")] * len(values)


def _not_numbers(name: str, values: list[str], requested: bool) -> list[str]:
    """Why a column is text, where somebody asks for numbers or would expect them."""
    odd = next((each for each in values if not ANY_NUMBER.fullmatch(each)), "")
    if requested:
        return [f"“{name}” cannot be read as numbers: “{odd[:40]}” is not a number."]
    if sum(bool(AMOUNT.fullmatch(each)) for each in values) <= MOST * len(values):
        return []
    return [f"“{name}” was kept as text: “{odd[:40]}” is not a plain number."]

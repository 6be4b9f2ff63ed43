"""Which of a model's classes the labels in somebody's data mean: by name, by number, or as told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interp_core.errors import BadInput

MOST = 1_000  # different labels; a column with more holds texts or numbers
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class LabelMatch:
    """`mapping`: label as written in the data → class of the model, None where there is none.

    `how` is "name", "number" (of the output, from 0), "number in the name" ("4 stars"), "mapping"
    (all of them told) or "none". `notes` say what was assumed.
    """

    mapping: dict[str, str | None]
    how: str
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Labels that no class was found for."""
        return tuple(label for label, found in self.mapping.items() if found is None)


def written(value: object) -> str:
    """A label as text: 1.0 and True as 1."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def match_labels(
    values: Sequence[object],
    classes: Sequence[str],
    told: Mapping[str, str | int | None] | None = None,
) -> LabelMatch:
    """The class that each of the different labels `values` means.

    `told` maps labels to a class, its number from 0, or None (left out), and comes first. Then
    labels are matched by name, without regard to capitals, spaces, hyphens and underscores. Only if
    no name fits are numbers tried: the numbers in the classes' names where each has another one,
    else the numbers of the outputs from 0. Numbers that would then run beyond the last output (1 to
    2 for two classes) are not guessed.

    Raises `BadInput` for more than a thousand labels, and for a class that the model has not.
    """
    names = list(dict.fromkeys(map(written, values)))
    if len(names) > MOST:
        raise BadInput(
            f"The column of labels has {len(names):,} different values, such as “{names[0][:40]}”. "
            "Choose the column that holds one of a few labels."
        )
    given = {written(label): _class(value, classes) for label, value in (told or {}).items()}
    rest = [name for name in names if name not in given]
    found, how, notes = _guess(rest, classes)
    mapping = {name: given.get(name, found.get(name)) for name in names}
    if names and not rest:
        how = "mapping"
    return LabelMatch(mapping, how, notes)


def _guess(
    names: Sequence[str], classes: Sequence[str]
) -> tuple[dict[str, str], str, tuple[str, ...]]:
    by_name = {_plain(each): each for each in classes}
    found = {name: by_name[_plain(name)] for name in names if _plain(name) in by_name}
    if found or not names:
        return found, "name" if found else "none", ()
    numbers = [name for name in names if name.isascii() and name.isdecimal()]
    if not numbers:
        return {}, "none", ()
    inside = _numbers_in(classes)
    if inside and all(int(name) in inside for name in numbers):
        named = {name: inside[int(name)] for name in numbers}
        return named, "number in the name", (_told(named, "the number in the class's name"),)
    last = len(classes) - 1
    if "0" not in numbers and max(map(int, numbers)) > last:
        note = (
            f"The labels are numbers such as {numbers[0]}, and the model's outputs are counted "
            f"from 0 to {last}, so they were not matched. Say which class each means."
        )
        return {}, "none", (note,)
    counted = {name: classes[int(name)] for name in numbers if int(name) <= last}
    return counted, "number", (_told(counted, "the number of the model's output, counted from 0"),)


def _told(found: Mapping[str, str], what: str) -> str:
    shown = ", ".join(f"{label} = {name}" for label, name in list(found.items())[:4])
    more = ", …" if len(found) > 4 else ""
    return f"Numbers were taken as {what}: {shown}{more}."


def _numbers_in(classes: Sequence[str]) -> dict[int, str]:
    """Class by the one number in its name, where every class has another one."""
    found = [NUMBER.findall(each) for each in classes]
    if any(len(each) != 1 for each in found):
        return {}
    known = {int(each[0]): name for each, name in zip(found, classes)}
    return known if len(known) == len(classes) else {}


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def _class(value: str | int | None, classes: Sequence[str]) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and 0 <= value < len(classes):
        return classes[value]
    if value in classes:
        return str(value)
    matched = [each for each in classes if _plain(each) == _plain(str(value))]
    if matched:
        return matched[0]
    raise BadInput(f"The model has no class {str(value)[:60]!r}. It has: {shown_of(classes)}.")


def shown_of(classes: Sequence[str], most: int = 12) -> str:
    """The first names of a list, with how many more there are."""
    more = f" and {len(classes) - most:,} more" if len(classes) > most else ""
    return ", ".join(classes[:most]) + more

"""Lessons: short Markdown files that teachers can write too. Reading one runs nothing.

A file begins with a few facts in TOML between two lines `+++`; a step begins with `## Title`.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from interp_core import locations
from interp_core.errors import BadInput
from interp_core.lessons.parser import read_steps, read_toml
from interp_core.lessons.record import Lesson, file_error

EMBEDDED = Path(__file__).resolve().with_name("content")
BESIDE_APP = locations.OWN / "lessons"
VARIABLE = "CLEARHEAD_LESSONS"
MOST_BYTES, MOST_FILES, MOST_MINUTES, MOST_WORDS = 64 * 1024, 100, 120, 300
FACTS = {"title": str, "minutes": int, "level": str, "teaches": str, "needs": str}
OPTIONAL = ("needs",)
FENCE = "+++"


@dataclass(frozen=True)
class LessonLibrary:
    """The lessons that can be read, which of them are embedded, and what is wrong with others."""

    lessons: tuple[Lesson, ...]
    embedded: frozenset[str]
    mistakes: tuple[str, ...]


def read_lesson(path: str | Path) -> Lesson:
    """The lesson in a file. Raises `BadInput` with the file's name and line for every mistake."""
    path = Path(path)
    lines = _text(path).splitlines()
    if not lines or lines[0].strip() != FENCE:
        raise file_error(path.name, 1, f"a lesson begins with a line `{FENCE}` and its title.")
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if end is None:
        raise file_error(path.name, 1, f"the facts at the top are not closed with `{FENCE}`.")
    facts = _facts("\n".join(lines[1:end]), path.name)
    steps = read_steps([(at + 1, lines[at]) for at in range(end + 1, len(lines))], path.name)
    return Lesson(name=lesson_name(path), steps=steps, **facts)


def lesson_name(path: Path) -> str:
    """How the address names the lesson: the file's name without a number in front."""
    return re.sub(r"^\d+[-_ ]*", "", path.stem) or path.stem


def _text(path: Path) -> str:
    try:
        if path.is_symlink() or not path.is_file():
            raise BadInput(f"{path.name}: this is not an ordinary file.")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        raise BadInput(f"{path.name}: the file cannot be read.") from None
    if len(data) > MOST_BYTES:
        raise BadInput(f"{path.name}: a lesson has at most {MOST_BYTES // 1024} KB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise file_error(path.name, line, "this is not UTF-8. Save the file as UTF-8.") from None


def _facts(text: str, name: str) -> dict:
    table = read_toml(text, name, 2)
    for key, value in table.items():
        if key not in FACTS:
            raise file_error(
                name, 2, f"`{key}` is not known at the top. Known: {', '.join(FACTS)}."
            )
        if type(value) is not FACTS[key] or (value == "" and key not in OPTIONAL):
            what = "a whole number" if FACTS[key] is int else "a text in quotation marks"
            raise file_error(name, 2, f"`{key}` is {what}.")
        if isinstance(value, str) and len(value) > MOST_WORDS:
            raise file_error(name, 2, f"`{key}` has at most {MOST_WORDS} letters.")
    for key in FACTS:
        if key not in table and key not in OPTIONAL:
            raise file_error(name, 2, f"`{key}` is missing at the top.")
    if not 1 <= table["minutes"] <= MOST_MINUTES:
        raise file_error(name, 2, f"`minutes` is a number from 1 to {MOST_MINUTES}.")
    return table


@lru_cache(maxsize=256)
def _read(path: Path, changed: int, size: int) -> Lesson | str:
    """The lesson, or the sentence about its mistake."""
    try:
        return read_lesson(path)
    except BadInput as error:
        return str(error)


def own_folder() -> Path:
    """Where a teacher's files lie: the folder that the variable names, or `lessons` by the app."""
    named = os.environ.get(VARIABLE, "").strip()
    return Path(named).expanduser() if named else BESIDE_APP


def all_lessons() -> LessonLibrary:
    """The built-in lessons, then the teacher's own, each in the order of their file names."""
    found: dict[str, Lesson] = {}
    mistakes: list[str] = []
    embedded = _gather(EMBEDDED, found, mistakes)
    _gather(own_folder(), found, mistakes)
    return LessonLibrary(tuple(found.values()), embedded, tuple(mistakes))


def _gather(folder: Path, found: dict[str, Lesson], mistakes: list[str]) -> frozenset[str]:
    """Add the lessons of a folder to `found`; returns their names."""
    try:
        paths = sorted(each for each in folder.glob("*.md") if each.name not in NO_LESSON)
        stats = [(path, path.lstat()) for path in paths[:MOST_FILES]]
    except OSError:
        return frozenset()
    names = set()
    for path, stat in stats:
        lesson = _read(path, stat.st_mtime_ns, stat.st_size)
        if isinstance(lesson, str):
            mistakes.append(lesson)
        elif lesson.name in found:
            mistakes.append(f"{path.name}: there is already a lesson `{lesson.name}`. Rename it.")
        else:
            found[lesson.name] = lesson
            names.add(lesson.name)
    return frozenset(names)


NO_LESSON = ("teachers.md", "README.md")
MARK = re.compile(r"\[\[([^\[\]|\n]{1,60})(?:\|([^\[\]|\n]{1,60}))?\]\]")


@dataclass(frozen=True)
class Term:
    """A term, its definition, the source (author and year, or empty) and other names."""

    name: str
    means: str
    source: str = ""
    also: tuple[str, ...] = ()


@cache
def glossary() -> tuple[Term, ...]:
    """All terms, in the order of the alphabet."""
    table = tomllib.loads((EMBEDDED / "glossary.toml").read_text(encoding="utf-8"))
    terms = [Term(**{**entry, "also": tuple(entry.get("also", ()))}) for entry in table["term"]]
    return tuple(sorted(terms, key=lambda term: term.name.casefold()))


@cache
def _index() -> dict[str, Term]:
    return {name.casefold(): term for term in glossary() for name in (*term.also, term.name)}


def find_term(name: str) -> Term | None:
    """The term of that name, or with one of its other names; an English plural is found too."""
    wanted = name.strip().casefold()
    return _index().get(wanted) or _index().get(wanted.removesuffix("s"))


def marked_terms(text: str) -> list[str]:
    """The terms that a text marks, as [[term]] or [[term|words shown]]."""
    return [found[1] for found in MARK.finditer(text)]

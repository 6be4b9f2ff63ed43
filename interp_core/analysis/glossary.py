"""The glossary: each term in one sentence, with who coined or described it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from interp_core.analysis.lessons import EMBEDDED

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
    return {
        name.casefold(): term for term in glossary() for name in (*term.also, term.name)
    }  # fmt: skip


def find_term(name: str) -> Term | None:
    """The term of that name, or with one of its other names; an English plural is found too."""
    wanted = name.strip().casefold()
    return _index().get(wanted) or _index().get(wanted.removesuffix("s"))


def marked_terms(text: str) -> list[str]:
    """The terms that a text marks, as [[term]] or [[term|words shown]]."""
    return [found[1] for found in MARK.finditer(text)]

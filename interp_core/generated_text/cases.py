"""Built-in cases of a question with four passages: ten with the answer in one, ten with it in none.

They were written before anything was measured on them; `training.measures` puts the figures into
the card of `language-model`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.datasets import DATA

if TYPE_CHECKING:
    from interp_core.generated_text.passage_result import PassageAttribution

FILE = DATA / "passage_cases.toml"


@dataclass(frozen=True)
class PassageCase:
    """A question with passages. `source` is the passage (from 0) that holds the answer, or None."""

    name: str
    title: str
    question: str
    answer: str
    passages: tuple[str, ...]
    source: int | None = None

    def fits(self, found: PassageAttribution) -> bool:
        """Whether the result names the passage that holds the answer, or warns where none does."""
        if self.source is None:
            return found.warning is not None
        return found.warning is None and found.source == self.source


@cache
def passage_cases(path: Path = FILE) -> tuple[PassageCase, ...]:
    """The cases of a file, by default the twenty built-in ones."""
    read = tomllib.loads(path.read_text("utf-8"))["case"]
    return tuple(
        PassageCase(
            each.get("name", str(number)),
            each.get("title", each["question"]),
            each["question"],
            each["answer"],
            tuple(each["passages"]),
            each.get("source"),
        )
        for number, each in enumerate(read)
    )

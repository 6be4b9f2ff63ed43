"""What a lesson consists of, as it was read from its file."""

from __future__ import annotations

from dataclasses import dataclass, field

from interp_core.errors import BadInput

Value = str | int | float | bool


@dataclass(frozen=True)
class Link:
    """A page of the app in a stated view: the page's name, and pairs for the address."""

    page: str
    query: tuple[tuple[str, str], ...]

    def value(self, key: str) -> str | None:
        """What the address says of `key`."""
        return dict(self.query).get(key)


@dataclass(frozen=True)
class Question:
    """What the learner predicts; `right` is the place of the right option."""

    text: str
    options: tuple[str, ...]
    right: int
    reveal: str


@dataclass(frozen=True)
class Claim:
    """A figure that the lesson states, and between which bounds it must lie when measured."""

    measure: str
    model: str
    options: tuple[tuple[str, Value], ...]
    least: float | None = None
    most: float | None = None
    equals: Value | None = None
    line: int = 0


@dataclass(frozen=True)
class Step:
    """One screen of a lesson. `line` is where it begins in the file."""

    title: str
    text: str
    link: Link | None = None
    question: Question | None = None
    claims: tuple[Claim, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Lesson:
    """A lesson. `needs` is a model that not everybody has installed."""

    name: str
    title: str
    minutes: int
    level: str
    teaches: str
    steps: tuple[Step, ...] = field(default=())
    needs: str = ""


def file_error(name: str, line: int, what: str) -> BadInput:
    """The error for whoever wrote the file: where, what, and what to do."""
    return BadInput(f"{name}, line {line}: {what}")

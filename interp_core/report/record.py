"""A report: pictures in order, each with all that an auditor needs, and the versions used."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from interp_core.version import __version__

SVG, PNG = "image/svg+xml", "image/png"


@dataclass(frozen=True)
class Figure:
    """One picture of the app, as it was when it was added.

    `picture` holds the bytes of an image of type `kind`; `numbers` the table behind it (at most
    `numbers.MOST_ROWS` of its `rows` rows); `script` the Python that computes a data frame `table`
    with the same content; `link` is what follows the app's address: path and query string. `models`
    maps the name of each model to the digest of its weights. `made` is a time in UTC. A figure that
    was `opened` from a file holds somebody else's script.
    """

    title: str
    alt: str
    picture: bytes
    kind: str
    numbers: pd.DataFrame
    rows: int
    script: str
    page: str
    link: str
    text: str
    options: dict[str, str]
    models: dict[str, str]
    versions: dict[str, str]
    made: str
    note: str = ""
    opened: bool = False

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        table = int(self.numbers.memory_usage(deep=True).sum())
        return len(self.picture) + table + len(self.script) + len(self.text) + len(self.note)

    def same_as(self, other: Figure) -> bool:
        """Whether both show the same picture of the same question."""
        about = ("title", "link", "script", "models", "versions")
        same = all(getattr(self, name) == getattr(other, name) for name in about)
        return same and self.numbers.equals(other.numbers)


def now() -> str:
    """The time in UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Origin:
    """What all figures share that one function makes: see `Figure`.

    `script` is the Python that computes the whole result, of which each table is an expression;
    `svg` turns a chart into a picture.
    """

    script: str
    page: str
    link: str
    options: dict[str, str]
    models: dict[str, str]
    svg: Callable[[Any], bytes]
    made: str = field(default_factory=now)

    def figure(
        self,
        title: str,
        alt: str,
        chart: tuple[Any, str],
        table: tuple[pd.DataFrame, str],
        note: str = "",
    ) -> Figure:
        """An SVG of the chart with its table, each with the expression that makes it after the
        script."""
        drawn, draws = chart
        found, code = table
        return Figure(
            title=title,
            alt=alt,
            picture=self.svg(drawn),
            kind=SVG,
            numbers=found.reset_index(drop=True),
            rows=len(found),
            script="\n".join([self.script.rstrip(), f"table = {code}", f"chart = {draws}", ""]),
            page=self.page,
            link=self.link,
            text="",
            options=self.options,
            models=self.models,
            versions=versions(),
            made=self.made,
            note=note,
        )


@dataclass(frozen=True)
class Report:
    """Figures under a title; every change gives a new report."""

    title: str = "Clearhead report"
    figures: tuple[Figure, ...] = field(default=())

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        return sum(figure.bytes for figure in self.figures)

    def holds(self, figure: Figure) -> bool:
        """Whether the same picture is there already."""
        return any(figure.same_as(each) for each in self.figures)

    def added(self, figure: Figure) -> Report:
        """With one more figure at the end."""
        return replace(self, figures=(*self.figures, figure))

    def without(self, place: int) -> Report:
        """Without the figure at this place."""
        return replace(self, figures=(*self.figures[:place], *self.figures[place + 1 :]))

    def moved(self, place: int, by: int) -> Report:
        """With one figure `by` places further down, or up where that is negative."""
        order = list(self.figures)
        one = order.pop(place)
        order.insert(min(max(place + by, 0), len(order)), one)
        return replace(self, figures=tuple(order))

    def changed(self, place: int, **parts: Any) -> Report:
        """With another `title` or `note` of one figure."""
        order = list(self.figures)
        order[place] = replace(order[place], **parts)
        return replace(self, figures=tuple(order))


PACKAGES = (
    "torch",
    "transformers",
    "captum",
    "umap-learn",
    "openTSNE",
    "scikit-learn",
    "numpy",
    "pandas",
    "altair",
    "streamlit",
)


@cache
def versions() -> dict[str, str]:
    """Name to version: Clearhead, Python and the packages that compute or draw."""
    found = {"clearhead": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

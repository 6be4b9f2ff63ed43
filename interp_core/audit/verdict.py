"""Thresholds of one's own for the values of an audit, and whether they are met."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from interp_core.audit.figures import Figure
from interp_core.errors import BadInput

MOST_BYTES = 64 * 2**10
MOST = 500  # thresholds
ENDS = ("at_least", "at_most")
FIELDS = {*ENDS, "whole_interval"}


@dataclass(frozen=True)
class Threshold:
    """The value of the figure `key` must be `at_least`, `at_most`, or both.

    With `whole_interval` so must both ends of its interval: passed by luck is not passed.
    """

    key: str
    at_least: float | None = None
    at_most: float | None = None
    whole_interval: bool = False

    def told(self) -> str:
        """The threshold in words."""
        parts = [
            f"at {name.removeprefix('at_')} {getattr(self, name):g}"
            for name in ENDS
            if getattr(self, name) is not None
        ]
        return " and ".join(parts) + (" (whole interval)" if self.whole_interval else "")


@dataclass(frozen=True)
class Check:
    """A figure against its threshold. A value that is not known is not passed."""

    figure: Figure
    threshold: Threshold
    passed: bool

    @property
    def by_value_only(self) -> bool:
        """Whether it is passed while a part of the interval would not be."""
        whole = replace(self.threshold, whole_interval=True)
        return self.passed and self.figure.has_interval and not _is_met(self.figure, whole)


def read_thresholds(source: str | bytes | Path) -> tuple[Threshold, ...]:
    """The thresholds in a TOML file, by its path, or in its bytes.

        [thresholds]
        accuracy = { at_least = 0.9 }
        "recall.negative" = { at_least = 0.85, whole_interval = true }
        calibration_error = { at_most = 0.05 }

    Keys are those of `Figure`. Raises `BadInput` for anything else.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise BadInput(f"There is no file {path.name!r} with thresholds.")
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"A file of thresholds has at most {MOST_BYTES // 1024} KB.")
        source = path.read_bytes()
    if len(source) > MOST_BYTES:
        raise BadInput(f"A file of thresholds has at most {MOST_BYTES // 1024} KB.")
    try:
        table = tomllib.loads(bytes(source).decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"The thresholds cannot be read as TOML in UTF-8: {error}.") from error
    given = table.get("thresholds")
    if not isinstance(given, dict) or not given:
        raise BadInput(
            "The file has no table [thresholds]. Write one, with lines such as "
            "accuracy = { at_least = 0.9 }."
        )
    rest = sorted(set(table) - {"thresholds"})
    if rest:
        raise BadInput(f"The file has an unknown table or key: {rest[0][:60]!r}.")
    found = tuple(_threshold(key, value) for key, value in _flat(given))
    if len(found) > MOST:
        raise BadInput(f"The file has more than {MOST} thresholds.")
    return found


def _flat(table: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Keys with dots, whether the file quotes them or nests them."""
    found = []
    for key, value in table.items():
        name = f"{before}{key}"
        nested = isinstance(value, dict) and not FIELDS & value.keys() and value
        found += _flat(value, f"{name}.") if nested else [(name, value)]
    return found


def _threshold(key: str, value: Any) -> Threshold:
    if not isinstance(value, dict) or not set(ENDS) & value.keys() or set(value) - FIELDS:
        raise BadInput(
            f"The threshold of {key[:60]!r} must be written as {{ at_least = NUMBER }} or "
            "{ at_most = NUMBER }, perhaps with whole_interval = true."
        )
    numbers = {name: value.get(name) for name in ENDS}
    whole = value.get("whole_interval", False)
    wrong = [n for n in numbers.values() if n is not None and (isinstance(n, bool) or n != n)]
    wrong += [n for n in numbers.values() if n is not None and not isinstance(n, int | float)]
    if wrong or not isinstance(whole, bool):
        raise BadInput(f"The threshold of {key[:60]!r} must be a number.")
    return Threshold(key, whole_interval=whole, **numbers)


def judge(figures: Iterable[Figure], thresholds: Sequence[Threshold]) -> tuple[Check, ...]:
    """Each threshold against the figure of its key.

    Raises `BadInput` for a key that no figure has: a misspelt threshold must not count as passed.
    """
    known = {each.key: each for each in figures}
    checks = []
    for each in thresholds:
        figure = known.get(each.key)
        if figure is None:
            near = get_close_matches(each.key, known, n=3, cutoff=0.5) or list(known)[:8]
            raise BadInput(
                f"There is a threshold for {each.key[:60]!r}, and the audit has no such value. "
                f"It has, for example: {', '.join(near)}."
            )
        checks.append(Check(figure, each, _is_met(figure, each)))
    return tuple(checks)


def _is_met(figure: Figure, threshold: Threshold) -> bool:
    values = [figure.value]
    if threshold.whole_interval:
        values += [figure.low, figure.high]
    low = threshold.at_least if threshold.at_least is not None else -float("inf")
    high = threshold.at_most if threshold.at_most is not None else float("inf")
    return all(low <= value <= high for value in values)  # a missing number is in no range


def check_table(checks: Iterable[Check]) -> pd.DataFrame:
    """One row for each threshold: figure (key), title, value, low, high, n, threshold, passed."""
    return pd.DataFrame(
        [
            {
                "figure": each.figure.key,
                "title": each.figure.title,
                "value": each.figure.value,
                "low": each.figure.low,
                "high": each.figure.high,
                "n": each.figure.n,
                "threshold": each.threshold.told(),
                "passed": each.passed,
            }
            for each in checks
        ],
        columns=["figure", "title", "value", "low", "high", "n", "threshold", "passed"],
    )

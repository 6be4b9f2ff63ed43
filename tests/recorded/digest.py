"""A result as a flat table of a few numbers and texts, to six significant digits."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

LEFT_OUT = {"seconds", "revision", "progress", "module", "tokenizer", "fingerprint"}
ENTRIES = 3  # of each array: the first, the middle, the last
LETTERS = 80  # of each text
RELATIVE, ABSOLUTE = 2e-4, 2e-5  # what rounding in another order or on another machine may change


def digest(value: Any) -> dict[str, Any]:
    """Path inside the result → what is kept of the part there."""
    return dict(_parts(value, ""))


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, pd.DataFrame):
        yield f"{path}:columns", "|".join(map(str, value.columns))[:LETTERS]
        for place, name in enumerate(value.columns):
            yield from _parts(value.iloc[:, place], f"{path}[{name}]")
    elif isinstance(value, (pd.Series, np.ndarray, Image.Image)):
        yield path, _array(np.asarray(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.name not in LEFT_OUT and not field.name.startswith("_"):
                yield from _parts(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _parts(each, f"{path}[{key}]")
    elif isinstance(value, (tuple, list)):
        yield from _sequence(value, path)
    else:
        yield path, _one(value)


def _sequence(values: tuple | list, path: str) -> Iterator[tuple[str, Any]]:
    if values and all(isinstance(each, (int, float, np.number)) for each in values):
        yield path, _array(np.asarray(values))
        return
    yield f"{path}:length", len(values)
    for place, each in enumerate(values[:ENTRIES]):
        yield from _parts(each, f"{path}[{place}]")


def _array(values: np.ndarray) -> list:
    """Shape, then mean and spread of numbers, or how many different texts; then some entries."""
    shape = "×".join(map(str, values.shape))
    flat = values.ravel()
    picked = (
        [flat[i] for i in np.linspace(0, len(flat) - 1, ENTRIES).astype(int)] if len(flat) else []
    )
    if values.dtype.kind in "fiub":
        finite = flat[np.isfinite(flat)].astype(float)
        whole = [finite.mean(), finite.std()] if len(finite) else []
        return [shape, len(finite), *map(_one, (*whole, *picked))]
    return [shape, len({str(each) for each in flat}), *map(_one, picked)]


def _one(value: Any) -> Any:
    if value is None or isinstance(value, (bool, np.bool_)):
        return None if value is None else bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if math.isfinite(value) else str(float(value))
    if isinstance(value, Enum):
        return value.name
    return str(value)[:LETTERS] if isinstance(value, str) else type(value).__name__


def differences(
    found: Mapping[str, Any], wanted: Mapping[str, Any], within: float = ABSOLUTE
) -> list[str]:
    """A sentence for each recorded part that is not as recorded; new parts may be there."""
    return [
        f"{path}: {found.get(path, 'missing')}; recorded {value}"
        for path, value in wanted.items()
        if not _same(found.get(path, "missing"), value, within)
    ]


def _same(found: Any, wanted: Any, within: float) -> bool:
    if isinstance(wanted, list):
        whole = isinstance(found, list) and len(found) == len(wanted)
        return whole and all(_same(*each, within) for each in zip(found, wanted))
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        return math.isclose(found, wanted, rel_tol=RELATIVE, abs_tol=within)
    return found == wanted

"""Vega-Lite specifications side by side."""

from __future__ import annotations

import json
import re

import pytest

from interp_core.charts.export import specification


def plain(chart) -> dict:
    """The specification without the names that Altair gives to views, selections and data."""
    spec = specification(chart)
    datasets = spec.pop("datasets")
    text = re.sub(r"\b(view|param|data)[-_]?[0-9a-f]*_?\d*\b", r"\1", json.dumps(spec))
    spec = json.loads(re.sub(r"data:image/png;base64,[^\"]+", "a picture", text))
    spec["datasets"] = [sorted(rows, key=names_of) for rows in datasets.values()]
    return spec


def names_of(row: dict) -> str:
    """What a row is known by: not by its numbers, which may be rounded another way."""
    return str([each for each in row.values() if not isinstance(each, float)])


def alike(one, two) -> bool:
    """Whether two specifications are the same, up to the rounding of float32."""
    return not difference(one, two)


def difference(one, two, where: str = "the chart") -> str:
    """The first place where two specifications differ, empty where they do not."""
    if isinstance(one, dict) and isinstance(two, dict):
        if one.keys() != two.keys():
            return f"{where}: {sorted(one.keys() ^ two.keys())} in one alone"
        found = (difference(one[key], two[key], f"{where}.{key}") for key in one)
        return next(filter(None, found), "")
    if isinstance(one, list) and isinstance(two, list):
        if len(one) != len(two):
            return f"{where}: {len(one)} and {len(two)} entries"
        pairs = enumerate(zip(one, two))
        found = (difference(*pair, f"{where}[{number}]") for number, pair in pairs)
        return next(filter(None, found), "")
    if isinstance(one, float) or isinstance(two, float):
        same = one == pytest.approx(two, rel=1e-3, abs=1e-4)
    elif isinstance(one, str) and one.startswith("data:image"):
        same = str(two).startswith("data:image")
    else:
        same = one == two
    return "" if same else f"{where}: {one!r} and {two!r}"

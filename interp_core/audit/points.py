"""Values, thresholds, classes and slices as data of charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from interp_core.audit.figures import SMALL

if TYPE_CHECKING:
    from interp_core.audit.verdict import Check


def value_points(figures: list) -> pd.DataFrame:
    """Values as `charts.intervals` wants them."""
    return pd.DataFrame(
        {
            "name": [each.title for each in figures],
            "value": [each.value for each in figures],
            "low": [each.low for each in figures],
            "high": [each.high for each in figures],
            "n": [each.n for each in figures],
            "small": [each.small for each in figures],
        }
    )


def check_points(checks: Sequence[Check]) -> pd.DataFrame:
    """Values with their thresholds as `charts.intervals` wants them.

    Counts, which have no interval and another scale, are left out where there is anything else.
    """
    checks = [each for each in checks if each.figure.low == each.figure.low] or checks
    frame = value_points([each.figure for each in checks])
    ends = [(each.threshold.at_least, each.threshold.at_most) for each in checks]
    frame["limit"] = [high if low is None else low for low, high in ends]
    said = {True: "✓", False: "✗"}
    frame["name"] = [f"{said[c.passed]} {name}" for c, name in zip(checks, frame["name"])]
    return frame


MEASURES = {"precision": "precision", "recall": "recall", "f1": "F1"}


def class_points(classes: pd.DataFrame) -> pd.DataFrame:
    """The classes of a score as `charts.intervals` wants them, a facet for each measure."""
    parts = []
    for name, title in MEASURES.items():
        n = {
            "precision": classes["predicted"],
            "recall": classes["support"],
            "f1": classes["support"] + classes["predicted"],
        }[name]
        part = pd.DataFrame({"name": classes["class"], "group": title, "value": classes[name]})
        part["low"], part["high"] = classes[f"{name}_low"], classes[f"{name}_high"]
        parts.append(part.assign(n=n, small=n < SMALL))
    return pd.concat(parts, ignore_index=True)


def slice_points(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of slices as `charts.intervals` wants them; significant ones have a star."""
    names = table["kind"] + ": " + table["slice"]
    return pd.DataFrame(
        {
            "name": names.str[:60] + table["significant"].map({True: " *", False: ""}),
            "value": table["rate"],
            "low": table["low"],
            "high": table["high"],
            "n": table["n"],
            "small": table["n"] < SMALL,
        }
    )

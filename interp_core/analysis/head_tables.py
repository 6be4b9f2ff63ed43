"""Tables behind the pictures of heads: chosen statistics, and how alike the heads are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.head_record import HeadStatistics

PLACE = ["layer", "head"]
DETAILS = ("", "_se", "_std", "_base")  # columns that a statistic may have


def head_name(layer: int, head: int) -> str:
    """How a head is called where it has one name: layer.head."""
    return f"{layer}.{head}"


def statistic_table(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Columns layer, head, role and the named statistics of a table such as `head_statistics` has.

    Each comes with its standard error `_se`, its deviation over texts `_std` and its value under
    even attention `_base`, where there are such. Raises `BadInput` for a name that is not there.
    """
    unknown = [name for name in names if name not in frame]
    if unknown:
        raise BadInput(f"There is no statistic {unknown[0]!r} in the table.")
    wanted = [name + end for name in dict.fromkeys(names) for end in DETAILS]
    return frame[[*PLACE, "role", *(name for name in wanted if name in frame)]]


def with_importance(frame: pd.DataFrame, importance: pd.DataFrame) -> pd.DataFrame:
    """A table of heads with what `head_importance` found of each: importance and its error."""
    return frame.merge(importance[[*PLACE, "importance", "importance_se"]], on=PLACE)


def heads_between(frame: pd.DataFrame, **ranges: tuple[float, float]) -> pd.Series:
    """Which heads have all named statistics in their range (lowest, highest); bool, as `frame`."""
    kept = pd.Series(True, index=frame.index)
    for name, (low, high) in ranges.items():
        kept &= frame[name].between(low, high)
    return kept


def head_likeness(statistics: HeadStatistics) -> pd.DataFrame:
    """Columns layer, head, role, x, y, nearest (layer.head) and its distance in nats.

    x and y draw the heads so that like ones lie together; `.attrs["stress"]` says how badly the
    plane holds the distances (0 is perfect). Raises `BadInput` without a text of two tokens.
    """
    places, stress = statistics.map()
    apart = statistics.distances + np.diag(np.full(len(places), np.inf))
    near = apart.argmin(1)
    names = _names(places)
    table = places[PLACE].assign(role=statistics.frame["role"], x=places["x"], y=places["y"])
    table["nearest"] = [names[other] for other in near]
    table["distance"] = statistics.distances[np.arange(len(near)), near]
    table.attrs = {"stress": stress}
    return table


def head_distances(statistics: HeadStatistics) -> pd.DataFrame:
    """Every pair of heads once: one, two (layer.head), and their distance in nats."""
    names = np.array(_names(statistics.frame))
    one, two = np.triu_indices(len(names), 1)
    return pd.DataFrame(
        {"one": names[one], "two": names[two], "distance": statistics.distances[one, two]}
    )


def _names(frame: pd.DataFrame) -> list[str]:
    return [head_name(*pair) for pair in zip(frame["layer"], frame["head"])]

"""Statistics of heads as pictures: one statistic of every layer × head, and by layer."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.charts import heads as charts
from interp_core.charts.offline import offline
from interp_core.errors import BadInput
from interp_core.heads.catalogue import CODES, STATISTICS, Statistic, offered
from interp_core.heads.record import HeadStatistics


def head_map(
    statistics: HeadStatistics,
    statistic: str | None = None,
    *,
    chosen: tuple[int, int] | None = None,
) -> Any:
    """One cell for each layer × head: a `statistic` by the name of its column, with the head's
    role. `chosen` (layer, head) is framed. Raises `BadInput` for an unknown statistic."""
    frame, entry, name = _asked(statistics, statistic)
    return offline(statistic_map(map_frame(frame, name, chosen), entry))


def by_layer(statistics: HeadStatistics, statistic: str | None = None) -> Any:
    """Every head above its layer. Raises `BadInput` for an unknown statistic."""
    frame, entry, name = _asked(statistics, statistic)
    drawn = map_frame(frame, name, None)
    return offline(charts.by_layer(drawn, title=entry.axis, text_format=entry.digits))


def statistic_map(drawn: pd.DataFrame, entry: Statistic) -> Any:
    """The map of a `map_frame`."""
    return charts.head_map(drawn, title=entry.axis, signed=entry.signed, text_format=entry.digits)


def _asked(
    statistics: HeadStatistics, statistic: str | None
) -> tuple[pd.DataFrame, Statistic, str]:
    frame = statistics.frame
    names = offered(frame)
    name = names[0] if statistic is None else statistic
    if name not in names:
        raise BadInput(f"No head has a value of {name!r}. Choose one of: {', '.join(names)}.")
    return frame, STATISTICS[name], name


def map_frame(frame: pd.DataFrame, name: str, chosen: tuple[int, int] | None) -> pd.DataFrame:
    """What `head_map` draws of one statistic."""
    drawn = frame[["layer", "head", "role"]].assign(value=frame[name])
    if f"{name}_se" in frame and frame[f"{name}_se"].notna().any():
        drawn["se"] = frame[f"{name}_se"]
    drawn["code"] = [CODES.get(role, role) for role in frame["role"]]
    drawn["chosen"] = [
        chosen == (layer, head) for layer, head in zip(frame["layer"], frame["head"])
    ]
    return drawn.assign(lit=True)

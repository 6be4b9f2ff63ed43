"""Statistics of heads as pictures: one statistic of every layer × head, and by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from interp_core.charts import heads as charts
from interp_core.charts.offline import offline
from interp_core.charts.simple import bars_with_errors, beside
from interp_core.errors import BadInput
from interp_core.heads.catalogue import CODES, STATISTICS, Statistic, offered
from interp_core.heads.record import HeadStatistics
from interp_core.heads.tables import head_name

PART = 390  # px of each of two charts side by side
STRONGEST = 12  # heads with bars
CURVES = {
    "accuracy": "agreement with full model",
    "loss": "loss",
    "logit": "logit of the prediction",
}
IMPORTANCE = {"importance": "gradient importance", "loss_change": "change in loss (nats)"}


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


def layers_and_counts(statistics: HeadStatistics, statistic: str | None = None) -> Any:
    """Every head above its layer, beside how many heads of a layer have which value."""
    frame, entry, name = _asked(statistics, statistic)
    return frame_by_layer(frame, name, entry)


def frame_by_layer(frame: pd.DataFrame, name: str, entry: Statistic) -> Any:
    """The chart of `layers_and_counts`."""
    parts = layer_parts(map_frame(frame, name, None), entry)
    return offline(beside(each.properties(width=PART) for each in parts))


def layer_parts(drawn: pd.DataFrame, entry: Statistic) -> list[Any]:
    """Heads above their layers, and how many have which value."""
    points = charts.by_layer(drawn, title=entry.axis, text_format=entry.digits)
    return [points, charts.histogram_by_layer(drawn, title=entry.axis)]


def table_map(
    table: pd.DataFrame,
    statistic: str,
    *,
    chosen: tuple[int, int] | None = None,
    lit: Sequence[bool] | None = None,
    title: str | None = None,
    plain: bool = False,
) -> Any:
    """`head_map` of a table of heads such as `HeadStatistics.frame`, or that of `with_importance`.

    `lit` marks the heads that are not dimmed; `title` stands in the place of the statistic's;
    `plain` numbers have three digits. Raises `BadInput`.
    """
    entry = _known(table, statistic)
    drawn = map_frame(table, statistic, chosen)
    if lit is not None:
        drawn = drawn.assign(lit=list(lit))
    digits = {} if plain else {"text_format": entry.digits}
    about: dict[str, Any] = {"title": title or entry.axis, "signed": entry.signed, **digits}
    return offline(charts.head_map(drawn, **about))


def table_by_layer(table: pd.DataFrame, statistic: str) -> Any:
    """`layers_and_counts` of such a table. Raises `BadInput` for an unknown statistic."""
    return frame_by_layer(table, statistic, _known(table, statistic))


def points_by_layer(table: pd.DataFrame, statistic: str, *, title: str | None = None) -> Any:
    """Every head of such a table above its layer. Raises `BadInput` for an unknown statistic."""
    entry, drawn = _known(table, statistic), map_frame(table, statistic, None)
    return offline(charts.by_layer(drawn, title=title or entry.axis, text_format=entry.digits))


def scatter(table: pd.DataFrame, x: str, y: str) -> Any:
    """Two statistics of every head of such a table. Raises `BadInput` for unknown ones."""
    titles = (_known(table, x).axis, _known(table, y).axis)
    return offline(charts.head_scatter(table, x=x, y=y, titles=titles))


def importance(
    table: pd.DataFrame, frame: pd.DataFrame, *, chosen: tuple[int, int] | None = None
) -> Any:
    """The importance of every head; the table of `head_importance`, and that of the statistics."""
    column = importance_column(table)
    merged = frame.merge(table.drop(columns="texts"), on=["layer", "head"])
    signed = column == "loss_change"
    about: dict[str, Any] = {"title": IMPORTANCE[column], "signed": signed, "text_format": "+.4f"}
    return offline(charts.head_map(map_frame(merged, column, chosen), **about))


def strongest(table: pd.DataFrame) -> Any:
    """The twelve heads of the largest importance as bars; the table of `head_importance`."""
    column = importance_column(table)
    top = table.nlargest(STRONGEST, column)
    names = [head_name(*pair) for pair in zip(top["layer"], top["head"])]
    drawn = top.assign(name=names)
    return offline(bars_with_errors(drawn, value=column, title=IMPORTANCE[column]))


def importance_column(table: pd.DataFrame) -> str:
    """Which importance a table of `head_importance` holds: that of an ablation is a change."""
    return "loss_change" if "logit_change" in table else "importance"


def pruning_curve(table: pd.DataFrame, quantity: str = "accuracy") -> Any:
    """What is left as heads are removed: "accuracy", "loss" or "logit". Raises `BadInput`."""
    if quantity not in CURVES:
        raise BadInput(f"Unknown quantity {quantity!r}. Choose one of: {', '.join(CURVES)}.")
    return offline(charts.pruning(table, y=quantity, title=CURVES[quantity]))


def likeness(table: pd.DataFrame) -> Any:
    """Heads as points, the nearer the more alike; the table of `head_likeness`."""
    names = [head_name(*pair) for pair in zip(table["layer"], table["head"])]
    return offline(charts.likeness_map(table.assign(name=names)))


def distances(statistics: HeadStatistics) -> Any:
    """The distance of every pair of heads, like beside like."""
    places = statistics.frame
    names = [head_name(*pair) for pair in zip(places["layer"], places["head"])]
    one, two = np.indices(statistics.distances.shape).reshape(2, -1)
    cells = pd.DataFrame(
        {
            "one": [names[row] for row in one],
            "two": [names[row] for row in two],
            "distance": statistics.distances.ravel(),
        }
    )
    return offline(charts.likeness_matrix(cells, [names[row] for row in statistics.order()]))


def profile(table: pd.DataFrame) -> Any:
    """Where a head looks from; the table of `profile_frame`."""
    return offline(charts.profile(table))


def two_sides(table: pd.DataFrame, statistic: str) -> Any:
    """Every head of two models or sets of texts; the table of `compare_heads`. Raises `BadInput`
    for an unknown statistic."""
    return offline(charts.differences(table, title=_entry(statistic).axis))


def two_depths(table: pd.DataFrame, statistic: str) -> Any:
    """Two models of other shapes by relative depth; the table of `compare_depths`. Raises
    `BadInput` for an unknown statistic."""
    return offline(charts.depths(table, title=_entry(statistic).axis))


def _entry(statistic: str) -> Statistic:
    if statistic not in STATISTICS:
        raise BadInput(f"Unknown statistic {statistic!r}. Choose one of: {', '.join(STATISTICS)}.")
    return STATISTICS[statistic]


def _known(table: pd.DataFrame, statistic: str) -> Statistic:
    known = offered(table)
    if statistic not in known:
        raise BadInput(f"No head has a value of {statistic!r}. Choose one of: {', '.join(known)}.")
    return STATISTICS[statistic]


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

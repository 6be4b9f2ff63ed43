"""Two sets of head statistics side by side: which differences are larger than noise?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.heads.record import HeadStatistics

RATE = 0.05  # of the differences called real, the share that may be false


def compare_heads(
    first: HeadStatistics, second: HeadStatistics, statistic: str, *, rate: float = RATE
) -> pd.DataFrame:
    """Columns layer, head, first, second, difference (second − first), se, z, p, real.

    The standard error takes the two sets of texts as independent samples; over the same texts it
    is too large, so what is called real then stays so. `real` holds where the difference survives
    the false discovery rate of Benjamini and Hochberg (1995) over all heads. Raises `BadInput`
    where layers and heads differ: see `compare_depths`.
    """
    from scipy.stats import norm

    if (first.layers, first.heads) != (second.layers, second.heads):
        raise BadInput(
            "The models differ in the number of layers or heads, so heads cannot be matched. "
            "Compare them by relative depth."
        )
    one, two = _columns(first, statistic), _columns(second, statistic)
    frame = first.frame[["layer", "head"]].assign(
        first=one[0], second=two[0], difference=two[0] - one[0], se=np.hypot(one[1], two[1])
    )
    z = frame["difference"] / frame["se"].where(frame["se"] > 0)
    frame = frame.assign(z=z, p=2 * norm.sf(np.abs(z)))
    return frame.assign(real=discoveries(frame["p"].to_numpy(), rate))


def discoveries(p: np.ndarray, rate: float = RATE) -> np.ndarray:
    """Which of the p-values (n,) survive the false discovery rate; NaN never does."""
    from scipy.stats import false_discovery_control

    known = ~np.isnan(p)
    found = np.zeros(len(p), dtype=bool)
    found[known] = false_discovery_control(p[known]) <= rate
    return found


def compare_depths(
    first: HeadStatistics,
    second: HeadStatistics,
    statistic: str,
    *,
    names: tuple[str, str] = ("first", "second"),
) -> pd.DataFrame:
    """Columns model, layer, depth (0 first to 1 last layer), mean, lowest, highest over heads.

    For models of any sizes. `model` says which of the two by its name.
    """
    both = zip((first, second), names)
    return pd.concat([_depths(each, name, statistic) for each, name in both], ignore_index=True)


def _depths(statistics: HeadStatistics, name: str, statistic: str) -> pd.DataFrame:
    _columns(statistics, statistic)
    groups = statistics.frame.groupby("layer")[statistic]
    table = groups.agg(mean="mean", lowest="min", highest="max").reset_index()
    table.insert(0, "model", name)
    table.insert(2, "depth", table["layer"] / max(int(table["layer"].max()), 1))
    return table


def _columns(statistics: HeadStatistics, name: str) -> tuple[np.ndarray, np.ndarray]:
    frame = statistics.frame
    if name not in frame or f"{name}_se" not in frame:
        known = ", ".join(each.removesuffix("_se") for each in frame if each.endswith("_se"))
        raise BadInput(f"There is no statistic {name!r} with an error. Choose from: {known}.")
    return frame[name].to_numpy(), frame[f"{name}_se"].to_numpy()

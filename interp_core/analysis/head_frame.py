"""The table of head statistics, one row for each layer and head."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.analysis.head_features import OFFSETS, PROFILE
from interp_core.analysis.head_groups import redundancy_groups
from interp_core.analysis.head_induction import SCORES
from interp_core.analysis.head_roles import NONE, role_labels
from interp_core.analysis.head_values import HISTOGRAMS

if TYPE_CHECKING:
    from interp_core.analysis.head_record import HeadStatistics

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SHARES = ("share_", "separator_to_", "others_to_")


def head_frame(statistics: HeadStatistics) -> pd.DataFrame:
    """Columns: layer, head, texts, role, group; then each statistic, with `_std` (standard
    deviation over texts) and `_se` (standard error of the mean over texts).

    Shares also have `_base` (their value under even attention) and `_lift` (share / base). Entropy,
    normalised entropy and confidence have quantiles over query rows (`_q05` … `_q95`).
    `entropy_bits` is entropy / ln 2. `consistency` is the mean correlation of two texts' position
    profiles. Scores on repeated random sequences are there for decoders.
    """
    pairs = np.array(list(product(statistics.layers, range(statistics.heads))))
    sampled = len(statistics.sample.keys) > 0
    columns = {
        "layer": pairs[:, 0],
        "head": pairs[:, 1],
        "texts": np.full(len(pairs), statistics.texts),
        "role": np.full(len(pairs), NONE),
        "group": redundancy_groups(statistics.distances) if sampled else np.full(len(pairs), -1),
        **_moment_columns(statistics),
        **_quantile_columns(statistics),
        "consistency": consistency(statistics).ravel(),
        **_repeated_columns(statistics),
    }
    frame = pd.DataFrame(columns)
    frame["role"] = role_labels(frame)
    return frame


def _moment_columns(statistics: HeadStatistics) -> dict[str, np.ndarray]:
    heads = statistics.heads
    moments = statistics.moments
    parts = {"": moments.means, "_std": moments.deviations, "_se": moments.errors}
    columns: dict[str, np.ndarray] = {}
    for place, name in enumerate(statistics.names):
        if name in PROFILE:
            continue
        columns |= {name + end: part[:, :heads, place].ravel() for end, part in parts.items()}
        if name == "entropy":
            columns |= {f"entropy_bits{end}": columns[name + end] / np.log(2) for end in parts}
        if name.startswith(SHARES):
            columns[name + "_base"] = np.repeat(moments.means[:, heads, place], heads)
            columns[name + "_lift"] = _ratio(columns[name], columns[name + "_base"])
    return columns


def uniform_frame(statistics: HeadStatistics) -> pd.DataFrame:
    """Columns layer and each statistic of uniform attention."""
    values = statistics.moments.means[:, -1]
    columns = {n: values[:, k] for k, n in enumerate(statistics.names) if n not in PROFILE}
    return pd.DataFrame({"layer": statistics.layers, **columns})


def profile_frame(statistics: HeadStatistics, layer: int, head: int) -> pd.DataFrame:
    """Columns offset, share, se: where a head looks, relative to the query; sums to 1.

    The first and last offsets stand for everything farther away on that side.
    """
    row = statistics.layers.index(layer)
    places = [statistics.names.index(name) for name in PROFILE]
    moments = statistics.moments
    return pd.DataFrame(
        {
            "offset": OFFSETS,
            "share": moments.means[row, head, places],
            "se": moments.errors[row, head, places],
        }
    )


def consistency(statistics: HeadStatistics) -> np.ndarray:
    """Mean correlation over all pairs of texts, (layers, heads), NaN below two texts.

    With standardised profiles u_t: Σ_{s≠t} u_s · u_t = ‖Σ u‖² − N.
    """
    count = statistics.profiled
    total = np.square(statistics.profiles).sum(-1)
    return _ratio(total - count, count * (count - 1.0))


def quantiles(counts: np.ndarray, top: float, wanted: tuple[float, ...] = QUANTILES) -> np.ndarray:
    """Quantiles (wanted, ...) of histograms (..., bins) over [0, top], interpolated in the bin."""
    reached = np.cumsum(counts, -1)
    found = []
    for share in wanted:
        goal = share * reached[..., -1:]
        place = (reached < goal).sum(-1, keepdims=True).clip(max=counts.shape[-1] - 1)
        inside = np.take_along_axis(counts, place, -1)
        below = np.take_along_axis(reached, place, -1) - inside
        within = np.divide(goal - below, inside, out=np.zeros(goal.shape), where=inside > 0)
        value = (place + within)[..., 0] * top / counts.shape[-1]
        found.append(np.where(reached[..., -1] > 0, value, np.nan))
    return np.stack(found)


def _quantile_columns(statistics: HeadStatistics) -> dict[str, np.ndarray]:
    tops = (statistics.ceiling, 1.0, 1.0)
    return {
        f"{name}_q{round(100 * share):02d}": values.ravel()
        for name, counts, top in zip(HISTOGRAMS, statistics.histograms, tops)
        for share, values in zip(QUANTILES, quantiles(counts, top))
    }


def _repeated_columns(statistics: HeadStatistics) -> dict[str, np.ndarray]:
    if statistics.repeated is None:
        return {}
    return {name: statistics.repeated[k].ravel() for k, name in enumerate(SCORES)}


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)

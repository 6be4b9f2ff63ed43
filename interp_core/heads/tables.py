"""The table of head statistics, one row for each layer and head."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.heads.patterns import HISTOGRAMS, OFFSETS, PROFILE
from interp_core.heads.similarity import redundancy_groups

if TYPE_CHECKING:
    from interp_core.heads.record import HeadStatistics


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


NONE = "none"
# Clark et al. 2019: more than half of the attention on one position makes a head positional, more
# than 0.6 on special tokens a special-token head, and more than 3.8 nats at 128 tokens broad.
POSITIONAL, SPECIAL, BROAD = 0.5, 0.6, 3.8 / log(128)
# Olsson et al. 2022 give no number; at 0.4 a random head of 50 keys is twenty times exceeded.
INDUCTION = 0.4
LEXICAL = 0.5  # punctuation and repeated tokens: half of the attention, like a position


@dataclass(frozen=True)
class Role:
    """A head has this role where `column` is above `threshold`."""

    name: str
    column: str
    threshold: float


# The first that fits is the head's role: the more specific stand first.
ROLES = (
    Role("induction", "induction_score", INDUCTION),
    Role("duplicate token", "duplicate_token_score", INDUCTION),
    Role("previous token", "share_previous", POSITIONAL),
    Role("next token", "share_next", POSITIONAL),
    Role("self", "share_self", POSITIONAL),
    Role("separator", "share_separator", SPECIAL),
    Role("first token", "share_first", SPECIAL),
    Role("other special token", "share_other_special", SPECIAL),
    Role("repeated token", "share_repeated", LEXICAL),
    Role("punctuation", "share_punctuation", LEXICAL),
    Role("broad", "entropy_normalised", BROAD),
)


# Heads that read images: the same thresholds. "Neighbouring patches" are the eight around a patch,
# of the weight on patches; a sink is one patch with most of the map (images/sinks.py).
IMAGE_ROLES = (
    Role("sink patch", "share_sink", POSITIONAL),
    Role("class token", "share_first", SPECIAL),
    Role("self", "share_self", POSITIONAL),
    Role("neighbouring patches", "share_near", POSITIONAL),
    Role("broad", "entropy_normalised", BROAD),
)
_KINDS = {"texts": ROLES, "images": IMAGE_ROLES}


def role_labels(frame: pd.DataFrame, kind: str = "texts") -> pd.Series:
    """The role of each row of a table of head statistics over "texts" or "images"."""
    found = pd.Series(NONE, index=frame.index, dtype="str")
    for role in reversed(_roles(kind)):
        if role.column in frame:
            found[frame[role.column] > role.threshold] = role.name
    return found


def role_table(kind: str = "texts") -> pd.DataFrame:
    """Columns role, statistic, above: the thresholds, in the order in which they are tried.

    `kind` is "texts" or "images". Raises `BadInput` for another.
    """
    return pd.DataFrame(
        [(r.name, r.column, r.threshold) for r in _roles(kind)],
        columns=["role", "statistic", "above"],
    )


def _roles(kind: str) -> tuple[Role, ...]:
    if kind not in _KINDS:
        raise BadInput(f"Roles are for {' or '.join(_KINDS)}, not {kind!r}.")
    return _KINDS[kind]


SCORES = ("previous_token_score", "duplicate_token_score", "induction_score")

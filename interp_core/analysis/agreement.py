"""How far explanations of one text agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TOP = 3


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's ρ over the pairs (n,) of which both values are known.

    NaN where it is undefined: below two such pairs, or where one side is constant.
    """
    from scipy.stats import rankdata

    pairs = np.asarray([first, second], dtype=float)
    pairs = pairs[:, np.isfinite(pairs).all(0)]
    if pairs.shape[1] < 2 or (np.ptp(pairs, axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(rankdata(pairs, axis=1))[0, 1])


def agreement(scores: pd.DataFrame, *, top: int = TOP) -> pd.DataFrame:
    """Pairs of columns of `scores` (words, methods): Kendall's τ, Spearman's ρ, top-k overlap.

    Unsigned methods know no direction, so sizes are compared. `overlap` is the share of the `top`
    largest words that two methods have in common. NaN where a column is constant.
    """
    from scipy.stats import kendalltau

    sizes = scores.abs()
    rows = []
    for place, first in enumerate(sizes.columns):
        for second in sizes.columns[place + 1 :]:
            a, b = sizes[first].to_numpy(), sizes[second].to_numpy()
            flat = len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "kendall": np.nan if flat else float(kendalltau(a, b).statistic),
                    "spearman": rank_correlation(a, b),
                    "overlap": _overlap(a, b, top),
                }
            )
    return pd.DataFrame(rows, columns=["first", "second", "kendall", "spearman", "overlap"])


def _overlap(first: np.ndarray, second: np.ndarray, top: int) -> float:
    count = min(top, len(first))
    tops = [set(np.argsort(-each, kind="stable")[:count].tolist()) for each in (first, second)]
    return len(tops[0] & tops[1]) / count if count else float("nan")


def disagreements(first: pd.Series, second: pd.Series, count: int = TOP) -> pd.DataFrame:
    """Words whose rank by size differs most between two explanations: word, rank in each."""
    ranks = pd.DataFrame(
        {
            "first": first.abs().rank(ascending=False, method="min").astype(int),
            "second": second.abs().rank(ascending=False, method="min").astype(int),
        }
    )
    ranks["difference"] = (ranks["first"] - ranks["second"]).abs()
    kept = ranks[ranks["difference"] > 0]
    return kept.sort_values("difference", ascending=False, kind="stable").head(count)

"""One measured figure with how many texts it rests on and how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

LEVEL = 0.95  # of every interval
FDR = 0.05  # share of false discoveries among what is called significant
LEAST_P = 0.001  # smaller p-values are only said to be smaller
RESAMPLES = 1_000
SMALL = 30  # texts below which a group is drawn grey: its interval is wider than most differences
BLOCK = 50  # resamples that are held at once
WILSON = "Wilson, 95%"
BOOTSTRAP = "bootstrap over texts, 95%"


@dataclass(frozen=True)
class Figure:
    """`value` of the figure `key` ("accuracy", "recall.positive"), from `n` texts.

    `low` and `high` are its interval, made as `interval` says; NaN where there is none. `p` is the
    p-value of a test against its control, after `comparison` (such as "rest of the texts"), and
    `q` the same after Benjamini and Hochberg; NaN without one.
    """

    key: str
    title: str
    value: float
    n: int
    low: float = float("nan")
    high: float = float("nan")
    interval: str = ""
    comparison: str = ""
    p: float = float("nan")
    q: float = float("nan")

    @property
    def significant(self) -> bool:
        """Whether the test, false discoveries controlled, speaks against chance."""
        return bool(self.q <= FDR)

    @property
    def small(self) -> bool:
        """Whether it rests on too few texts to lean on."""
        return self.n < SMALL

    def told(self) -> str:
        """The figure in a sentence: "Accuracy 0.890 (0.839 to 0.926; n = 200)"."""
        ends = f"{self.low:.3f} to {self.high:.3f}; " if self.has_interval else ""
        counted = not ends and float(self.value).is_integer()
        return f"{self.title} {self.value:.{0 if counted else 3}f} ({ends}n = {self.n:,})"

    @property
    def has_interval(self) -> bool:
        """Whether both ends of its interval are known."""
        return bool(np.isfinite([self.low, self.high]).all())


def figure_table(figures: Iterable[Figure]) -> pd.DataFrame:
    """One row for each figure, with the fields of `Figure`."""
    return pd.DataFrame([asdict(each) for each in figures])


def wilson(count: np.ndarray | int, total: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of `count` out of `total`; NaN where `total` is 0 (Wilson 1927)."""
    from scipy.stats import norm

    count, total = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    z = norm.ppf(0.5 + LEVEL / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = count / total
        centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / 4 / total**2)
        low, high = np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
    # At the ends the formula gives 0 and 1 but for rounding.
    low, high = np.where(count == 0, 0.0, low), np.where(count == total, 1.0, high)
    return np.where(total > 0, low, np.nan), np.where(total > 0, high, np.nan)


def f1_interval(both: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An interval of F1 = 2 both / (2 both + wrong), `wrong` being false positives and negatives.

    F1 rises with J = both / (both + wrong), a share of that many decisions, so the ends of J's
    Wilson interval are turned into F1 = 2 J / (1 + J).
    """
    low, high = wilson(both, np.asarray(both) + np.asarray(wrong))
    return 2 * low / (1 + low), 2 * high / (1 + high)


def difference_interval(
    count: np.ndarray, total: np.ndarray, others: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of count / total − others / rest (Newcombe 1998, hybrid of two Wilson intervals)."""
    low, high = wilson(count, total)
    low_rest, high_rest = wilson(others, rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, share_rest = np.asarray(count) / total, np.asarray(others) / rest
    gap = share - share_rest
    below = np.sqrt((share - low) ** 2 + (high_rest - share_rest) ** 2)
    above = np.sqrt((high - share) ** 2 + (share_rest - low_rest) ** 2)
    return gap - below, gap + above


def resampled(count: int, seed: int, resamples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """Blocks (b, count) of how often each of `count` texts is drawn in a bootstrap resample."""
    rng = np.random.default_rng(seed)
    even = np.full(count, 1 / count)
    for start in range(0, resamples, BLOCK):
        yield rng.multinomial(count, even, size=min(BLOCK, resamples - start))


def bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray],
    count: int,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of `statistic`, from weights (b, count) to (b, ...), over texts.

    Resamples in which it is not defined (NaN) are left out.
    """
    drawn = np.concatenate([statistic(block) for block in resampled(count, seed, resamples)])
    return percentiles(drawn)


def percentiles(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the 95% interval of drawn values (resamples, ...)."""
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    known = np.isfinite(drawn).any(0)
    low, high = np.nanquantile(np.where(known, drawn, 0.0), tails, axis=0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def adjusted(p: np.ndarray) -> np.ndarray:
    """p-values after Benjamini and Hochberg (1995); NaN stay, and do not count."""
    from scipy.stats import false_discovery_control

    p = np.asarray(p, dtype=float)
    found, known = np.full(p.shape, np.nan), np.isfinite(p)
    if known.any():
        found[known] = false_discovery_control(np.clip(p[known], 0, 1), method="bh")
    return found


def p_value(p: float, name: str = "p") -> str:
    """A p-value as it stands in a sentence: "p = 0.016", "p < 0.001", never "p = 0.000"."""
    if not np.isfinite(p):
        return f"{name} undefined"
    return f"{name} < {LEAST_P}" if p < LEAST_P else f"{name} = {p:.3f}"


@dataclass(frozen=True)
class Draw:
    """The bootstrap that the figures of one audit share: `count` texts, drawn `resamples` times."""

    count: int
    seed: int = 0
    resamples: int = RESAMPLES

    def figure(
        self, key: str, title: str, value: float, statistic: Callable[[np.ndarray], np.ndarray]
    ) -> Figure:
        """The figure with its interval from `statistic`, of weights (b, count)."""
        low, high = bootstrap(statistic, self.count, seed=self.seed, resamples=self.resamples)
        return Figure(key, title, float(value), self.count, float(low), float(high), BOOTSTRAP)


def share(key: str, title: str, count: int, total: int) -> Figure:
    """The figure count / total with Wilson's interval."""
    low, high = wilson(count, total)
    value = count / total if total else float("nan")
    return Figure(key, title, value, int(total), float(low), float(high), WILSON)

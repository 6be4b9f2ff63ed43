"""How alike two sets of vectors of the same texts are: CKA, RSA, mutual nearest neighbours.

Each with an interval over texts, by deleting one text at a time (jackknife). Drawing texts with
repetition would not do: a text beside its copy is as similar as can be in both, which lifts every
measure that compares pairs of texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from interp_core.errors import BadInput

Z = 1.959963984540054  # of a normal 95% interval
CONSTANT = 1e-10  # share of the squared length below which vectors count as all alike
FEWEST = 4  # texts: the unbiased estimate divides by n − 3
NEIGHBOURS = 10
TIES = 12  # decimals to which distances are compared


@dataclass(frozen=True)
class Similarity:
    """`value` with the ends of its 95% interval over texts; NaN where it is not defined."""

    value: float
    low: float
    high: float


UNDEFINED = Similarity(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Space:
    """Vectors of n texts, `values` (n, d) float64 with the mean over texts taken off.

    `flat` says that they are all alike but for rounding, so that nothing can be compared.
    """

    values: np.ndarray
    flat: bool

    @classmethod
    def of(cls, vectors: np.ndarray) -> Space:
        """Raises `BadInput` for fewer than four texts, and for numbers that are not finite."""
        raw = np.asarray(vectors, dtype=np.float64)
        if raw.ndim != 2 or len(raw) < FEWEST:
            raise BadInput(f"Give the vectors of at least {FEWEST} texts, one row for each.")
        if not np.isfinite(raw).all():
            raise BadInput("Some vectors hold numbers that are not finite.")
        centred = raw - raw.mean(0)
        whole = np.square(raw).sum()
        return cls(centred, bool(np.square(centred).sum() <= CONSTANT * whole))

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def squares(self) -> np.ndarray:
        """Squared length of each vector, (n,)."""
        return np.einsum("ij,ij->i", self.values, self.values)

    @cached_property
    def gram(self) -> np.ndarray:
        """Inner products of all pairs of texts, (n, n)."""
        return self.values @ self.values.T

    @cached_property
    def sums(self) -> np.ndarray:
        """Sum of each row of `gram` without its diagonal, (n,)."""
        return -self.squares  # rows of a centred Gram matrix sum to 0

    @cached_property
    def unit(self) -> np.ndarray:
        """The centred vectors with length 1; 0 stays 0."""
        lengths = np.sqrt(self.squares)[:, None]
        return np.divide(self.values, lengths, out=np.zeros_like(self.values), where=lengths > 0)

    @cached_property
    def ranks(self) -> np.ndarray:
        """Ranks of the cosine distances of all pairs, (n, n) with 0 on the diagonal.

        Distances that differ by the rounding of float64 alone are equal: ties share their mean
        rank, or the noise of the last digits would decide their order.
        """
        from scipy.stats import rankdata

        upper = np.triu_indices(len(self), 1)
        found = np.zeros((len(self), len(self)))
        found[upper] = rankdata(-np.round((self.unit @ self.unit.T)[upper], TIES))
        return found + found.T

    @cached_property
    def own(self) -> dict[bool, np.ndarray]:
        """HSIC of the space with itself, see `hsic`, by whether it is debiased."""
        return {debiased: hsic(self, self, debiased) for debiased in (False, True)}

    def nearest(self, count: int) -> np.ndarray:
        """Which texts are among the `count` nearest of each by cosine similarity, (n, n) bool."""
        near = self.unit @ self.unit.T
        np.fill_diagonal(near, -np.inf)
        places = np.argsort(-near, axis=1, kind="stable")[:, :count]
        found = np.zeros(near.shape, dtype=bool)
        np.put_along_axis(found, places, True, axis=1)
        return found


def _products(one: Space, two: Space) -> np.ndarray:
    """Σ_j K_ij L_ij for each text i, (n,), in the cheaper of two ways."""
    if one.values.shape[1] * two.values.shape[1] <= len(one) * len(one):
        crossed = one.values.T @ two.values
        return np.einsum("ij,ij->i", one.values @ crossed, two.values)
    return np.einsum("ij,ij->i", one.gram, two.gram)


def hsic(one: Space, two: Space, debiased: bool) -> np.ndarray:
    """The Hilbert-Schmidt independence criterion of linear kernels, (n + 1,): of all texts, then
    without each of them. Both up to a factor that cancels in CKA.

    Centred: ‖XᵀY‖² (Kornblith et al. 2019, equation 3). `debiased`: the unbiased estimate (Song et
    al. 2012, equation 5).
    """
    if debiased:
        return _unbiased(one, two)
    count, products = len(one), _products(one, two)
    step = count / (count - 1)  # deleting a text moves the mean as well
    whole = products.sum()
    without = whole - 2 * step * products + step**2 * one.squares * two.squares
    return np.concatenate([[whole], without])


def _unbiased(one: Space, two: Space) -> np.ndarray:
    count = len(one)
    pairs = _products(one, two) - one.squares * two.squares  # the diagonal is 0 here
    k, m = one.sums, two.sums
    # Rows of each matrix with the other's row sums.
    crossed = one.values @ (one.values.T @ m) - one.squares * m
    other = two.values @ (two.values.T @ k) - two.squares * k
    total, both = pairs.sum(), float(k @ m)

    def estimate(n: int, pairs: Any, k: Any, m: Any, both: Any) -> Any:
        mean = k * m / ((n - 1) * (n - 2))
        return (pairs + mean - 2 * both / (n - 2)) / (n * (n - 3))

    whole = estimate(count, total, k.sum(), m.sum(), both)
    if count <= FEWEST:
        return np.concatenate([[whole], np.full(count, np.nan)])
    without = estimate(
        count - 1,
        total - 2 * pairs,
        k.sum() - 2 * k,
        m.sum() - 2 * m,
        both - k * m - other - crossed + pairs,
    )
    return np.concatenate([[whole], without])


def cka_of(one: Space, two: Space, debiased: bool = False) -> Similarity:
    """`cka` of two spaces of the same texts."""
    if one.flat or two.flat:
        return UNDEFINED
    with np.errstate(invalid="ignore", divide="ignore"):
        values = hsic(one, two, debiased) / np.sqrt(one.own[debiased] * two.own[debiased])
    return _jackknife(values[0], values[1:])


def _jackknife(value: float, without: np.ndarray) -> Similarity:
    """The interval from the values without each text, (n,)."""
    count = len(without)
    error = np.sqrt((count - 1) / count * np.square(without - without.mean()).sum())
    value = float(value)
    return Similarity(value, value - Z * float(error), value + Z * float(error))


def cka(first: np.ndarray, second: np.ndarray, *, debiased: bool | None = None) -> Similarity:
    """Linear centred kernel alignment of the vectors of the same n texts, (n, d1) and (n, d2).

    ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) with the means taken off: 1 for the same up to rotation and scale
    (Kornblith et al. 2019). With fewer texts than dimensions that is near 1 for any two spaces, so
    there the unbiased estimate of each part is taken (`debiased` None); it is 0 on average where
    nothing is shared, and may be negative (Song et al. 2012; Nguyen et al. 2021). NaN where the
    vectors of a side are all alike. Raises `BadInput` for fewer than four texts.
    """
    one, two = _pair(first, second)
    return cka_of(one, two, is_debiased(one, two) if debiased is None else debiased)


def is_debiased(one: Space, two: Space) -> bool:
    """Whether the texts are fewer than the dimensions of a side."""
    return len(one) < max(one.values.shape[1], two.values.shape[1])


def rsa_of(one: Space, two: Space) -> Similarity:
    """`rsa` of two spaces of the same texts."""
    if one.flat or two.flat or len(one) < FEWEST:
        return UNDEFINED
    a, b = one.ranks, two.ranks
    n = len(one)
    rows = [a.sum(1), b.sum(1), (a * b).sum(1), (a * a).sum(1), (b * b).sum(1)]
    whole = [each.sum() / 2 for each in rows]
    values = _pearson(n * (n - 1) / 2, *whole)
    without = _pearson((n - 1) * (n - 2) / 2, *(each - row for each, row in zip(whole, rows)))
    return _jackknife(values, without)


def _pearson(count, a, b, ab, aa, bb):  # noqa: ANN001, ANN202
    """Pearson's r from sums."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ab - a * b / count) / np.sqrt((aa - a**2 / count) * (bb - b**2 / count))


def rsa(first: np.ndarray, second: np.ndarray) -> Similarity:
    """Representational similarity analysis: Spearman's ρ of the distances of all pairs of texts.

    `first` (n, d1) and `second` (n, d2) are vectors of the same texts. Distances are cosine
    distances of the vectors with their mean over texts taken off (Kriegeskorte et al. 2008). The
    interval leaves out one text at a time and keeps the ranks. Raises `BadInput`.
    """
    return rsa_of(*_pair(first, second))


def neighbours_of(one: np.ndarray, two: np.ndarray) -> Similarity:
    """The share of common neighbours, from what `Space.nearest` gives of both."""
    count = max(int(one[0].sum()), 1)
    shares = (one & two).sum(1) / count
    error = shares.std(ddof=1) / np.sqrt(len(shares))
    mean = float(shares.mean())
    return Similarity(mean, max(0.0, mean - Z * error), min(1.0, mean + Z * error))


def mutual_neighbours(
    first: np.ndarray, second: np.ndarray, *, neighbours: int = NEIGHBOURS
) -> Similarity:
    """Share of each text's nearest texts that are the same in both spaces, on average.

    Nearest by cosine similarity of the vectors with their mean taken off; expected by chance:
    neighbours / (n − 1). The interval is ± 1.96 standard errors over texts. Raises `BadInput`.
    """
    one, two = _pair(first, second)
    if one.flat or two.flat:
        return UNDEFINED
    count = min(neighbours, len(one) - 1)
    return neighbours_of(one.nearest(count), two.nearest(count))


def _pair(first: np.ndarray, second: np.ndarray) -> tuple[Space, Space]:
    one, two = Space.of(first), Space.of(second)
    if len(one) != len(two):
        raise BadInput(f"{len(one)} and {len(two)} vectors: give those of the same texts.")
    return one, two

"""Intervals and tests by drawing again: clusters, signs and group labels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from interp_core.audit.figures import percentiles

RESAMPLES = 2_000
DRAWS = 10_000
EXACT = 12  # clusters up to which all signs are tried
BLOCK = 250  # draws that are held at once


def two_way_interval(
    values: np.ndarray, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95% interval of the mean of `values` (rows, columns), NaN where a cell is empty.

    Rows and columns are both drawn with replacement, so that neither templates nor terms count as
    independent texts (Owen 2007, "The pigeonhole bootstrap").
    """
    rng = np.random.default_rng(seed)
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    rows, columns = values.shape
    one = rng.multinomial(rows, np.full(rows, 1 / rows), size=resamples)
    two = rng.multinomial(columns, np.full(columns, 1 / columns), size=resamples)
    total = ((one @ filled) * two).sum(1)
    count = ((one @ known) * two).sum(1)
    means = np.divide(total, count, out=np.full(resamples, np.nan), where=count > 0)
    low, high = percentiles(means)
    return float(low), float(high)


def sign_flip(values: np.ndarray, *, seed: int = 0, draws: int = DRAWS) -> np.ndarray:
    """Two-sided p that the mean over clusters is 0, of `values` (clusters,) or (clusters, tests).

    Under the hypothesis each cluster's sign is as likely as the other. Up to 12 clusters all signs
    are tried, else `draws` of them, and the one that was seen. NaN are left out; NaN without any.
    """
    table = np.asarray(values, dtype=float).reshape(len(values), -1)
    known = np.isfinite(table)
    filled = np.where(known, table, 0.0)
    seen = np.abs(filled.sum(0))
    slack = 1e-9 * np.abs(filled).sum(0)
    hits, tried = np.zeros(table.shape[1]), 0
    for signs in _signs(len(table), seed, draws):
        hits += (np.abs(signs @ filled) >= seen - slack).sum(0)
        tried += len(signs)
    exact = len(table) <= EXACT
    p = hits / tried if exact else (hits + 1) / (tried + 1)
    p = np.where(known.any(0), p, np.nan)
    return p.reshape(np.shape(values)[1:])


def _signs(clusters: int, seed: int, draws: int) -> Iterator[np.ndarray]:
    """Blocks of signs (draws, clusters), +1 or −1."""
    if clusters <= EXACT:
        yield np.array(list(product((1.0, -1.0), repeat=clusters)))
        return
    rng = np.random.default_rng(seed)
    for start in range(0, draws, BLOCK):
        size = (min(BLOCK, draws - start), clusters)
        yield rng.integers(0, 2, size=size).astype(float) * 2 - 1


def group_difference(
    values: np.ndarray, chosen: np.ndarray, *, seed: int = 0, draws: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the `chosen` rows (n,) bool minus that of the others, and its permutation p.

    `values` is (n, tests); NaN are left out. p is two-sided: the share of random choices of as many
    rows whose difference is at least as large, the one that was seen included. NaN where either
    side is empty.
    """
    table, chosen = np.asarray(values, dtype=float), np.asarray(chosen, dtype=bool)
    known = np.isfinite(table)
    filled = np.where(known, table, 0.0)
    totals, counts = filled.sum(0), known.sum(0).astype(float)

    def gap(weights: np.ndarray) -> np.ndarray:
        count = weights @ known
        rest = counts - count
        with np.errstate(divide="ignore", invalid="ignore"):
            return (weights @ filled) / count - (totals - weights @ filled) / rest

    seen = gap(chosen[None].astype(float))[0]
    rng, hits, tried = (
        np.random.default_rng(seed),
        np.zeros(table.shape[1]),
        np.ones(table.shape[1]),
    )
    hits += 1
    weights = chosen.astype(float)
    for start in range(0, draws, BLOCK):
        block = rng.permuted(np.tile(weights, (min(BLOCK, draws - start), 1)), axis=1)
        found = gap(block)
        defined = np.isfinite(found)
        hits += (defined & (np.abs(found) >= np.abs(seen) - 1e-12)).sum(0)
        tried += defined.sum(0)
    return seen, np.where(np.isfinite(seen), hits / tried, np.nan)

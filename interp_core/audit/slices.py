"""Groups of texts in which a model errs more often than in the rest: by length, column or words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from interp_core.audit.figures import FDR, adjusted, difference_interval, wilson
from interp_core.audit.predictions import Predictions, is_right
from interp_core.audit.record import REGRESSION, AuditData
from interp_core.audit.word_groups import group_spans
from interp_core.charted import Charted
from interp_core.errors import BadInput

SUPPORT = 10  # texts from which a group is tested
PART = 200  # of n texts a searched word must be in n / 200
MOST_WORDS = 3_000  # the most frequent ones, of which pairs are made
LISTED = 200  # slices of a search that are listed, the worst first
BANDS = 4  # of a number or a length: as many texts in each
MOST_VALUES = 30  # of a column; one with more different values describes single texts
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
CAPITAL = re.compile(r"(?<=[\w,;:] )[A-Z][\w’'-]*[a-z]|(?<=[\w,;:] )[A-Z]{2,}\b")
ENTITY = "name or place (a capital within the text)"
CONFIDENCE = "confidence"
WORDS, PAIR = "word", "pair of words"


@dataclass(frozen=True)
class Slices(Charted):
    """What a search over groups of texts found.

    `table` has a row for each listed group: kind, slice, n, errors, rate with low and high (Wilson,
    95%), rest (rate of the other texts), difference with difference_low and difference_high
    (Newcombe, 95%), p (one-sided: more errors than in the rest), q (after Benjamini and Hochberg
    over all `tested` groups) and significant. For regression errors is NaN and rate the mean
    absolute error. `overall` is the rate of all `n` texts.
    """

    table: pd.DataFrame
    tested: int
    overall: float
    n: int
    outcome: str

    def found(self) -> pd.DataFrame:
        """The groups with more errors than chance explains, the worst first."""
        return self.table[self.table["significant"]].reset_index(drop=True)


def outcome(data: AuditData, predictions: Predictions) -> tuple[np.ndarray, str]:
    """What is compared between groups, (n,), and its name: errors as 0 and 1, or their size."""
    if data.kind == REGRESSION:
        return np.abs(predictions.predicted - data.targets), "mean absolute error"
    return (~is_right(data, predictions)).astype(float), "error rate"


def group_slices(data: AuditData, predictions: Predictions) -> Slices:
    """Slices by length, confidence, the columns of the metadata, and what a text contains.

    The last are negation, intensifiers, contrast and fillers (`group_spans`), and names or places,
    known by a capital letter within the text. Lengths, confidences and numbers are cut into four
    bands of equally many texts. Groups of fewer than 10 texts are listed and not tested.
    """
    data, predictions = _done(data, predictions)
    rows = list(_groups(data, predictions))
    masks = np.array([mask for *_, mask in rows], dtype=bool).reshape(len(rows), len(data))
    names = [(kind, name) for kind, name, _ in rows]
    return _compared(data, predictions, names, _sums(masks, data, predictions))


def word_slices(
    data: AuditData, predictions: Predictions, *, support: int | None = None, pairs: bool = True
) -> Slices:
    """Slices by single words, and pairs of words that stand anywhere in the same text.

    Every word in at least `support` texts (by default 10, or one text in 200 if that is more), and
    every pair of the 3,000 most frequent ones that is, is compared with the rest and counts in
    `tested`. Listed are the 200 with the highest lower bound of the difference; a pair only where
    its bound is above those of both words, so that it says more than they do.
    """
    data, predictions = _done(data, predictions)
    support = support or max(SUPPORT, -(-len(data) // PART))
    vocabulary, present = _presence(_word_sets(data))
    counts = np.asarray(present.sum(0)).ravel()
    kept = np.flatnonzero((counts >= support) & (counts < len(data)))
    kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")][:MOST_WORDS])
    present = present[:, kept]
    names = [(WORDS, vocabulary[place]) for place in kept]
    sums = _sums(present.T, data, predictions)
    parts = np.zeros((len(names), 2), dtype=int) - 1
    if pairs and len(names) > 1:
        one, two, more = _pairs(present, support, data, predictions)
        names += [(PAIR, f"{names[a][1]} + {names[b][1]}") for a, b in zip(one, two)]
        parts = np.concatenate([parts, np.stack([one, two], 1)])
        sums = tuple(np.concatenate([a, b]) for a, b in zip(sums, more))
    return _compared(data, predictions, names, sums, parts)


def slice_rows(data: AuditData, predictions: Predictions, kind: str, name: str) -> np.ndarray:
    """Which texts belong to a slice of a table, (n,) bool. Raises `BadInput` for unknown ones."""
    done = predictions.done
    if kind in (WORDS, PAIR):
        wanted = set(name.split(" + ")) if kind == PAIR else {name}
        return np.array([wanted <= words for words in _word_sets(data)], dtype=bool) & done
    for other, title, mask in _groups(*_done(data, predictions)):
        if (other, title) == (kind, name):
            found = np.zeros(len(data), dtype=bool)
            found[np.flatnonzero(done)] = mask
            return found
    raise BadInput(f"There is no slice {name[:60]!r} of the kind {kind[:60]!r}.")


def _done(data: AuditData, predictions: Predictions) -> tuple[AuditData, Predictions]:
    done = predictions.done
    if not done.any():
        raise BadInput("No text was predicted, so there is nothing to compare.")
    return (data, predictions) if done.all() else (data.take(done), predictions.take(done))


# ------------------------------------------------------------------------------ groups by a rule


def _groups(data: AuditData, predictions: Predictions) -> Iterator[tuple[str, str, np.ndarray]]:
    """Kind, name and mask (n,) of each group."""
    yield from _bands("length", predictions.lengths, "tokens")
    if np.isfinite(predictions.confidence).all():
        yield from _bands(CONFIDENCE, predictions.confidence, "")
    for column in data.metadata:
        yield from _values(str(column), data.metadata[column])
    texts = _whole_texts(data)
    marks: dict[str, list[bool]] = {}
    for place, spans in enumerate(group_spans(texts)):
        for name, found in spans.items():
            marks.setdefault(name, [False] * len(texts))[place] = bool(found)
    marks[ENTITY] = [CAPITAL.search(text) is not None for text in texts]
    for name, mask in marks.items():
        held = np.array(mask, dtype=bool)
        if held.any() and not held.all():
            yield "contains", name, held


def _whole_texts(data: AuditData) -> list[str]:
    pairs = data.pairs or [""] * len(data)
    return [f"{text} {pair}".strip() for text, pair in zip(data.texts, pairs)]


def _bands(kind: str, values: np.ndarray, unit: str) -> Iterator[tuple[str, str, np.ndarray]]:
    """Bands of about equally many texts; fewer where many values are the same."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BANDS + 1)))
    if len(edges) < 2:
        return
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    for band in range(len(edges) - 1):
        mask = place == band
        if mask.any() and not mask.all():
            low, high = values[mask].min(), values[mask].max()
            ends = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
            yield kind, f"{ends} {unit}".strip(), mask


def _values(column: str, values: pd.Series) -> Iterator[tuple[str, str, np.ndarray]]:
    kind = f"column {column}"
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_VALUES / 3:
        known = values.notna().to_numpy()
        numbers = values.astype(float).to_numpy()
        for _, name, mask in _bands(kind, numbers[known], ""):
            whole = np.zeros(len(values), dtype=bool)
            whole[known] = mask
            yield kind, name, whole
        return
    counts = values.astype(str).where(values.notna()).value_counts()
    if not 1 < len(counts) <= MOST_VALUES:
        return
    for name in counts.index:
        yield kind, str(name)[:80], (values.astype(str) == name).to_numpy()


# ---------------------------------------------------------------------------- words and their pairs


def _word_sets(data: AuditData) -> Iterator[set[str]]:
    """The different words of each text, without capitals."""
    for text in _whole_texts(data):
        yield set(WORD.findall(text.casefold()))


def _presence(sets: Iterable[set[str]]) -> tuple[list[str], Any]:
    """The words, and a sparse matrix (n, words): 1 where the text has the word."""
    from scipy.sparse import csr_matrix

    numbers: dict[str, int] = {}
    columns, starts = [], [0]
    for words in sets:
        columns += [numbers.setdefault(word, len(numbers)) for word in sorted(words)]
        starts.append(len(columns))
    shape = (len(starts) - 1, len(numbers))
    ones = np.ones(len(columns))
    return list(numbers), csr_matrix((ones, columns, starts), shape=shape).tocsc()


def _pairs(
    present: Any, support: int, data: AuditData, predictions: Predictions
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Both words of each pair in `support` texts, and its sums (see `_sums`)."""
    from scipy.sparse import diags, triu

    values, _ = outcome(data, predictions)
    together = triu(present.T @ present, k=1).tocoo()
    held = together.data >= support
    one, two, n = together.row[held], together.col[held], together.data[held]
    totals = []
    for power in (1, 2):
        weighted = (present.T @ diags(values**power) @ present).tocsr()
        totals.append(np.asarray(weighted[one, two]).ravel() if len(one) else np.zeros(0))
    return one, two, (n, totals[0], totals[1])


# ------------------------------------------------------------------------------------ comparison


def _sums(
    masks: Any, data: AuditData, predictions: Predictions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texts of each group, and the sums of the outcome and of its square over them."""
    values, _ = outcome(data, predictions)
    ones = np.ones(len(values))
    return tuple(np.asarray(masks @ each).ravel() for each in (ones, values, values**2))


def _compared(
    data: AuditData,
    predictions: Predictions,
    names: Sequence[tuple[str, str]],
    sums: tuple[np.ndarray, np.ndarray, np.ndarray],
    parts: np.ndarray | None = None,
) -> Slices:
    values, told = outcome(data, predictions)
    n, total, square = sums
    whole = (len(values), values.sum(), (values**2).sum())
    compare = _means if data.kind == REGRESSION else _shares
    columns = compare(n, total, square, *whole)
    table = pd.DataFrame(names, columns=["kind", "slice"]).assign(n=n.astype(int), **columns)
    tested = (table["n"] >= SUPPORT) & (len(values) - table["n"] >= SUPPORT)
    table.loc[~tested, "p"] = np.nan
    table["q"] = adjusted(table["p"])
    table["significant"] = table["q"] <= FDR
    count = int(tested.sum())
    if parts is not None and len(table):
        table = _listed(table, parts)
    return Slices(table, count, float(values.mean()), len(values), told)


def _listed(table: pd.DataFrame, parts: np.ndarray) -> pd.DataFrame:
    """The worst groups, without pairs that say no more than one of their words."""
    bound = table["difference_low"].fillna(-1).to_numpy()
    single = parts[:, 0] < 0
    better = single | (bound > np.maximum(bound[parts[:, 0]], bound[parts[:, 1]]))
    kept = table[better].sort_values("difference_low", ascending=False, kind="stable")
    return kept.head(LISTED).reset_index(drop=True)


def _shares(
    n: np.ndarray, wrong: np.ndarray, _: np.ndarray, count: int, errors: float, __: float
) -> dict[str, np.ndarray]:
    """Rates with their intervals, and Fisher's exact test (one-sided: more errors)."""
    from scipy.stats import hypergeom

    rest, others = count - n, errors - wrong
    low, high = wilson(wrong, n)
    below, above = difference_interval(wrong, n, others, rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, rate_rest = wrong / n, others / rest
    whole = np.round(wrong).astype(int)
    return {
        "errors": whole,
        "rate": rate,
        "low": low,
        "high": high,
        "rest": rate_rest,
        "difference": rate - rate_rest,
        "difference_low": below,
        "difference_high": above,
        "p": hypergeom.sf(whole - 1, count, round(errors), n.astype(int)),
    }


def _means(
    n: np.ndarray, total: np.ndarray, square: np.ndarray, count: int, whole: float, squares: float
) -> dict[str, np.ndarray]:
    """Mean errors with their t intervals, and Welch's test (one-sided: larger errors)."""
    from scipy.stats import t

    def moments(n: np.ndarray, total: np.ndarray, square: np.ndarray) -> tuple:
        mean = total / n
        return mean, np.maximum(square - n * mean**2, 0) / (n - 1) / n  # variance of the mean

    with np.errstate(divide="ignore", invalid="ignore"):
        rest = count - n
        mean, error = moments(n, total, square)
        mean_rest, error_rest = moments(rest, whole - total, squares - square)
        both = error + error_rest
        free = both**2 / (error**2 / (n - 1) + error_rest**2 / (rest - 1))
        gap, half = mean - mean_rest, t.ppf(0.975, free) * np.sqrt(both)
        own = t.ppf(0.975, n - 1) * np.sqrt(error)
        p = t.sf(gap / np.sqrt(both), free)
    return {
        "errors": np.full(len(n), np.nan),
        "rate": mean,
        "low": mean - own,
        "high": mean + own,
        "rest": mean_rest,
        "difference": gap,
        "difference_low": gap - half,
        "difference_high": gap + half,
        "p": p,
    }

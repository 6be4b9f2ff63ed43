"""Groups of points: k-means and HDBSCAN, with silhouettes and the words that set each apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import regex

from interp_core.embedding.linear_reduction import principal
from interp_core.embedding.neighbours import check_metric
from interp_core.embedding.quality import silhouettes
from interp_core.embedding.vectors import Vectors, check_points, unit
from interp_core.errors import BadInput
from interp_core.inputs.words import SEGMENTS, find_words

NOISE = -1
TRIED = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20)  # numbers of clusters tried when none is given
TRIAL_POINTS = 1_000
MANY_STARTS = 5_000  # up to here the best of four starts is taken; beyond, one is enough
HDBSCAN_AXES = 10  # density needs few dimensions; the principal ones keep what groups differ in
HDBSCAN_POINTS = 20_000


def clusters(
    vectors: Vectors,
    *,
    method: str = "kmeans",
    count: int | None = None,
    min_size: int = 10,
    metric: str = "cosine",
    seed: int = 0,
) -> pd.DataFrame:
    """One row for each point, in order: cluster (−1: noise), silhouette, and the frame's columns.

    "kmeans" makes `count` clusters (None: the number with the best silhouette of those in
    `TRIED`); "hdbscan" finds groups of at least `min_size` points that are denser than what lies
    between them, and leaves the rest as noise. Clusters are numbered from the largest. Under
    "cosine" vectors are scaled to length 1. The silhouette of large sets is given for a random
    sample (NaN elsewhere). Raises `BadInput`.
    """
    check_points(len(vectors), 3)
    if method not in CLUSTERERS:
        raise BadInput(
            f"Unknown clustering method {method!r}. Choose one of: {', '.join(CLUSTERERS)}."
        )
    values = vectors.values
    if check_metric(metric) == "cosine":
        values = unit(values)
    number = _by_size(CLUSTERERS[method](values, count=count, min_size=min_size, seed=seed))
    found = pd.DataFrame({"cluster": number})
    found["silhouette"] = silhouettes(values, number, seed=seed)
    rest = vectors.frame.reset_index(drop=True)
    return pd.concat([found, rest.drop(columns=[n for n in found if n in rest])], axis=1)


def cluster_summary(found: pd.DataFrame, *, by: str = "text", top: int = 6) -> pd.DataFrame:
    """One row for each cluster: cluster, size, silhouette (mean), words that set it apart."""
    words = distinctive_words(list(found[by]), list(found["cluster"]), top=top)
    joined = words.groupby("group")["word"].agg(", ".join)
    rows = found.groupby("cluster").agg(size=("cluster", "size"), silhouette=("silhouette", "mean"))
    rows["words"] = joined.reindex(rows.index).fillna("")
    return rows.reset_index()


def _kmeans(values: np.ndarray, *, count: int | None, seed: int, **_: Any) -> np.ndarray:
    if count is not None and not 2 <= count <= min(200, len(values) - 1):
        raise BadInput(f"Choose 2 to {min(200, len(values) - 1)} clusters, not {count}.")
    return _kmeans_of(values, count or _best_count(values, seed), seed)


def _kmeans_of(values: np.ndarray, count: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    starts = 4 if len(values) <= MANY_STARTS else 1
    return KMeans(count, n_init=starts, random_state=seed).fit_predict(values)


def _best_count(values: np.ndarray, seed: int) -> int:
    """The number of clusters with the best mean silhouette on at most 1,000 points."""
    if len(values) > TRIAL_POINTS:
        rows = np.random.default_rng(seed).choice(len(values), TRIAL_POINTS, replace=False)
        values = values[rows]
    tried = [count for count in TRIED if count < len(values)]
    scores = [np.nanmean(silhouettes(values, _kmeans_of(values, n, seed))) for n in tried]
    return tried[int(np.argmax(scores))]


def _hdbscan(values: np.ndarray, *, min_size: int, seed: int, **_: Any) -> np.ndarray:
    from sklearn.cluster import HDBSCAN

    if not 2 <= min_size <= len(values):
        raise BadInput(f"A cluster has 2 to {len(values):,} points at least, not {min_size}.")
    if len(values) > HDBSCAN_POINTS:
        raise BadInput(
            f"HDBSCAN on {len(values):,} points takes minutes. Use a sample of "
            f"{HDBSCAN_POINTS:,}, or use k-means."
        )
    axes = min(HDBSCAN_AXES, *values.shape)
    reduced = principal(values, axes, seed=seed)[0]
    return HDBSCAN(min_cluster_size=min_size, copy=True).fit_predict(reduced)


CLUSTERERS: dict[str, Callable[..., np.ndarray]] = {"kmeans": _kmeans, "hdbscan": _hdbscan}


def _by_size(number: np.ndarray) -> np.ndarray:
    """Clusters numbered from 0, the largest first; noise stays −1."""
    names, sizes = np.unique(number[number >= 0], return_counts=True)
    places = {
        int(name): place for place, name in enumerate(names[np.argsort(-sizes, kind="stable")])
    }
    return np.array([places.get(int(each), NOISE) for each in number], dtype=np.int64)


WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*", regex.V1)
PRIOR = 500.0  # words' worth of belief that the groups do not differ


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, in order; a segmenter finds those without spaces."""
    text = str(text).casefold()
    segments = [word for word in find_words(text) if word.kind == SEGMENTS]
    cuts = {edge for word in segments for edge in (word.start, word.end)}
    found = []
    for start, end in (match.span() for match in WORD.finditer(text)):
        edges = [start, *(place for place in range(start + 1, end) if place in cuts), end]
        found += [text[first:last] for first, last in pairwise(edges)]
    return found


def distinctive_words(
    texts: Sequence[str], groups: Sequence[object], *, top: int = 8
) -> pd.DataFrame:
    """The `top` words of each group: group, word, score, inside, outside.

    `score` is the z-score of the log-odds with the whole corpus as informative prior (Monroe,
    Colaresi & Quinn 2008), which does not fall for rare words; only words above 0 are kept.
    `inside` and `outside` count the texts with the word. A word counts once in each text.
    """
    sets = [set(words_of(text)) for text in texts]
    whole = Counter(word for found in sets for word in found)
    rows: list[dict] = []
    keys = np.asarray([str(group) for group in groups], dtype=object)
    first = dict(zip(keys, groups))
    for key in sorted(first):
        inside = Counter(w for found, mine in zip(sets, keys == key) if mine for w in found)
        rows += _best(first[key], inside, whole, top)
    return pd.DataFrame(rows, columns=["group", "word", "score", "inside", "outside"])


def common_words(texts: Sequence[str], *, top: int = 20) -> pd.DataFrame:
    """The words in the most texts: word, texts, share."""
    counts = Counter(word for text in texts for word in set(words_of(text)))
    found = pd.DataFrame(counts.most_common(top), columns=["word", "texts"])
    return found.assign(share=found["texts"] / max(len(texts), 1))


def _best(group: object, inside: Counter, whole: Counter, top: int) -> list[dict]:
    words = list(inside)
    within = np.array([inside[word] for word in words], dtype=np.float64)
    everywhere = np.array([whole[word] for word in words], dtype=np.float64)
    outside = everywhere - within
    total, size = sum(whole.values()), sum(inside.values())
    prior = PRIOR * everywhere / max(total, 1)
    score = _log_odds(within, prior, size) - _log_odds(outside, prior, total - size)
    score /= np.sqrt(1 / (within + prior) + 1 / (outside + prior))
    order = sorted(range(len(words)), key=lambda place: (-score[place], words[place]))[:top]
    return [
        {
            "group": group,
            "word": words[place],
            "score": score[place],
            "inside": int(within[place]),
            "outside": int(outside[place]),
        }
        for place in order
        if score[place] > 0
    ]


def _log_odds(counts: np.ndarray, prior: np.ndarray, size: float) -> np.ndarray:
    return np.log(counts + prior) - np.log(np.maximum(size + PRIOR - counts - prior, 1e-9))


apart_words = distinctive_words  # the public name of before

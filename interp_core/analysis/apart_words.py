"""Words that set a group of texts apart from the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import regex

from interp_core.models.words import SEGMENTS, find_words

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


def apart_words(texts: Sequence[str], groups: Sequence[object], *, top: int = 8) -> pd.DataFrame:
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

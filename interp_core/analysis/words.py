"""Words as groups of tokens: which tokens belong together, and what a word is then called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from interp_core.models.words import TOKENS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interp_core.models.tokens import TokenSequence


def word_groups(sequence: TokenSequence, left_out: np.ndarray | None = None) -> list[np.ndarray]:
    """Places of the tokens of each word, in order of first appearance; special tokens stay alone.

    Tokens marked in `left_out` (n,) belong to no group.
    """
    groups: dict[int, list[int]] = {}
    for place, word in enumerate(sequence.word_ids):
        if left_out is None or not left_out[place]:
            groups.setdefault(-1 - place if word is None else word, []).append(place)
    return [np.array(places) for places in groups.values()]


def removable(sequence: TokenSequence, left_out: np.ndarray) -> list[np.ndarray]:
    """Places of what can be taken away as one: each word, or each token of an only word.

    Tokens marked in `left_out` (n,) stay. Without its only word nothing would be left to compare.
    """
    groups = word_groups(sequence, left_out)
    return groups if len(groups) > 1 else [each for group in groups for each in group[:, None]]


def units_taken(sequence: TokenSequence, groups: list[np.ndarray]) -> str:
    """What these groups of `removable` are, as in `TokenSequence.units`."""
    words = {sequence.word_ids[place] for group in groups for place in group}
    return TOKENS if len(groups) > 1 and len(words) == 1 else sequence.units


def word_sums(scores: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Word scores (..., words) from token scores (..., n): the sum over the pieces of a word."""
    return np.stack([scores[..., places].sum(-1) for places in groups], -1)


def spread(values: Sequence[float], groups: list[np.ndarray], size: int) -> np.ndarray:
    """Token scores (size,) from word scores: the pieces of a word share its score equally."""
    scores = np.zeros(size)
    for value, places in zip(values, groups):
        scores[places] = value / len(places)
    return scores


def merge(sequence: TokenSequence, groups: list[np.ndarray]) -> TokenSequence:
    """One entry for each group: the word as written, from its first to its last character.

    Ids are those of the first pieces.
    """
    first = [int(places[0]) for places in groups]
    words = [sequence.word_ids[place] for place in first]
    names = tuple(
        sequence.tokens[place] if word is None else sequence.word_text(word)
        for place, word in zip(first, words)
    )
    spans = tuple(_span([sequence.offsets[place] for place in places]) for places in groups)
    return replace(take(sequence, first), tokens=names, offsets=spans)


def take(sequence: TokenSequence, places: Sequence[int] | np.ndarray) -> TokenSequence:
    """The tokens at `places` alone."""
    return replace(
        sequence,
        tokens=tuple(sequence.tokens[i] for i in places),
        ids=sequence.ids[places],
        special=sequence.special[places],
        word_ids=tuple(sequence.word_ids[i] for i in places),
        segments=tuple(sequence.segments[i] for i in places),
        offsets=tuple(sequence.offsets[i] for i in places),
    )


def _span(spans: list[tuple[int, int] | None]) -> tuple[int, int] | None:
    if any(span is None for span in spans):
        return None
    return min(start for start, _ in spans), max(end for _, end in spans)

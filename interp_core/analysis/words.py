"""Words as groups of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interp_core.models.tokens import TokenSequence


def word_groups(sequence: TokenSequence, keep: np.ndarray) -> list[np.ndarray]:
    """Places of the tokens of each word, in order; tokens marked in `keep` (n,) are left out."""
    groups: dict[int, list[int]] = {}
    for place, word in enumerate(sequence.word_ids):
        if not keep[place]:
            groups.setdefault(-1 - place if word is None else word, []).append(place)
    return [np.array(places) for places in groups.values()]


def spread(values: Sequence[float], groups: list[np.ndarray], size: int) -> np.ndarray:
    """Token scores (size,) from word scores: the pieces of a word share its score equally."""
    scores = np.zeros(size)
    for value, places in zip(values, groups):
        scores[places] = value / len(places)
    return scores

"""Words for what a picture of attributions shows."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 24  # characters of a label, an answer or a word in a title or a description


def quoted(text: str) -> str:
    """People's words in quotes, cut where they are long."""
    return f"“{text if len(text) <= LONGEST else f'{text[: LONGEST - 1]}…'}”"


def largest(words: Iterable[str], scores: Iterable[float], count: int = 3) -> str:
    """The words with the largest scores by size: “great” +0.83, “not” -0.41."""
    ranked = sorted(zip(words, scores), key=lambda each: -abs(each[1]))[:count]
    return ", ".join(f"{quoted(word)} {score:+.2f}" for word, score in ranked)

"""Attributions of many texts: which words decide, and which should not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.analysis.attribution import attribute
from interp_core.errors import ClearheadError

if TYPE_CHECKING:
    from interp_core.analysis.explanation import Attribution
    from interp_core.models.record import LoadedModel

STRONGEST = 3  # words named for each text
HEAVY = 1.5  # times the even share from which a filler word counts more than it should
# Words that carry grammar rather than content; negations are left out, since they should count.
FILLERS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "with",
        "by",
        "from",
        "as",
        "and",
        "or",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "he",
        "she",
        "they",
        "i",
        "you",
        "we",
        "is",
        "was",
        "are",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "there",
        "here",
        "which",
        "who",
    ]
)


def attribute_many(
    model: LoadedModel, texts: Iterable[str], **options: Any
) -> Iterator[tuple[str, Attribution | str]]:
    """Each text with its word attribution, or with the sentence that says why it has none."""
    for text in texts:
        try:
            yield text, attribute(model, text, **options).by_word()
        except ClearheadError as error:
            yield text, str(error)


def text_table(results: Iterable[tuple[str, Attribution | str]]) -> pd.DataFrame:
    """One row for each text: text, prediction, probability, strongest words, problem."""
    return pd.DataFrame([_row(text, result) for text, result in results])


def _row(text: str, result: Attribution | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {"text": text, "prediction": None, "probability": np.nan, "strongest words": "",
                "problem": result}  # fmt: skip
    order = np.argsort(-np.abs(np.where(result.special, 0, result.scores)), kind="stable")
    words = [f"{result.tokens[i]} ({result.scores[i]:+.2f})" for i in order[:STRONGEST]]
    return {
        "text": text,
        "prediction": result.prediction.label,
        "probability": result.prediction.probability,
        "strongest words": ", ".join(words),
        "problem": "",
    }


def word_table(results: Iterable[tuple[str, Attribution | str]]) -> pd.DataFrame:
    """One row for each word and target: class, word, texts, mean score, decisive, share, filler.

    `decisive` counts the texts in which the word has the largest size of all; `share` is its mean
    share of the sum of sizes, divided by the even share (1 / words of the text).
    """
    rows = [row for _, result in results if not isinstance(result, str) for row in _words(result)]
    if not rows:
        return pd.DataFrame(
            columns=["class", "word", "texts", "mean score", "decisive", "share", "filler"]
        )
    groups = pd.DataFrame(rows).groupby(["class", "word"], as_index=False)
    table = groups.agg(
        **{
            "texts": ("score", "size"),
            "mean score": ("score", "mean"),
            "decisive": ("top", "sum"),
            "share": ("share", "mean"),
        }
    )
    table["filler"] = table["word"].map(is_filler)
    return table.sort_values(["decisive", "share"], ascending=False, ignore_index=True)


def heavy_fillers(table: pd.DataFrame) -> pd.DataFrame:
    """Filler words and punctuation that weigh at least 1.5 times their even share."""
    return table[table["filler"].astype(bool) & (table["share"] >= HEAVY)].reset_index(drop=True)


def is_filler(word: str) -> bool:
    """Whether a word is punctuation or on the list of grammatical words."""
    return word.casefold() in FILLERS or not any(each.isalnum() for each in word)


def _words(result: Attribution) -> list[dict[str, Any]]:
    sizes = np.abs(np.where(result.special, 0, result.scores))
    total, count = sizes.sum(), int((~result.special).sum())
    if not count or total == 0:
        return []
    return [
        {
            "class": result.target,
            "word": result.tokens[place].casefold(),
            "score": float(result.scores[place]),
            "top": bool(place == sizes.argmax()),
            "share": float(sizes[place] / total * count),
        }
        for place in np.flatnonzero(~result.special)
    ]


def lines(text: str, most: int) -> list[str]:
    """The lines of a text that hold something, at most `most` of them."""
    return [line.strip() for line in text.splitlines() if line.strip()][:most]

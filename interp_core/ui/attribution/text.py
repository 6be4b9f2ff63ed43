"""Words for what a picture of attributions shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from interp_core.ui.widgets.markdown import number

if TYPE_CHECKING:
    from interp_core.attribution.erasure import Faithfulness
    from interp_core.attribution.result import Attribution
    from interp_core.inputs.tokens import TokenSequence

LONGEST = 24  # characters of a label, an answer or a word in a title or a description

# Said of units that are not the words of a text with spaces.
_UNITS = {
    "segments": "For text without spaces, a segmenter (BudouX) finds the words.",
    "tokens": "Where no word boundary is known, each token is a unit.",
}
_ONE_WORD = "The text has one word to remove, so its tokens are removed one by one."


def quoted(text: str) -> str:
    """People's words in quotes, cut where they are long."""
    return f"“{text if len(text) <= LONGEST else f'{text[: LONGEST - 1]}…'}”"


def units_said(found: Attribution | Faithfulness, sequence: TokenSequence) -> str:
    """A sentence on what counts as one; empty where that is the words of a text with spaces."""
    if found.units != sequence.units:
        return f"Units: {found.units}. {_ONE_WORD}"
    why = [told for kind, told in _UNITS.items() if kind in found.units]
    return " ".join([f"Units: {found.units}.", *why]) if why else ""


def largest(words: Iterable[str], scores: Iterable[float], count: int = 3) -> str:
    """The words with the largest scores by size: “great” +0.83, “not” -0.41."""
    ranked = sorted(zip(words, scores), key=lambda each: -abs(each[1]))[:count]
    return ", ".join(f"{quoted(word)} {number(score, '+.2f')}" for word, score in ranked)

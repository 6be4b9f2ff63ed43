"""Several explanations as one table: methods side by side, a text before and after an edit."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import pandas as pd

from interp_core.analysis.methods import METHODS
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.analysis.explanation import Attribution


def method_table(found: Sequence[Attribution]) -> pd.DataFrame:
    """One row for each word of a text: word, and the score by each method under its title.

    Special tokens are left out. Raises `BadInput` without an explanation, for explanations of
    different texts, and for two by one method.
    """
    words = [each.by_word() for each in found]
    if not words:
        raise BadInput("Give at least one explanation.")
    titles = [METHODS[each.method].title for each in words]
    if len(set(titles)) < len(titles) or any(each.tokens != words[0].tokens for each in words):
        raise BadInput("Give explanations of one text, each by another method.")
    kept = ~words[0].special
    table = {"word": [word for word, keep in zip(words[0].tokens, kept) if keep]}
    table |= {title: each.scores[kept] for title, each in zip(titles, words)}
    return pd.DataFrame(table)


def edit_table(first: Attribution, second: Attribution) -> pd.DataFrame:
    """The words of a text and of its edit, in order: word, original, edited, difference.

    A word that stands in one of the two only has a score of zero in the other.
    """
    first, second = first.by_word(), second.by_word()
    rows: list[tuple[str, float, float]] = []
    matcher = SequenceMatcher(None, first.tokens, second.tokens, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            both = zip(first.tokens[a:b], first.scores[a:b], second.scores[c:d])
            rows += [(word, before, after) for word, before, after in both]
            continue
        rows += [(first.tokens[i], first.scores[i], 0.0) for i in range(a, b)]
        rows += [(second.tokens[i], 0.0, second.scores[i]) for i in range(c, d)]
    table = pd.DataFrame(rows, columns=["word", "original", "edited"])
    return table.assign(difference=table["edited"] - table["original"])

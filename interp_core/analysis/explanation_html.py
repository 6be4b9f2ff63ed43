"""A text shaded by score, as HTML in which nothing of the text can act."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from interp_core.models.display import SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interp_core.models.tokens import TokenSequence

# Blue and orange of a palette that colour-blind readers tell apart (Okabe & Ito 2008).
POSITIVE, NEGATIVE = "0, 114, 178", "213, 94, 0"
STRONGEST = 0.75  # opacity of the largest score: black text stays readable


def shaded(sequence: TokenSequence, scores: np.ndarray, caption: str) -> str:
    """One `<div>` with a `<span>` for each token."""
    largest = np.abs(scores).max(initial=0.0) or 1.0
    marks = []
    for (gap, shown), token, score in zip(_written(sequence), sequence.tokens, scores):
        title = escape(f"{token}: {score:+.4g}", quote=True)
        style = _style(score / largest)
        marks.append(f'{escape(gap)}<span title="{title}" style="{style}">{escape(shown)}</span>')
    head = f'<div class="attribution" role="figure" aria-label="{escape(caption, quote=True)}" '
    return head + 'style="line-height:2;white-space:pre-wrap">' + "".join(marks) + "</div>"


def _style(share: float) -> str:
    if not np.isfinite(share) or share == 0:
        return "border-bottom:2px solid transparent"
    colour, line = (POSITIVE, "solid") if share > 0 else (NEGATIVE, "dotted")
    opacity = STRONGEST * abs(share)
    return f"background:rgba({colour}, {opacity:.3f});border-bottom:2px {line} rgb({colour})"


def _written(sequence: TokenSequence) -> Iterator[tuple[str, str]]:
    """What stands before each token in its text, and the token as written there."""
    reached: dict[int, int] = {}
    for token, span, segment in zip(sequence.tokens, sequence.offsets, sequence.segments):
        if span is None or segment is None:
            yield " ", f"{token} "
            continue
        text, start = sequence.texts[segment], max(span[0], reached.get(segment, 0))
        gap = text[reached.get(segment, 0) : start]
        shown = text[start : span[1]]
        if not shown and set(token) == {SPACE}:
            gap, shown = "", gap  # a piece that is the space itself
        # Several pieces may share a character (bytes of an emoji): later ones show their name.
        yield gap, shown or token.replace(SPACE, " ")
        reached[segment] = max(span[1], start)

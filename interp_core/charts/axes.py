"""Axis keys for tokens: repeated tokens stay apart, and only the token itself is printed."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

PRINT_TOKEN = "slice(datum.value, indexof(datum.value, '|') + 1)"


def token_keys(tokens: Sequence[str], *, first: int = 0) -> list[str]:
    """`"3|cat"` for the token at place 3: unique, in order, and printable by `token_axis`."""
    return [f"{place}|{token}" for place, token in enumerate(tokens, first)]


def token_axis(*, angle: int = 0, limit: int = 110, orient: str | None = None) -> alt.Axis:
    """An axis that prints the token of each key."""
    placed = {"orient": orient} if orient else {}
    return alt.Axis(
        title=None,
        labelExpr=PRINT_TOKEN,
        labelAngle=angle,
        labelLimit=limit,
        labelOverlap=False,
        ticks=False,
        domain=False,
        grid=False,
        labelPadding=6,
        **placed,
    )

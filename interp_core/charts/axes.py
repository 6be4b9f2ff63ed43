"""Axis keys for tokens: repeated tokens stay apart, and only the token itself is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

PRINT_TOKEN = "slice(datum.value, indexof(datum.value, '|') + 1)"


def largest(values: pd.Series) -> float:
    """The largest size among the values, for a scale: 1 where all are zero or none is a number."""
    sizes = np.abs(values.to_numpy(dtype=float))
    return float(sizes[np.isfinite(sizes)].max(initial=0.0)) or 1.0


def scale_of(values: pd.Series, **options: Any) -> alt.Scale:
    """A scale for the values; from 0 to 1 where none is a number, or Vega would print NaN."""
    return alt.Scale(**({} if values.notna().any() else {"domain": [0, 1]}), **options)


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

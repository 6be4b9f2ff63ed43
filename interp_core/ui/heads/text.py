"""Words for what a picture of heads shows."""

from __future__ import annotations

import pandas as pd

from interp_core.ui.heads.table import name


def extremes(frame: pd.DataFrame, column: str, digits: str = ".3f") -> str:
    """The heads with the highest and the lowest value."""
    known = frame.dropna(subset=[column])
    if not len(known):
        return "no head has a value"
    high, low = (known.loc[row] for row in (known[column].idxmax(), known[column].idxmin()))
    return f"highest {_head(high, column, digits)}, lowest {_head(low, column, digits)}"


def _head(line: pd.Series, column: str, digits: str) -> str:
    return f"{line[column]:{digits}} (head {name(line['layer'], line['head'])})"


def capital(title: str) -> str:
    """The title of a picture: its first letter is a capital, the rest stays as it is."""
    return title[:1].upper() + title[1:]

"""A list of points that deserve a look: how it reads, and what its columns are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors
from interp_core.ui.embedding.question import Drawing

_TWO = st.column_config.NumberColumn(format="%.2f")
COLUMNS = {
    "text": st.column_config.TextColumn(width="medium"),
    "conflict": _TWO,
    "own": st.column_config.NumberColumn("for its own", format="%.2f"),
    "other": st.column_config.NumberColumn("for the other", format="%.2f"),
    "same": st.column_config.NumberColumn("neighbours with its label"),
    "purity": st.column_config.NumberColumn(format="percent"),
    "silhouette": _TWO,
    "factor": _TWO,
    "mean_distance": st.column_config.NumberColumn("mean distance", format="%.4f"),
    "nearest_distance": st.column_config.NumberColumn("nearest distance", format="%.4f"),
    "listed": st.column_config.NumberColumn("lists"),
    "share": st.column_config.NumberColumn("of all points", format="percent"),
    "nobodys": st.column_config.CheckboxColumn("nobody's neighbour"),
}


@dataclass(frozen=True)
class Finding:
    """The chart of all points' figures, and the list, most remarkable first.

    `steps` are the lines of a script that make the same list `table` of `vectors`.
    """

    chart: Any
    table: pd.DataFrame
    steps: tuple[str, ...]


def list_step(columns: list[str]) -> str:
    """The last line of a script: the list of what was `found`."""
    return f"table = ic.point_list(vectors, found, {columns!r})"


@dataclass(frozen=True)
class Drawn:
    """The question, the vectors, the picture and its table; `chart` is None in WebGL.

    `other` is the right-hand side of two; `steps` are the last lines of the script, where they
    depend on more than the view.
    """

    asked: Drawing
    vectors: Vectors
    picture: Projection | None
    chart: Any
    table: pd.DataFrame
    other: Drawing | None = None
    steps: tuple[str, ...] = ()

"""A list of points that deserve a look: how it reads, and what its columns are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from interp_core.analysis.vectors import Vectors
from interp_core.ui.projector import frames

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
    """The chart of all points' figures, and the list, most remarkable first."""

    chart: Any
    table: pd.DataFrame


def readable(vectors: Vectors, table: pd.DataFrame, keep: list[str]) -> pd.DataFrame:
    """The list with the point's number and text first, then its columns."""
    called = frames.names(vectors, 160)
    shown = pd.DataFrame({"point": table["index"], "text": [called[row] for row in table["index"]]})
    kept = [name for name in keep if name in table and name not in shown]
    return pd.concat([shown, table[kept].reset_index(drop=True)], axis=1)

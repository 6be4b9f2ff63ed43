"""Downloads of the head page, and a script that computes its figures again."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.report import adding
from interp_core.ui.widgets import downloads


@dataclass(frozen=True)
class Shown:
    """The question, the pass, the table of the view, the script that makes it, and its chart.

    `figures` is the table of all statistics, with what the view has added to it; `more` names
    further tables that can be downloaded: label, file name, and what makes the table.
    """

    asked: Asked
    state: ic.CorpusState
    table: pd.DataFrame
    script: Callable[[], str]
    chart: Any = None
    figures: pd.DataFrame | None = None
    more: tuple[tuple[str, str, Callable[[], pd.DataFrame]], ...] = ()


def show(shown: Shown, view: str) -> None:
    """Picture, table and all statistics; the script."""
    adding.finish(shown.table, shown.script)
    downloads.section("Download and reproduce", ":material/download:", lambda: _offer(shown, view))


def _offer(shown: Shown, view: str) -> None:
    frame = shown.state.statistics.frame if shown.figures is None else shown.figures
    offers = downloads.usual(shown.chart, shown.table, f"heads_{view}") | {
        "All figures (CSV)": ("head_statistics.csv", "text/csv", lambda: downloads.csv(frame)),
        "All figures (Parquet)": (
            "head_statistics.parquet",
            "application/octet-stream",
            lambda: _parquet(frame),
        ),
    }
    for label, name, make in shown.more:
        offers[label] = (name, "text/csv", lambda make=make: downloads.csv(make()))
    downloads.buttons(offers, key="heads")
    st.code(shown.script(), language="python")
    st.caption("For a large file: `python -m interp_core.corpus MODEL FILE --out stats.parquet`")


def _parquet(frame) -> bytes:  # noqa: ANN001
    target = io.BytesIO()
    frame.to_parquet(target, index=False)
    return target.getvalue()

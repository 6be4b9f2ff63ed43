"""What a view hands on to the downloads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

import interp_core as ic
from interp_core.ui.heads.corpus import Asked


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

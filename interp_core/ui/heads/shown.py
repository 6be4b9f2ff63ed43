"""What a view hands on to the downloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

import interp_core as ic
from interp_core.ui.heads.corpus import Asked


@dataclass(frozen=True)
class Shown:
    """The question, the pass, the table of the view and its chart."""

    asked: Asked
    state: ic.CorpusState
    table: pd.DataFrame
    chart: Any = None

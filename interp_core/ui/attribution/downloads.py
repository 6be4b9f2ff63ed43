"""The numbers as a table, downloads, and a script that computes them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp_core.ui.widgets import downloads


@dataclass(frozen=True)
class Drawn:
    """What a view has drawn: its main chart, the table behind it, and the script that makes it."""

    chart: Any
    table: pd.DataFrame
    script: Callable[[], str]


def show(drawn: Drawn, view: str) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.below(drawn.chart, drawn.table, f"attribution_{view}", drawn.script)

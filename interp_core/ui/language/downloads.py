"""Downloads of the language page, and the script that computes its figures again."""

from __future__ import annotations

from interp_core.ui.language.question import Shown
from interp_core.ui.widgets import downloads


def show(shown: Shown, view: str) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.below(shown.chart, shown.table, f"language_{view}", shown.script)

"""Downloads of the language page, and the script that computes its figures again."""

from __future__ import annotations

from interp_core.ui import downloads
from interp_core.ui.language.asked import Shown


def show(shown: Shown, view: str) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.below(shown.chart, shown.table, f"language_{view}", shown.script)

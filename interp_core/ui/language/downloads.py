"""Downloads of the language page, and a script that computes its figures again."""

from __future__ import annotations

from interp_core.ui import downloads
from interp_core.ui.language.asked import Asked, Shown


def show(shown: Shown, asked: Asked, view: str) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.below(shown.chart, shown.table, f"language_{view}", lambda: script(shown, asked))


def script(shown: Shown, asked: Asked) -> str:
    """Python that computes the same numbers with `interp_core`."""
    lines = ["import interp_core as ic", "", f"model = ic.load_model({asked.model!r})"]
    return "\n".join([*lines, f"text = {asked.text!r}", shown.script])

"""The numbers as a table, downloads, and a script that computes the attribution again."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.ui import downloads
from interp_core.ui.attributions.asked import Asked


def show(chart: Any, table: pd.DataFrame, asked: Asked, view: str) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.below(chart, table, f"attribution_{view}", lambda: script(asked))


def script(asked: Asked) -> str:
    """Python that computes the same attribution with `interp_core`."""
    options = "".join(f", {name}={value!r}" for name, value in asked.options().items())
    call = f"ic.attribute(model, {asked.text!r}{options})"
    if asked.labels:
        call = f"ic.zero_shot(model, {asked.text!r}, {list(asked.labels)!r}{options})"
    return "\n".join(
        [
            "import interp_core as ic",
            "",
            f"model = ic.load_model({asked.model!r})",
            f"attribution = {call}",
            "print(attribution.by_word().to_frame())",
        ]
    )

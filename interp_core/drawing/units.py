"""Maps of layer × head, with a column for MLPs where there are any."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.charts.language import unit_map

NAMED = {
    "induction_score": "induction",
    "previous_token_score": "previous token",
    "duplicate_token_score": "duplicate token",
}


def unit_chart(
    frame: pd.DataFrame, title: str, *, signed: bool = False, chosen: str | None = None
) -> Any:
    """The map of `frame` (layer, unit, value); `chosen` "layer.unit" is framed."""
    return unit_map(marked(frame, chosen), title=title, signed=signed)


def unit_name(layer: int, unit: str | int) -> str:
    """How a head reads in the address: layer.head."""
    return f"{layer}.{unit}"


def marked(frame: pd.DataFrame, chosen: str | None) -> pd.DataFrame:
    """The frame with `chosen` set where layer.unit is the chosen one."""
    names = [unit_name(*pair) for pair in zip(frame["layer"], frame["unit"])]
    return frame.assign(chosen=[name == chosen for name in names])

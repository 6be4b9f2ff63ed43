"""Results as JSON for machines: numbers that are missing or infinite are null."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd


def as_json(told: dict[str, Any]) -> str:
    """The whole as text. Raises `ValueError` where a number is not finite: see `rows`, `number`."""
    return json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as one dictionary for each row."""
    return [
        {name: number(value) for name, value in row.items()} for row in frame.to_dict("records")
    ]


def number(value: Any) -> Any:
    """A value as plain Python; None for NaN and infinity."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value

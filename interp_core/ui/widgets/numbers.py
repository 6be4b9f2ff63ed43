"""Numbers in sentences: what has no value is called undefined, never nan or inf."""

from __future__ import annotations

import math
from typing import Any

UNDEFINED = "undefined"


def number(value: Any, form: str = ".3f", *, missing: str = UNDEFINED) -> str:
    """`value` in this format; `missing` where it is None or no finite number."""
    if value is None or not math.isfinite(value):
        return missing
    told = f"{value:{form}}"
    return told.replace("-", "", 1) if float(told.strip("%+").replace(",", "")) == 0 else told


def share(part: float, whole: float, form: str = ".0%", *, missing: str = UNDEFINED) -> str:
    """The ratio of two numbers; `missing` where the whole is zero, for then it has none."""
    return number(part / whole if whole else None, form, missing=missing)

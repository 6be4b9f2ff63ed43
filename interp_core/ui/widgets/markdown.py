"""People's text and numbers in sentences.

Streamlit's Markdown would fetch images and render icons in people's text: it is shown as text. A
number that has no value is called undefined, never nan or inf.
"""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Markdown that prints `text` literally."""
    return _PUNCTUATION.sub(r"\\\1", re.sub(r"[\r\n]", " ", text))


def message(text: str) -> str:
    """Markdown of one of our sentences: what stands in backticks is code, the rest literal."""
    # An end of line would end the code as well, and what follows would be Markdown.
    parts = re.sub(r"[\r\n]", " ", text).split("`")
    if len(parts) % 2 == 0:
        return plain("`".join(parts))
    return "".join(f"`{part}`" if place % 2 else plain(part) for place, part in enumerate(parts))


UNDEFINED = "undefined"


def number(value: Any, form: str = ".3f", *, missing: str = UNDEFINED) -> str:
    """`value` in this format, with the typographic minus; `missing` where it is not finite."""
    if value is None or not math.isfinite(value):
        return missing
    told = f"{value:{form}}"
    zero = float(told.strip("%+").replace(",", "")) == 0
    return ("" if zero else "−") + told[1:] if told.startswith("-") else told


def share(part: float, whole: float, form: str = ".0%", *, missing: str = UNDEFINED) -> str:
    """The ratio of two numbers; `missing` where the whole is zero, for then it has none."""
    return number(part / whole if whole else None, form, missing=missing)


def percentage(probability: float) -> str:
    """A probability as a percentage, which is not called zero where it is none."""
    return "< 0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"


def counted(count: int, what: str) -> str:
    """A number of things, one of them in the singular: "1 text", "1,200 texts"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def between(value: float, low: float, high: float, form: str = "+.3f") -> str:
    """A figure with its interval, for a table: "+0.103 (−0.092 to +0.271)"."""
    return f"{number(value, form)} ({number(low, form)} to {number(high, form)})"


def dots(true: pd.Series) -> pd.Series:
    """A dot where it is true: a tick box would ask for a click."""
    return true.map({True: "●", False: ""})


def rounded(table: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """The table as it is shown with so many decimals, in which no zero has a minus."""
    floats = table.select_dtypes("float")
    return table.assign(**{name: floats[name].round(digits) + 0.0 for name in floats})

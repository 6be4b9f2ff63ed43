"""Tables for spreadsheets, which must not calculate what people have typed."""

from __future__ import annotations

from typing import Any

import pandas as pd

# What spreadsheets calculate; the wide signs are those of East Asian keyboards.
FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def csv(frame: pd.DataFrame) -> bytes:
    """CSV in UTF-8 with a mark for spreadsheets; texts that read as formulas get an apostrophe."""
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    safe = pd.DataFrame({place: _column(column) for place, column in enumerate(columns)})
    safe.columns = [_harmless(str(name)) for name in frame.columns]
    # With these line ends a carriage return inside a text is quoted, and begins no row.
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def _column(column: pd.Series) -> pd.Series:
    return column if pd.api.types.is_numeric_dtype(column) else column.map(_harmless)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

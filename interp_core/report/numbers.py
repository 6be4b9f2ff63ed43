"""The table behind a picture: what is kept of it, how it is written, whether two are the same."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from interp_core.errors import BadInput

MOST_ROWS = 2_000  # of a table that a report keeps
TOLERANCE = 1e-3  # of a column's largest size; what another processor's rounding may change


def kept(table: pd.DataFrame) -> pd.DataFrame:
    """The first rows with plain values, which any file format holds."""
    return _plain(table.head(MOST_ROWS).reset_index(drop=True))


def written(table: pd.DataFrame) -> str:
    """The table as JSON; numbers keep all their digits."""
    return _plain(table).to_json(orient="split", double_precision=15, index=False)


def read(text: str) -> pd.DataFrame:
    """The table of a JSON text that `written` made. Raises `BadInput` for any other text."""
    try:
        return pd.read_json(io.StringIO(text), orient="split", dtype=False, convert_dates=False)
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        raise BadInput("This table was not written by a Clearhead report.") from None


def check_against(table: pd.DataFrame, recorded: str) -> str:
    """Compare a table with the one that a report recorded.

    `recorded` is the JSON of `written`. Returns a sentence with the largest difference. Raises
    `BadInput` where columns, texts or the number of rows differ, or a number differs by more than
    a thousandth of its column's largest.
    """
    wanted = read(recorded)
    found = _plain(table.head(len(wanted)).reset_index(drop=True))
    if list(map(str, found.columns)) != list(map(str, wanted.columns)):
        raise BadInput(
            f"The columns are {', '.join(map(str, found.columns))}; recorded were "
            f"{', '.join(map(str, wanted.columns))}."
        )
    if len(found) != len(wanted):
        raise BadInput(f"There are {len(found):,} rows; recorded were {len(wanted):,}.")
    found, wanted = _ordered(found, wanted)
    parts = [
        _difference(str(name), found.iloc[:, place], wanted.iloc[:, place])
        for place, name in enumerate(found.columns)
    ]
    worst = max(parts, default=0.0)
    return f"{len(wanted):,} rows are as recorded; the largest difference is {worst:.1g}."


def _ordered(found: pd.DataFrame, wanted: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both in the order of their names: rounding may swap rows that were sorted by a number."""
    by = [
        place
        for place in range(wanted.shape[1])
        if "f" not in (found.iloc[:, place].dtype.kind, wanted.iloc[:, place].dtype.kind)
    ]
    if not by:
        return found, wanted
    orders = [
        each.iloc[:, by].astype(str).set_axis(by, axis=1).sort_values(by, kind="stable").index
        for each in (found, wanted)
    ]
    return found.loc[orders[0]].reset_index(drop=True), wanted.loc[orders[1]].reset_index(drop=True)


def _difference(name: str, found: pd.Series, wanted: pd.Series) -> float:
    if not (_is_number(found) and _is_number(wanted)):
        same = (found.isna() & wanted.isna()) | (found.astype(str) == wanted.astype(str))
        if not same.all():
            place = int(np.argmin(same.to_numpy()))
            raise BadInput(
                f"Row {place + 1} of “{name}” is {found[place]!r}; recorded was {wanted[place]!r}."
            )
        return 0.0
    one, two = (np.asarray(each, dtype=float) for each in (found, wanted))
    if not np.array_equal(np.isnan(one), np.isnan(two)):
        raise BadInput(f"“{name}” has numbers missing in other rows than recorded.")
    apart = np.nan_to_num(np.abs(one - two))
    largest = float(np.nan_to_num(np.abs(two)).max(initial=0.0))
    worst = float(apart.max(initial=0.0))
    if worst > TOLERANCE * max(largest, 1e-9):
        raise BadInput(f"“{name}” differs by up to {worst:.3g} (its largest is {largest:.3g}).")
    return worst


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) or bool(column.isna().all())


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers, truth values and texts; anything else as the text that it prints."""
    columns = [_column(table.iloc[:, place]) for place in range(table.shape[1])]
    result = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=table.index)
    result.columns = [str(name) for name in table.columns]
    return result


def _column(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        numbers = column.astype(float) if str(column.dtype).startswith(("Int", "Float")) else column
        # JSON knows no infinity: it would come back as a missing number.
        return numbers.replace([np.inf, -np.inf], np.nan) if numbers.dtype.kind == "f" else numbers
    return column.map(lambda value: None if pd.isna(value) is True else str(value)).astype(object)

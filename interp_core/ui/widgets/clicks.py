"""What was clicked or boxed in a chart, a table or a WebGL picture: the one reader of their events.

An event may come from another chart or view: one that was drawn under the same key before, for
another model, text or statistic, or by somebody who writes to the server by hand. What does not
have the fields of this chart, with values that this chart shows, is ignored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from typing import Any

import pandas as pd
import streamlit as st


def mark(key: str, param: str, **fields: Container) -> tuple | None:
    """The values of `fields` of the mark that was clicked in the chart `key`, or None.

    `fields` says for each field of the selection `param` which values this chart shows. Whole
    numbers come as int, whether the browser sent 3 or 3.0.
    """
    hits = _selection(key).get(param)
    if not isinstance(hits, list) or not hits or not isinstance(hits[0], Mapping):
        return None
    values = tuple(_plain(hits[0].get(name)) for name in fields)
    known = all(
        value is not None and value in shown for value, shown in zip(values, fields.values())
    )
    return values if known else None


def names(key: str, param: str, field: str, shown: Container) -> list[str]:
    """The names of `field` that were dragged across in the chart `key`, those that it shows."""
    given = _selection(key).get(param)
    found = given.get(field) if isinstance(given, Mapping) else None
    return [each for each in found if each in shown] if isinstance(found, list) else []


def box(key: str, param: str, *fields: str) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each field in the box of the chart `key`; empty without one."""
    return ranges(_selection(key).get(param), *fields)


def ranges(given: Any, *fields: str) -> dict[str, tuple[float, float]]:
    """The finite ranges of these fields; empty where one of them is missing."""
    if not isinstance(given, Mapping):
        return {}
    found = {}
    for name in fields:
        ends = given.get(name)
        if not isinstance(ends, list | tuple) or len(ends) < 2 or not all(map(_finite, ends)):
            return {}
        found[name] = (float(min(ends)), float(max(ends)))
    return found


def to_address(name: str, found: Mapping[str, tuple[float, float]]) -> None:
    """Keep a box in the address, so that a link opens with it; without one, take it out."""
    if found:
        parts = (f"{field} {low:.5g} {high:.5g}" for field, (low, high) in found.items())
        st.query_params[name] = " ".join(parts)
    elif name in st.query_params:
        del st.query_params[name]


def from_address(name: str, *fields: str) -> dict[str, tuple[float, float]]:
    """The box of these fields that the address holds; empty without one."""
    parts = st.query_params.get(name, "").split()
    if tuple(parts[::3]) != fields or len(parts) != 3 * len(fields):
        return {}
    try:
        ends = [(float(low), float(high)) for low, high in zip(parts[1::3], parts[2::3])]
    except ValueError:
        return {}
    return ranges(dict(zip(fields, ends)), *fields)


def place(key: str, layer: str, count: int) -> int | None:
    """Which of the `count` marks of a WebGL layer was clicked, or None."""
    indices = _selection(key).get("indices")
    hits = indices.get(layer) if isinstance(indices, Mapping) else None
    return _one_of(hits, count)


def table(
    frame: pd.DataFrame,
    *,
    key: str,
    on_row: Callable[[int], None] | None = None,
    **more: Any,
) -> int | None:
    """A table of which one row can be chosen: the place of the row that is, or None.

    `on_row` is called with it as soon as it is. Under one key Streamlit keeps the number of a
    chosen row, whatever the rows become; so a table with other rows has a key of its own.
    """
    name = f"{key}_{_fingerprint(frame):x}"

    def selected() -> None:
        place = row(name, len(frame))
        if place is not None:
            on_row(place)

    st.dataframe(
        frame,
        hide_index=True,
        key=name,
        on_select=selected if on_row else "rerun",
        selection_mode="single-row",
        placeholder="–",
        **more,
    )
    return row(name, len(frame))


def _fingerprint(frame: pd.DataFrame) -> int:
    """A hash of columns, index and cells; it is taken in every run, so 10,000 rows in a few ms."""
    # Cells of the type object may be lists, which have no hash of their own.
    mixed = {name: str for name, dtype in frame.dtypes.items() if dtype.kind == "O"}
    return hash((*frame.columns, *pd.util.hash_pandas_object(frame.astype(mixed))))


def row(key: str, count: int) -> int | None:
    """Which of the `count` rows of a table was chosen, or None."""
    return _one_of(_selection(key).get("rows"), count)


def _selection(key: str) -> Mapping:
    state = st.session_state.get(key)
    found = state.get("selection") if isinstance(state, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _one_of(hits: Any, count: int) -> int | None:
    first = _plain(hits[0]) if isinstance(hits, list | tuple) and hits else None
    return first if isinstance(first, int) and 0 <= first < count else None


def _plain(value: Any) -> Any:
    """Strings and numbers as they are, whole numbers as int; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _finite(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)

"""Charts without Altair's checks: most of the time of a page that is drawn again.

The tests build every chart with them. Streamlit converts one chart at a time in the whole process,
so what a chart costs is a wait for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import altair as alt
from altair.utils import schemapi

_Converter = schemapi._FromDict
_copied = schemapi._deep_copy

VALUES = {schemapi.UndefinedType, str, bool, int, float, type(None)}


@lru_cache(maxsize=4)
def _converter(classes: tuple[type, ...]) -> schemapi._FromDict:
    return _Converter(classes)


def apply() -> None:
    """Check no part of a chart when it is made, and keep the table of its parts.

    For each colour or size with a condition, Altair would hash all six hundred of its classes, and
    nine in ten parts that it copies are the mark of an option that was not given.
    """
    schemapi.disable_debug_mode()
    schemapi._FromDict = lambda classes: _converter(tuple(classes))
    schemapi._deep_copy = _copy


def _copy(part: Any, by_ref: set[str]) -> Any:
    """What Altair copies, one by one, but never what is nothing but a value."""
    return part if type(part) in VALUES else _copied(part, by_ref)


@contextmanager
def unchecked(chart: alt.TopLevelMixin) -> Iterator[None]:
    """Inside, what the chart is sent as is not checked against Vega-Lite's schema."""
    # Altair keeps attributes as parts of the chart; this one is none. It goes again, or chart and
    # data would stay in memory until the next collection.
    object.__setattr__(chart, "to_dict", partial(type(chart).to_dict, chart, validate=False))
    try:
        yield
    finally:
        object.__delattr__(chart, "to_dict")
